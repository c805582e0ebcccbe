"""Alerts kept as evidence: their events as the lake holds them, once, and only by who may."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from lakes import table

from kulla.centre.alerts import reading
from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.upsert import upsert
from kulla.centre.audit.models import Entry
from kulla.centre.cases import actions as cases
from kulla.centre.cases.models import Case
from kulla.centre.evidence import actions, chain, keeping
from kulla.centre.evidence.models import Item
from kulla.centre.folder import Centre
from kulla.lake import Lake
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db
RULE = "50cbf7de-42c3-53cd-b145-4e7b5c35c845"  # one of the shipped ones
SOURCE = "ab" * 32


@pytest.fixture
def lake(here: Centre, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr(reading, "_lakes", reading._Lakes())
    opened = reading.lake()
    assert opened is not None
    yield opened
    opened.close()


def test_the_form_of_a_sensitive_case_is_a_reading_of_it(
    people: Cast, lake: Lake, enter: Callable[[str], Client]
) -> None:
    case = _case(people, _alert(people, lake))
    Case.objects.filter(pk=case.pk).update(tlp="AMBER+STRICT")
    assert enter("officer-civil").get(f"/evidence/case/{case.number}/alerts").status_code == 200
    assert Entry.objects.filter(action="cases.read").count() == 1


def test_numbers_beyond_64_bits_are_kept(people: Cast, lake: Lake) -> None:
    row = _alert(people, lake)
    row.detail = {"facts": {"value": 2**70}}
    row.save()
    item, _ = keeping.keep(people["officer-civil"], _case(people, row), row, "order")
    assert str(2**70) in json.dumps(_lines(people, item))


def _alert(people: Cast, lake: Lake, place: str = "tax", **more: Any) -> Alert:
    """An alert of three events in the lake, one that is in it no more, and a reference that is none."""
    at = timezone.now().replace(microsecond=0) - timedelta(days=1)
    rows = table(
        [{"time": at - timedelta(minutes=number), "raw": f"raw {place} {number}", "source_sha256": SOURCE,
          "source_file": "in.evtx", "fields": [("User", "a"), ("User", "b")]} for number in range(5)],
        place, people.places[place].zone, ingest=timezone.now(),
    )  # fmt: skip
    lake.append(rows, SOURCE, 0)
    ids = [each.hex() for each in rows["event_id"].to_pylist()[:3]]
    told = [{"kind": "event", "id": each} for each in (*ids, "00" * 16, "zz")] + [{"kind": "read", "id": "1"}]
    upsert([incoming(place, RULE, f"host-{place}", at=at, **more)])
    row = Alert.objects.get(host=f"host-{place}")
    # The first event in the span only: the others must be found outside of it.
    row.evidence, row.first, row.last, row.events = told, at, at, 9
    row.save()
    return row


def _case(people: Cast, *alerts: Alert, place: str = "tax", who: str = "officer-civil") -> Case:
    return cases.open_case(people[who], "Case", people.places[place].zone, people.places[place], alerts=alerts)


def _lines(people: Cast, item: Item) -> list[dict[str, Any]]:
    body = b"".join(actions.content(people["officer-civil"], item, "read"))
    assert hashlib.sha256(body).hexdigest() == item.sha256
    return [json.loads(line) for line in body.splitlines()]


def test_an_alert_becomes_an_item_with_all_it_rests_on(people: Cast, lake: Lake) -> None:
    alert = _alert(people, lake)
    case = _case(people, alert)
    item, new = keeping.keep(people["officer-civil"], case, alert, "order 7", "for the court")
    assert new
    told = [item.source, item.officer, item.legal_basis, item.device, item.tool]
    assert told == [f"alert {alert.uid} of tax", "officer-civil", "order 7", "event lake of this centre", actions.TOOL]
    assert bytes(item.request)
    assert item.alert == alert
    event = chain.events(item)[0]
    assert (event.kind, event.details["alert"], event.details["events"], event.details["missing"]) == (
        "intake", alert.uid, "3", "1",
    )  # fmt: skip
    assert chain.problems(item) == ()
    assert Entry.objects.get(action="evidence.intake").detail["alert"] == alert.uid
    lines = _lines(people, item)
    assert [each["kind"] for each in lines] == ["alert", "rule", "source", "event", "event", "event", "missing"]
    assert (lines[0]["uid"], lines[0]["events"]) == (alert.uid, 9)
    assert f"id: {RULE}" in lines[1]["text"]
    assert lines[1]["sha256"] == hashlib.sha256(lines[1]["text"].encode()).hexdigest()
    assert lines[2] == {"kind": "source", "sha256": SOURCE, "file": "in.evtx", "events": 3}
    assert [each["raw"] for each in lines[3:6]] == ["raw tax 2", "raw tax 1", "raw tax 0"]
    assert lines[3]["fields"] == [["User", "a"], ["User", "b"]]
    assert lines[3]["source_sha256"] == SOURCE
    assert lines[6]["event_id"] == "00" * 16


def test_the_same_alert_twice_is_one_item(people: Cast, lake: Lake) -> None:
    alert = _alert(people, lake)
    case = _case(people, alert)
    first, _new = keeping.keep(people["officer-civil"], case, alert, "order 7")
    # What is done in triage meanwhile is no part of it; nor is who keeps it.
    Alert.objects.update(status="closed", reason="true", closed=timezone.now())
    again, new = keeping.keep(people["director-civil"], case, alert, "order 8")
    assert (again, new) == (first, False)
    assert [event.kind for event in chain.events(first)] == ["intake"]
    Alert.objects.update(events=10)
    assert keeping.keep(people["officer-civil"], case, alert, "order 7")[1]  # it has grown: another item


def test_the_strictest_of_both_marks_holds(people: Cast, lake: Lake) -> None:
    alert = _alert(people, lake)
    case = _case(people, alert)
    alert.refresh_from_db()
    alert.marks = Marks("AMBER+STRICT", "GREEN", ("ally",), ("not to suppliers",))
    alert.save()
    item, _new = keeping.keep(people["officer-civil"], case, alert, "order 7")
    assert item.marks == Marks("AMBER+STRICT", "AMBER", ("ally",), ("not to suppliers",))
    assert item.custody.get().tlp == "AMBER+STRICT"
    assert case.entrys.get(ref=f"evidence:{item.pk}").tlp == "AMBER+STRICT"


def test_who_may(people: Cast, lake: Lake) -> None:
    alert, other = _alert(people, lake), _alert(people, lake, "navy")
    case = _case(people, alert)
    for who in ("officer-military", "liaison-civil", "owner-tax", "nobody"):
        with pytest.raises(PermissionDenied):
            keeping.keep(people[who], case, alert, "order 7")
    for wrong in (other, _alert(people, lake, "health")):
        with pytest.raises(ValidationError, match="of this case"):
            keeping.keep(people["officer-civil"], case, wrong, "order 7")
    people["officer-civil"].register_account = "K1"
    Alert.objects.filter(pk=alert.pk).update(account="k1")  # a finding about the one who would keep it
    with pytest.raises(ValidationError, match="of this case"):
        keeping.keep(people["officer-civil"], case, alert, "order 7")
    with pytest.raises(ValidationError, match="legal_basis"):
        keeping.keep(people["director-civil"], case, alert, " ")
    assert not Item.objects.exists()


def test_events_of_other_constituents_stay_out(people: Cast, lake: Lake) -> None:
    """An alert may name an event of another place by mistake or design: its words never reach the item."""
    alert, other = _alert(people, lake), _alert(people, lake, "health")
    alert.evidence = other.evidence
    alert.save()
    item, _new = keeping.keep(people["officer-civil"], _case(people, alert), alert, "order 7")
    assert "raw health" not in json.dumps(_lines(people, item))


def test_pages(people: Cast, lake: Lake, enter: Callable[[str], Client]) -> None:
    alert = _alert(people, lake)
    client = enter("officer-civil")
    address = f"/alerts/{alert.uid}"
    assert "Escalate it into a case first" in client.get(address).content.decode()
    case = _case(people, alert)
    keep = f"/evidence/case/{case.number}/alerts"
    assert f"{keep}?alert={alert.uid}" in client.get(address).content.decode()
    assert keep in client.get(f"/cases/{case.number}/").content.decode()
    assert alert.title in client.get(f"{keep}?alert={alert.uid}").content.decode()
    told = {"alerts": [alert.uid], "officer": "A. B.", "legal_basis": "order 7"}
    assert client.post(keep, {**told, "legal_basis": ""}).status_code == 200
    assert client.post(keep, {**told, "alerts": ["0" * 32]}).status_code == 200
    assert not Item.objects.exists()
    done = client.post(keep, told, follow=True).content.decode()
    item = Item.objects.get()
    assert item.sha256 in done
    assert "holds it already" in client.post(keep, told, follow=True).content.decode()
    assert item.number in client.get(address).content.decode()
    assert item.number not in enter("analyst-civil").get(address).content.decode()
    for who in ("officer-military", "nobody"):
        assert enter(who).post(keep, told).status_code == 404
    Case.objects.update(tlp="RED")
    assert enter("director-civil").post(keep, told).status_code == 404  # not a member
    assert Item.objects.count() == 1
