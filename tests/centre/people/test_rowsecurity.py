"""The wall in PostgreSQL stands on every table of a zone."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import connection

from kulla.centre.people import rowsecurity

pytestmark = pytest.mark.django_db


def test_every_table_of_a_zone_is_walled() -> None:
    assert {"alerts_alert", "cases_case"} <= set(rowsecurity.tables())
    if connection.vendor != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relrowsecurity AND relforcerowsecurity AND polname = 'kulla_zone'"
        )
        assert {row[0] for row in cursor.fetchall()} == set(rowsecurity.tables())


@pytest.mark.parametrize(
    "breach",
    [
        "ALTER TABLE cases_case NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE cases_case DISABLE ROW LEVEL SECURITY",
        "DROP POLICY kulla_zone ON cases_case",
        "CREATE POLICY other ON cases_case USING (true)",
        "ALTER POLICY kulla_zone ON cases_case USING (true) WITH CHECK (true)",
        (
            "ALTER POLICY kulla_zone ON cases_case USING (zone = ANY (string_to_array(current_setting('kulla.zones',"
            " true), ',')) OR zone = 'civil')"
        ),
    ],
)
def test_a_wall_that_was_opened_is_found_and_put_up_again(breach: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    assert rowsecurity.breached() == []
    with connection.cursor() as cursor:
        cursor.execute(breach)
    assert rowsecurity.breached() == ["cases_case"]
    rowsecurity.enforce()
    assert rowsecurity.breached() == []


def test_the_role_of_the_tests_is_no_superuser() -> None:
    assert not [each for each in run_checks(databases=["default"]) if each.id == "kulla.E001"]
