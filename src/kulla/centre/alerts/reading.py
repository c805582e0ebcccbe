"""What an alert's page shows of its events: fields with the patterns marked, and why the rule met them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from kulla.centre.alerts import highlight, rules
from kulla.centre.alerts.models import Alert
from kulla.detect import reference
from kulla.detect.explain import Explanation, describe
from kulla.detect.rule import Rule, Test, Text, Wild
from kulla.events.fields import known
from kulla.lake import Lake, Scope

FETCHED: Final = 5
"""Events of one alert that a page asks the lake for, when the alert brings none itself."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One event of an alert. `fields`: (name, values in pieces, whether a pattern stands in it); `why` as
    `Explanation.to_json` tells it, `condition` the rule's."""

    id: str
    time: datetime | None
    host: str
    place: str
    values: Mapping[str, Sequence[str]]
    fields: Sequence[tuple[str, list[list[highlight.Piece]], bool]]
    why: Sequence[Mapping[str, Any]] = ()
    condition: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


class _Lakes:
    """The lake of the centre that is served, open once a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Path, Lake] = {}

    def get(self) -> Lake | None:
        if settings.CENTRE is None:
            return None
        folder = settings.CENTRE / "lake"
        with self._lock:
            if folder not in self._open:
                self._open[folder] = Lake(folder)
            return self._open[folder]


_lakes = _Lakes()


def lake() -> Lake | None:
    """The centre's lake; None when no centre is served. Raises InputError when it cannot be opened."""
    return _lakes.get()


def events(alert: Alert, scope: Scope = frozenset()) -> list[Shown]:
    """The events that the alert brings, else the first of its evidence from the lake, within `scope`."""
    found = rules.find(alert.rule_id)
    rule = found.rule if found and isinstance(found.rule, Rule) else None
    kept = alert.detail.get("events", ())
    return [_shown(each, rule) for each in (kept or _from_lake(alert, scope))]


def values_of(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """The fields of a kept event as rules see them: name → texts, nulls left out."""
    pairs = [
        (str(name), None if text is None else str(text))
        for name, value in event.get("fields", {}).items()
        for text in (value if isinstance(value, list) else [value])
    ]
    return known(pairs)


def _from_lake(alert: Alert, scope: Scope) -> list[dict[str, Any]]:
    ids = [each["id"] for each in alert.evidence if each.get("kind") == "event"][:FETCHED]
    opened = lake() if ids and scope and alert.constituent_id else None
    rows: list[dict[str, Any]] = []
    for each in ids if opened is not None else ():
        assert opened is not None
        try:
            table = opened.event(bytes.fromhex(each), scope, alert.first)
        except ValueError:  # no event's id
            continue
        rows += [_row(each, row) for row in (table.to_pylist() if table is not None else ())]
    return rows


def _row(uid: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the lake as an alert keeps events."""
    kept = {"id": uid, "time": row["time"], "host": row["host"], "file": row["source_file"], "record": row["position"]}
    return {**kept, "fields": known(list(row["fields"]))}


def _shown(event: Mapping[str, Any], rule: Rule | None) -> Shown:
    values = values_of(event)
    why, condition, tree = _why(event, rule, values)
    place = " : ".join(str(event[name]) for name in ("file", "record") if event.get(name) not in (None, ""))
    return Shown(
        id=str(event.get("id", "")), time=_time(event.get("time")), host=str(event.get("host") or ""), place=place,
        values=values, fields=highlight.event(tree, values, _told(rule, why)), why=why, condition=condition,
        facts=_facts(event),
    )  # fmt: skip


def _why(event: Mapping[str, Any], rule: Rule | None, values: dict[str, list[str]]) -> tuple[list[Any], str, Any]:
    """The reasons by the rule as it is now when it still meets the event, else those kept with the alert."""
    if rule is not None:
        now = reference.evaluate(rule, values)
        if now.matched:
            return _reasons(now), now.condition, rule.tree
    kept = event.get("why") or {}
    return list(kept.get("selections", ())), str(kept.get("condition", "")), None


def _told(rule: Rule | None, why: Sequence[Mapping[str, Any]]) -> list[tuple[str, Test]]:
    """The values that met a test, by the explanation, each with that test of the rule; a test that no rule here has is
    read from its own words when they say `contains`, as those of indicators do."""
    known = {(leaf.field, describe(leaf.test)): leaf.test for leaf in highlight.leaves(rule.tree)} if rule else {}
    found: list[tuple[str, Test]] = []
    for each in (test for one in why for test in one.get("tests", ()) if test.get("met") and test.get("value")):
        words = str(each.get("test", ""))
        test = known.get((each.get("field"), words))
        if test is None and words.startswith("contains '") and words.endswith("'"):
            test = Text((Wild.MANY, words[len("contains '") : -1], Wild.MANY))
        if test is not None:
            found.append((str(each["value"]), test))
    return found


def _reasons(found: Explanation) -> list[Any]:
    return [
        {"name": one.name, "met": one.met, "tests": [
            {"field": test.field, "test": test.test, "value": test.value, "met": test.met} for test in one.tests]}
        for one in found.selections
    ]  # fmt: skip


def _facts(event: Mapping[str, Any]) -> dict[str, str]:
    """What a correlation says: its count and the like."""
    kept = event.get("why") or {}
    plain = {name: value for name, value in kept.items() if isinstance(value, str | int | float)}
    return {name: str(value) for name, value in plain.items() if name != "condition"}


def _time(value: Any) -> datetime | None:
    if isinstance(value, str) and value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) else None
