"""Alerts from the worker: made once, grown, never moved in triage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from centrealerts import NOW, incoming
from centrecast import Cast
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kulla.centre.alerts.groups import key_of
from kulla.centre.alerts.models import Alert, AlertGroup
from kulla.centre.alerts.upsert import DELIVERIES, upsert
from kulla.errors import InputError
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db


def test_the_same_chunk_twice_changes_nothing(people: Cast) -> None:
    alerts = [incoming(window=str(number), events=3) for number in range(4)]
    first = upsert(alerts, "a:0")
    before = list(Alert.objects.order_by("pk").values()), list(AlertGroup.objects.values())
    again = upsert(alerts, "a:0", NOW)
    assert (len(first.made), first.same, again.made, again.grown, again.same) == (4, 0, (), (), 4)
    groups = [{**row, "changed": None} for row in AlertGroup.objects.values()]
    assert list(Alert.objects.order_by("pk").values()) == before[0]
    assert groups == [{**row, "changed": None} for row in before[1]]


def test_events_of_each_delivery_are_added_once(people: Cast) -> None:
    for delivery in ("a:0", "a:1", "a:0", "b:0"):
        upsert([incoming(events=5)], delivery)
    row = Alert.objects.get()
    assert (row.events, row.deliveries) == (15, ["a:0", "a:1", "b:0"])
    for number in range(DELIVERIES + 1):
        upsert([incoming(events=1)], f"c:{number}")
    row.refresh_from_db()
    assert (row.events, len(row.deliveries)) == (15 + DELIVERIES + 1, DELIVERIES)


def test_without_a_delivery_the_total_stands(people: Cast) -> None:
    for events in (5, 9, 7):
        upsert([incoming(events=events)])
    assert Alert.objects.get().events == 9


def test_several_of_one_id_in_one_delivery_are_one(people: Cast) -> None:
    upsert([incoming(events=2), incoming(events=3, at=NOW - timedelta(hours=1))], "a:0")
    row = Alert.objects.get()
    assert (row.events, row.first, row.last) == (5, NOW - timedelta(hours=1), NOW + timedelta(minutes=1))


def test_triage_stays_and_growth_is_told(people: Cast) -> None:
    upsert([incoming()], "a:0")
    Alert.objects.update(status="closed", reason="false", assignee=people["analyst-civil"])
    counts = upsert([incoming(at=NOW + timedelta(hours=1))], "a:1", NOW)
    row = Alert.objects.get()
    assert (row.status, row.reason, row.assignee, row.grown) == ("closed", "false", people["analyst-civil"], NOW)
    assert (counts.grown, row.last) == ((row.uid,), NOW + timedelta(hours=1, minutes=1))


def test_marks_only_become_stricter(people: Cast) -> None:
    upsert([incoming(marks=Marks("RED", "GREEN", ("ally",)))])
    upsert([incoming(marks=Marks("GREEN", "AMBER")), incoming(window="2", marks=Marks("GREEN", "RED", caveats=("x",)))])
    row, group = Alert.objects.earliest("pk"), AlertGroup.objects.get()
    assert row.marks == Marks("RED", "AMBER", ("ally",))
    assert group.marks == Marks("RED", "RED", ("ally",), ("x",))


@pytest.mark.parametrize(
    "wrong", [{"constituent": "nowhere", "zone": "civil"}, {"constituent": "tax", "zone": "joint"}]
)
def test_an_unknown_place_stores_nothing(people: Cast, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        upsert([incoming("health"), incoming(**wrong)])
    assert not Alert.objects.exists()
    assert not AlertGroup.objects.exists()


def test_a_group_never_crosses_a_constituent(people: Cast) -> None:
    upsert([incoming("tax"), incoming("health"), incoming("navy"), incoming("", window="z")])
    assert AlertGroup.objects.count() == 4
    assert key_of("a", "b", "c", "d", "HOST", "x") == key_of("a", "b", "c", "d", "host", "X")
    assert key_of("a", "bc", "", "", "", "") != key_of("ab", "c", "", "", "", "")


_one = st.tuples(st.sampled_from(["tax", "health"]), st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 3))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_one, max_size=6), max_size=4))
def test_groups_say_what_their_alerts_say(people: Cast, deliveries: list[list[tuple[str, str, str, int]]]) -> None:
    Alert.objects.all().delete()
    AlertGroup.objects.all().delete()
    for number, delivery in enumerate(deliveries):
        upsert([incoming(p, r, h, window=str(w), events=2) for p, r, h, w in delivery], f"d:{number}")
    assert {g.key for g in AlertGroup.objects.all()} == {a.group for a in Alert.objects.all()}
    for group in AlertGroup.objects.all():
        rows = Alert.objects.filter(group=group.key)
        assert (group.count, group.events) == (rows.count(), rows.aggregate(n=Sum("events"))["n"])
        assert (group.first, group.last) == (rows.earliest("first").first, rows.latest("last").last)
        assert {(group.zone, group.constituent_id)} == set(rows.values_list("zone", "constituent_id"))
