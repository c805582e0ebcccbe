"""Alerts for tests of the centre: made as the worker makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from kulla import alert as plain
from kulla.centre.alerts.upsert import Incoming

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ZONES = {"tax": "civil", "health": "civil", "navy": "military", "border": "joint", "": "civil"}
EVENT: Mapping[str, Sequence[str]] = {"Image": ["C:\\Windows\\cmd.exe"], "CommandLine": ["cmd /c WHOAMI /all"]}


def incoming(
    constituent: str = "tax", rule: str = "rule-1", host: str = "srv1", account: str = "", window: str = "w", *,
    level: plain.Level = "high", at: datetime = NOW, zone: str = "", fields: Mapping[str, Any] = EVENT, **more: Any,
) -> Incoming:  # fmt: skip
    """One detection by `rule` on `host`; the same arguments give the same alert."""
    uid = plain.alert_id("detection", rule, f"{constituent}/{host}/{account}", window)
    entities = [plain.Entity("host", host)] + ([plain.Entity("account", account)] if account else [])
    told: dict[str, Any] = {"title": f"Title of {rule}", "tlp": "AMBER", "explanation": "", "kind": "detection"}
    told |= {name: more.pop(name) for name in tuple(told) if name in more}
    value = plain.Alert(
        id=uid, level=level, time_first=at, time_last=at + timedelta(minutes=1), constituent=constituent,
        zone=zone or ZONES[constituent], entities=tuple(entities), rule_id=rule,
        evidence=(plain.Evidence("event", f"event-{uid}"),), **told,
    )  # fmt: skip
    event = {
        "id": uid, "time": at.isoformat(), "host": host, "file": "a.evtx", "record": 7, "fields": dict(fields),
        "why": {"selections": [], "condition": "selection"},
    }  # fmt: skip
    return Incoming(value, detail=more.pop("detail", {"events": [event]}), **more)
