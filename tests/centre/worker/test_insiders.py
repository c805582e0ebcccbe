"""Findings of owners' watches become alerts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import workermade
from centrecast import Cast

from kulla.alert import Entity
from kulla.centre.alerts.models import Alert
from kulla.centre.folder import Centre
from kulla.centre.people import door
from kulla.centre.worker.insiders import receive, take
from kulla.errors import InputError
from kulla.registers.insider.finding import ADMINISTRATOR

pytestmark = pytest.mark.django_db


def finding(number: int, **changed: object) -> dict[str, object]:
    entities = [Entity("account", f"a-{number:04}"), Entity("register", "payroll")]
    row = {
        "id": f"{number:032x}", "kind": "insider", "title": "Persons outside the remit read", "level": "high",
        "time_first": "2026-03-02T09:00:00+00:00", "time_last": "2026-03-02T10:00:00+00:00", "constituent": "tax",
        "zone": "civil", "tlp": "AMBER+STRICT", "entities": [{"kind": e.kind, "name": e.name} for e in entities],
        "rule_id": None, "evidence": [{"kind": "read", "id": "ab" * 16}], "explanation": "A finding.", "schema": 1,
    }  # fmt: skip
    return row | changed


def delivered(centre: Centre, *rows: object) -> Path:
    folder = centre.registers / "payroll"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.toml").write_text(workermade.manifest(), "utf-8")
    path = folder / "findings.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_finding_is_an_alert_under_its_pseudonym(centre: Centre) -> None:
    path = delivered(centre, finding(1))
    receive(centre)
    take(path)
    row = Alert.objects.get()
    assert (row.kind, row.account, row.register, row.level) == ("insider", "a-0001", "payroll", "high")
    assert (row.tlp, row.originators, row.admins_only) == ("AMBER+STRICT", ["Tax Administration"], False)
    assert (row.zone, row.events) == ("civil", 1)


def test_a_finding_on_an_administrator_is_kept_from_the_owner(centre: Centre, people: Cast) -> None:
    told = finding(2)
    told["entities"] = [*told["entities"], {"kind": ADMINISTRATOR.kind, "name": ADMINISTRATOR.name}]  # type: ignore[misc]
    take(delivered(centre, told))
    row = Alert.objects.get()
    assert row.admins_only
    assert [each["kind"] for each in row.entities] == ["account", "register"]
    assert not door.visible(people["owner-tax"], Alert.objects.all()).exists()
    assert door.visible(people["analyst-civil"], Alert.objects.all()).exists()


def test_an_owner_cannot_raise_alerts_for_others(centre: Centre) -> None:
    take(delivered(centre, finding(3, constituent="navy", zone="military")))
    row = Alert.objects.get()
    assert (row.zone, row.constituent.name if row.constituent else "") == ("civil", "tax")


@pytest.mark.parametrize("changed", [{"kind": "leak"}, {"level": "dire"}, {"time_first": "yesterday"}, {"entities": 5}])
def test_a_line_that_is_no_finding_is_refused_whole(centre: Centre, changed: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"findings\.jsonl:2: is no finding"):
        take(delivered(centre, finding(4), finding(5, **changed)))
    assert not Alert.objects.exists()
