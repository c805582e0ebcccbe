"""Sources of registers: a live PostgreSQL."""
