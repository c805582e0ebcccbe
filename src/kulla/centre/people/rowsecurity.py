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
_SEEN = (
    r"^\(\(?zone\)?(::text)? = ANY \(string_to_array\(current_setting\('kulla\.zones'::text, true\), ','::text\)\)\)$"
)
"""How PostgreSQL tells the policy's expression again."""


def tables() -> list[str]:
    """Every table that holds rows of a zone."""
    return sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, Zoned))


def enforce(using: str = "default", **_: Any) -> None:
    """Put the wall up, in place of whatever stands there; called after every migration. On SQLite there is none."""
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
            cursor.execute("SELECT polname FROM pg_policy WHERE polrelid = %s::regclass", [name])
            for (policy,) in cursor.fetchall():
                cursor.execute(f"DROP POLICY {connection.ops.quote_name(policy)} ON {name}")
            cursor.execute(f"CREATE POLICY {POLICY} ON {name} USING ({seen}) WITH CHECK ({seen})")


def breached(using: str = "default") -> list[str]:
    """The tables of zones whose wall is not the one that `enforce` puts up, such as after a restore from elsewhere: not
    forced, without the policy, or with another one beside it, which would open what this one shuts."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relrowsecurity AND relforcerowsecurity, array_agg(polname::text), bool_and(polcmd = '*'"
            " AND polroles = '{0}' AND pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid)"
            " AND pg_get_expr(polqual, polrelid) ~ %s)"
            " FROM pg_class LEFT JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relnamespace = current_schema()::regnamespace GROUP BY 1, 2",
            [_SEEN],
        )
        found = {name: (forced, policies, plain) for name, forced, policies, plain in cursor.fetchall()}
    return [name for name in tables() if found.get(name) != (True, [POLICY], True)]


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
