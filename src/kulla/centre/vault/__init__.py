"""What must not be lost or altered: the centre's keys, its evidence store, custody, sealed exports, backups."""
