"""What the worker does for the database."""

from __future__ import annotations

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.db import connection

from kulla.centre.alerts.upsert import upsert
from kulla.centre.folder import Centre
from kulla.centre.site.jobs import analyse
from kulla.centre.worker.errands import of_apps

pytestmark = pytest.mark.django_db


def test_sqlite_knows_its_indexes(people: Cast, here: Centre) -> None:
    assert analyse in [each.run for each in of_apps()]
    upsert([incoming(window=str(number)) for number in range(20)])
    analyse(here)
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT idx FROM sqlite_stat1 WHERE tbl = 'alerts_alert'")
        assert "alerts_made" in {row[0] for row in cursor.fetchall()}
