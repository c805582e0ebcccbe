"""Making a centre: folder, keys, certificate, database, and the one person who lets the others in."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kulla.centre import folder
from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import Centre
from kulla.centre.running import certificate, serving
from kulla.centre.vault import keyring
from kulla.errors import ConfigError, UsageError
from kulla.registers.keyfile import KeyFile


@dataclass(frozen=True, slots=True)
class Founded:
    """A centre that stands. `link` sets the first administrator's password, once; `fingerprint` is the self-signed
    certificate's, empty when the certificate is another's."""

    centre: Centre
    administrator: str
    link: str
    fingerprint: str


def found(
    path: Path, keys: Path, told: CentreToml, administrator: str, now: datetime, registers: KeyFile | None = None
) -> Founded:  # fmt: skip
    """Make a centre, or finish one whose making was cut short. Once in a process: it becomes one of the centre's.

    Args:
        path, keys: as for `folder.create`.
        told: its values. `database` follows DATABASE_URL, whose address is kept among the keys.
        administrator: the first one's user name.
        registers: the centre's part of registers' keys, when registers were received here before; see `folder.create`.

    Raises UsageError when it is a centre already, ConfigError, OutputError.
    """
    if told.tls == "files":
        certificate.check(Path(told.tls_cert), Path(told.tls_key))
    centre = _folder(path, keys, told, now, registers)
    told, fingerprint = centre.told, ""
    if told.tls == "self-signed":
        fingerprint = own(centre, now).fingerprint
    serving.set_up(centre)
    _database(centre)
    token = _first(centre, administrator)
    return Founded(centre, administrator, f"{address(told)}/welcome/{token}", fingerprint)


def own(centre: Centre, now: datetime) -> certificate.Told:
    """The certificate that a centre signed for itself, made if there is none."""
    paths = centre.keys.folder / certificate.CERTIFICATE, centre.keys.folder / certificate.KEY
    return (
        certificate.check(*paths) if paths[0].exists() else certificate.make(centre.keys.folder, centre.told.host, now)
    )


def address(told: CentreToml) -> str:
    """The console's address, as people type it.

    >>> address(CentreToml("Qendra", "kulla.example.al", listen="0.0.0.0:443"))
    'https://kulla.example.al'
    """
    scheme, usual = ("http", "80") if told.tls == "none" else ("https", "443")
    port = "443" if told.tls == "proxy" else told.listen.rpartition(":")[2]
    return f"{scheme}://{told.host}" + ("" if port == usual else f":{port}")


def _folder(path: Path, keys: Path, told: CentreToml, now: datetime, registers: KeyFile | None) -> Centre:
    """A new centre's folder; or that of one which has nobody in it yet."""
    if (path / folder.TOML).exists() and folder.told_in(path.resolve()).version:
        return folder.opened(path, keys)
    url = os.environ.get("DATABASE_URL", "")
    if url and told.database == "sqlite":
        raise ConfigError("DATABASE_URL: must be the address of PostgreSQL: postgresql://user:password@host/name")
    centre = folder.create(path, keys, told, now, registers)
    if url:
        keyring.write(keys.resolve() / keyring.DATABASE, url.encode() + b"\n")
    return centre


def _database(centre: Centre) -> None:
    """Its tables, and the refusal of a role that PostgreSQL's wall between zones does not bind."""
    from django.core.management import call_command
    from django.db import DatabaseError, connection

    try:
        connection.ensure_connection()
    except DatabaseError:
        raise ConfigError(
            "the database does not answer; see the address in DATABASE_URL, then run this again"
        ) from None
    for problem in serving.unwalled():
        raise ConfigError(problem)
    call_command("migrate", interactive=False, verbosity=0, stdout=io.StringIO())
    call_command("createcachetable", verbosity=0, stdout=io.StringIO())
    if centre.database.exists():
        centre.database.chmod(0o600)


def _first(centre: Centre, name: str) -> str:
    """The first administrator, of every zone; the token of their link."""
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from kulla.centre.audit.chain import record
    from kulla.centre.people import actions, door
    from kulla.centre.people.models import Membership, User
    from kulla.centre.people.zones import Role, Zone

    if User.objects.exists():
        raise UsageError(f"{centre.path}: is a centre already; kulla run {centre.path}")
    user = User(username=name, is_active=True)
    user.set_unusable_password()
    with door.zones(door.ALL_ZONES), transaction.atomic():
        try:
            user.full_clean(exclude=["password"])
        except ValidationError:
            raise UsageError(f"--admin {name}: a user's name has letters, digits and @ . + - _ only") from None
        user.save()
        record(None, "people.add", user, active=True)
        for zone in Zone.values:
            actions.grant(None, Membership(user=user, role=Role.ADMINISTRATOR, zone=zone))
        return actions.invite(None, user)
