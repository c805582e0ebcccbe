"""Leads: the same look at candidates and at others, and what no log exists for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kulla.leaks.leads import AFTER, BEFORE, HOUR, KINDS, LEADS, Asked, Seen, comparisons, kinds_of, leads

RULES = Path(__file__).parents[2] / "rules"
UPLOAD = next(rule for rule, kind in LEADS.items() if kind == "upload")
LOGON = next(rule for rule, kind in LEADS.items() if kind == "logon")
NOON = 1_700_000_000_000_000
ASKED = [
    Asked(0, "a.hoxha", "candidate", "e1", NOON, NOON + HOUR),
    Asked(0, "b.leka", "comparison", "e1", NOON, NOON + HOUR),
]


def test_every_rule_of_a_lead_is_shipped() -> None:
    shipped = {rule["id"] for path in RULES.rglob("*.yml") for rule in [yaml.safe_load(path.read_text("utf-8"))]}
    assert set(LEADS) <= shipped
    assert set(LEADS.values()) == set(KINDS)


def test_both_are_looked_at_alike() -> None:
    seen = [
        Seen(UPLOAD, NOON + 2 * HOUR, "AGENCY\\A.Hoxha", "ws1", "e-2"),
        Seen(UPLOAD, NOON + HOUR, "a.hoxha", "ws2", "e-1"),
        Seen(UPLOAD, NOON, "b.leka@agency.example", "ws3", "e-3"),
        Seen(LOGON, NOON, "c.other", "ws3", "e-4"),
    ]
    first, second = leads(ASKED, seen, {"upload", "logon"})
    assert first["found"] == dict.fromkeys(KINDS) | {"upload": 2, "logon": 0}
    assert second["found"] == dict.fromkeys(KINDS) | {"upload": 1, "logon": 0}
    assert first["details"] == {
        "upload": {
            "first": "2023-11-14T23:13:20+00:00", "last": "2023-11-15T00:13:20+00:00",
            "hosts": ["ws1", "ws2"], "events": ["e-1", "e-2"],
        }
    }  # fmt: skip
    assert (first["from"], first["to"]) == (second["from"], second["to"])


@pytest.mark.parametrize(
    ("time", "inside"),
    [(NOON - BEFORE, True), (NOON - BEFORE - 1, False), (NOON + HOUR + AFTER, True), (NOON + HOUR + AFTER + 1, False)],
)
def test_only_what_is_near_the_episode_counts(time: int, inside: bool) -> None:
    first, _ = leads(ASKED, [Seen(UPLOAD, time, "a.hoxha", "", "e")], KINDS)
    assert first["found"]["upload"] == inside


def test_other_rules_are_no_leads() -> None:
    first, _ = leads(ASKED, [Seen("some-other-rule", NOON, "a.hoxha", "", "e")], KINDS)
    assert first["found"] == dict.fromkeys(KINDS, 0)
    assert kinds_of(["some-other-rule", UPLOAD]) == {"upload"}


def test_comparisons_are_the_busiest_others() -> None:
    assert comparisons(["a", "B", "c", "d"], [9, 5, 7, 5], ["A"], 2) == ["c", "B"]
    assert comparisons(["a"], [1], ["a"], 3) == []
