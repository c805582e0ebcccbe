"""A legal hold lists what it keeps, and counts what retention would keep by it: on a real lake."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from apicaller import Caller
from centrecast import Cast
from django.test import Client
from django.utils import timezone
from lakes import table

from kulla.centre.alerts import reading
from kulla.centre.alerts.models import Alert
from kulla.centre.audit.models import Entry
from kulla.centre.cases.actions import open_case
from kulla.centre.cases.actions.holds import ask_to_lift, lift, place_hold
from kulla.centre.cases.models import Case, Hold
from kulla.centre.evidence.actions import take_in
from kulla.centre.folder import Centre
from kulla.centre.worker import holding
from kulla.centre.worker.retaining import drop, policy
from kulla.errors import InputError
from kulla.lake import Held, Lake, Policy

pytestmark = pytest.mark.django_db
FIELDS = {"source": "police", "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3", "tool": "dd 9"}


@pytest.fixture
def lake(here: Centre, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr(reading, "_lakes", reading._Lakes())
    monkeypatch.setattr(holding, "policy", lambda centre: Policy(30))
    opened = reading.lake()
    assert opened is not None
    yield opened
    opened.close()


@pytest.fixture
def hold(people: Cast, lake: Lake) -> Hold:
    """Of a case with an item and an alert of one old event; its span has two more old events and a new one."""
    officer, now = people["officer-civil"], timezone.now()
    old = now - timedelta(days=50)
    for number, place in enumerate(("tax", "health")):
        rows = table(
            [{"time": old, "raw": f"alerted {place}"}, {"time": old, "raw": "marked"}, {"time": old, "raw": "other"},
             {"time": now, "raw": "marked"}, {"time": old - timedelta(days=9), "raw": "marked older"}],
            place, ingest=now,
        )  # fmt: skip
        lake.append(rows, f"{number:064x}", 0)
        if place == "tax":
            alerted = rows["event_id"][0].as_py().hex()
    alert = Alert.objects.create(
        uid="a", title="=HYPERLINK(1)", group="a", zone="civil", constituent=people.places["tax"], first=old, last=old,
        evidence=[{"kind": "event", "id": alerted}],
    )  # fmt: skip
    case = open_case(officer, "case", "civil", people.places["tax"], alerts=[alert])
    take_in(officer, case, "@list.csv", [b"x"], FIELDS)
    return place_hold(officer, case, "order", old - timedelta(days=10), None, "marked")


def test_events_are_counted_for_a_token_that_may_search(people: Cast, hold: Hold) -> None:
    """Else its bearer would search with holds: place one with a query, and read how many events meet it."""
    at = f"/cases/{hold.case.number}/holds/{hold.uid}/held"
    scopes = ("alerts", "cases", "evidence")
    told = [Caller(people["officer-civil"], *scopes, *more).get(at).json() for more in ((), ("events",))]
    assert [each["events"] for each in told] == [None, 4]
    assert [(each["files"], each["due"]) for each in told] == [(None, None), (3, 3)]


def test_that_a_sensitive_case_s_events_were_counted_is_kept(
    people: Cast, hold: Hold, enter: Callable[[str], Client]
) -> None:
    Case.objects.filter(pk=hold.case_id).update(tlp="AMBER+STRICT")
    officer = enter("officer-civil")
    for at in ("", "events", "held.csv"):
        before = Entry.objects.filter(action="cases.read").count()
        officer.get(f"/worker/holds/{hold.uid}/{at}")
        assert Entry.objects.filter(action="cases.read").count() == before + 1, at


def test_a_lake_that_cannot_be_read_is_told_in_the_listing(
    people: Cast, hold: Hold, enter: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise InputError("lake/x.parquet: cannot be read")

    monkeypatch.setattr(holding, "events", broken)
    answer = enter("officer-civil").get(f"/worker/holds/{hold.uid}/held.csv", follow=True)
    assert answer.status_code == 200
    assert b"cannot be read" in answer.content


def test_it_counts_what_retention_keeps(people: Cast, hold: Hold, lake: Lake) -> None:
    told = holding.events(people["officer-civil"], hold)
    assert told == Held(events=4, files=3, due=3)
    done = drop(lake, Policy(30))
    assert sum(sum(each.held.values()) for each in done.fates) == told.due
    assert holding.events(people["officer-civil"], hold) == told
    assert holding.events(people["analyst-tax"], hold) == told
    for who in ("liaison-civil", "officer-military"):
        assert holding.events(people[who], hold) is None  # who may search no events of it
    ask_to_lift(people["officer-civil"], hold, "over")
    lift(people["director-civil"], hold)
    hold.refresh_from_db()
    assert holding.events(people["officer-civil"], hold) == Held(0, 0, 0)
    assert not holding.kept(people["officer-civil"], hold).items.exists()


def test_without_a_policy_nothing_is_due(
    people: Cast, hold: Hold, here: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(holding, "policy", policy)
    assert policy(replace(here, told=replace(here.told, more={}))) is None
    assert holding.events(people["officer-civil"], hold) == Held(4, 3, 0)


def test_the_pages(people: Cast, hold: Hold, enter: Callable[[str], Client]) -> None:
    client, at = enter("officer-civil"), f"/worker/holds/{hold.uid}/"
    item = hold.case.items.get()
    assert at in client.get(f"/cases/{hold.case.number}/").content.decode()
    page = client.get(at).content.decode()
    for each in (item.number, item.sha256, "/alerts/a", "<code>marked</code>"):
        assert each in page
    assert "4 events in 3 files" in (counted := client.get(f"{at}events").content.decode())
    assert "3 of them would be dropped today" in counted
    answer = client.get(f"{at}held.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert [(row["kind"], row["id"], row["name"]) for row in rows] == [
        ("item", item.number, "'@list.csv"), ("alert", "a", "'=HYPERLINK(1)"), ("events", "", "marked"),
    ]  # fmt: skip
    assert rows[0]["sha256"] == item.sha256
    assert (rows[2]["events"], rows[2]["files"], rows[2]["due"]) == ("4", "3", "3")
    assert Entry.objects.get(action="cases.hold-export").detail["lines"] == 3
    assert "1 that you do not see" in enter("analyst-civil").get(at).content.decode()
    assert "not counted for you" in enter("liaison-civil").get(f"{at}events").content.decode()
    Case.objects.update(tlp="RED")
    for who in ("officer-military", "nobody", "director-civil"):
        for part in ("", "events", "held.csv"):
            assert enter(who).get(f"{at}{part}").status_code == 404, (who, part)


def test_through_the_api(people: Cast, hold: Hold) -> None:
    at = f"/cases/{hold.case.number}/holds/{hold.uid}/held"
    told = Caller(people["officer-civil"], "alerts", "cases", "evidence", "events").get(at).json()
    assert (told["events"], told["files"], told["due"], told["alerts"]) == (4, 3, 3, ["a"])
    assert [each["number"] for each in told["items"]] == [hold.case.items.get().number]
    liaison = Caller(people["liaison-civil"], "alerts", "cases", "evidence", "events").get(at).json()
    assert (liaison["items"], liaison["hidden_items"], liaison["events"]) == ([], 1, None)
    assert Caller(people["officer-civil"], "cases").get(at).status_code == 403
    assert Caller(people["officer-military"], "alerts", "cases", "evidence").get(at).status_code == 404
