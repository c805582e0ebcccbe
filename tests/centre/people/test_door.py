"""The door: who sees which row, on both databases."""

from __future__ import annotations

import itertools

import pytest
from centrecast import Cast, everywhere
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.http import Http404

from kulla.centre.alerts.models import Alert
from kulla.centre.people import door
from kulla.centre.people.zones import VERBS, Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def alerts(people: Cast) -> dict[str, Alert]:
    """An alert for each constituent, and one for the civil zone as a whole."""
    made = {}
    for name, place in people.places.items():
        made[name] = Alert.objects.create(uid=name, title=name, zone=place.zone, constituent=place, group=name)
    made["whole"] = Alert.objects.create(uid="whole", title="whole", zone="civil", group="whole")
    return made


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("analyst-civil", {"tax", "health", "whole"}),
        ("analyst-tax", {"tax"}),
        ("analyst-military", {"navy"}),
        ("analyst-joint", {"border"}),
        ("liaison-civil", {"tax", "health", "whole"}),
        ("owner-tax", set()),
        ("auditor-civil", set()),
        ("administrator-civil", set()),
        ("nobody", set()),
        ("everything", {"tax", "health", "whole", "navy", "border"}),
    ],
)
def test_each_sees_their_own(people: Cast, alerts: dict[str, Alert], who: str, seen: set[str]) -> None:
    assert {row.uid for row in door.visible(people[who], Alert.objects.all())} == seen


def test_hidden_and_missing_are_the_same(people: Cast, alerts: dict[str, Alert]) -> None:
    for wanted in ({"pk": alerts["navy"].pk}, {"pk": 0}):
        with pytest.raises(Http404):
            door.one(people["analyst-civil"], Alert.objects.all(), **wanted)


def test_nobody_sees_findings_about_themselves(people: Cast, alerts: dict[str, Alert]) -> None:
    analyst = people["analyst-civil"]
    analyst.register_account = "A.Hoxha"
    Alert.objects.filter(uid="tax").update(account="a.hoxha")
    assert {row.uid for row in door.visible(analyst, Alert.objects.all())} == {"health", "whole"}


def test_who_is_closed_sees_nothing(people: Cast, alerts: dict[str, Alert]) -> None:
    analyst = people["analyst-civil"]
    analyst.is_active = False
    assert not door.visible(analyst, Alert.objects.all()).exists()


def test_flags_of_django_open_nothing(people: Cast, alerts: dict[str, Alert]) -> None:
    nobody = people["nobody"]
    nobody.is_superuser = nobody.is_staff = True
    nobody.save()
    assert not door.visible(nobody, Alert.objects.all()).exists()


def test_every_verb_is_somebodys_and_nothing_more() -> None:
    assert set(itertools.chain.from_iterable(VERBS.values())) == set(Role)


def test_the_database_keeps_zones_apart_by_itself(alerts: dict[str, Alert]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("row-level security is PostgreSQL's")
    with door.zones(frozenset({"civil"})), connection.cursor() as cursor:
        cursor.execute("SELECT uid FROM alerts_alert")
        assert {row[0] for row in cursor.fetchall()} == {"tax", "health", "whole"}
        cursor.execute("UPDATE alerts_alert SET title = 'x' WHERE uid = 'navy'")
        assert cursor.rowcount == 0
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("UPDATE alerts_alert SET zone = 'military' WHERE uid = 'tax'")
    with door.zones(frozenset()), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM alerts_alert")
        assert cursor.fetchone()[0] == 0
    with everywhere(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM alerts_alert")
        assert cursor.fetchone()[0] == 5
