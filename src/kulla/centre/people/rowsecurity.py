"""PostgreSQL's own wall between zones: row-level security on every table that belongs to a zone.

Forced, so that it binds the tables' owner, which the console connects as; a superuser would pass, and is refused by a
check. The policy reads the session's `kulla.zones`; unset, no row is seen and none can be written.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from kulla.centre.people.models import Zoned

POLICY = "kulla_zone"


def tables() -> list[str]:
    """Every table that holds rows of a zone."""
    return sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, Zoned))


def enforce(using: str = "default", **_: Any) -> None:
    """Put the wall up where it is missing; called after every migration. On SQLite there is none."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        for table in filter(there.__contains__, tables()):
            name = connection.ops.quote_name(table)
            seen = "zone = ANY (string_to_array(current_setting('kulla.zones', true), ','))"
            cursor.execute(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
            cursor.execute(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
            cursor.execute(f"DROP POLICY IF EXISTS {POLICY} ON {name}")
            cursor.execute(f"CREATE POLICY {POLICY} ON {name} USING ({seen}) WITH CHECK ({seen})")


@register(Tags.database)
def no_superuser(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """A superuser, or a role with BYPASSRLS, would walk through the wall."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
                if cursor.fetchone()[0]:
                    hint = "Give DATABASE_URL a role made with NOSUPERUSER NOBYPASSRLS that owns the database."
                    found.append(Error("PostgreSQL's role passes row-level security.", hint=hint, id="kulla.E001"))
    return found
