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


def test_the_role_of_the_tests_is_no_superuser() -> None:
    assert not [each for each in run_checks(databases=["default"]) if each.id == "kulla.E001"]
