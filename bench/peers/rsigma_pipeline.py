"""rsigma's processing pipeline for raw Windows events, made from the same logsource table that Kulla uses.

rsigma knows a rule's logsource but not an event's: without a pipeline a rule for `process_creation` runs on every
event. Its own `sysmon` pipeline adds the EventID to each category of Sysmon, but neither the channel nor any other
service, so that a rule for AppLocker which names EventID 412 fires on ESENT's 412 as well. This pipeline adds channel
and EventID for every category and service of Windows that needs no renamed fields (4688, 5156 … stay unmapped: that is
less work for rsigma, and its missing hits are explained in docs/benchmarks.md).

rsigma picks one necessary condition of each rule to index it by, and prefers exact values over substrings. An exact
channel would be picked for every rule, and makes nearly all of them candidates for nearly every event: 900 µs an event
instead of 60. So the channel's last letter is written as `?`, which rsigma does not index, and the rule's own literals
are picked instead.
"""

from __future__ import annotations

import json
import tomllib
from importlib import resources
from typing import Any

_TABLES = ("11-windows-categories.toml", "12-windows-services.toml")
_DELETIONS = ["DeleteKey", "DeleteValue"]
_REGISTRY = {"registry_event": [12, 13, 14], "registry_set": [13], "registry_rename": [14]}

Conditions = dict[str, list[Any]]


def pipeline() -> str:
    """The pipeline as JSON, which is YAML as well."""
    steps = [_step(f"category_{name}", {"category": name}, found) for name, found in sorted(_categories().items())]
    steps += [_step(f"service_{name}", {"service": name}, found) for name, found in sorted(_services().items())]
    steps.append(_step("not_deleted", {"category": "registry_add"}, {"EventType": _DELETIONS}) | {"negated": True})
    return json.dumps({"name": "windows channels", "priority": 10, "transformations": steps}, indent=1)


def _step(name: str, logsource: dict[str, str], conditions: Conditions) -> dict[str, Any]:
    channels = [f"{channel[:-1]}?" for channel in conditions.get("Channel", ())]
    return {
        "id": name,
        "type": "add_condition",
        "conditions": conditions | ({"Channel": channels} if channels else {}),
        "rule_conditions": [{"type": "logsource", "product": "windows"} | logsource],
    }


def _categories() -> dict[str, Conditions]:
    found: dict[str, Conditions] = {}
    for entry in _entries():
        if "category" in entry and "event_code" in entry and "use" not in entry and "aliases" not in entry:
            conditions = found.setdefault(entry["category"], {"Channel": [], "EventID": []})
            for name, values in (("Channel", entry["channel"]), ("EventID", entry["event_code"])):
                conditions[name] += [value for value in _listed(values) if value not in conditions[name]]
    sysmon = found["registry_set"]["Channel"]
    found |= {name: {"Channel": sysmon, "EventID": codes} for name, codes in _REGISTRY.items()}
    found["registry_delete"]["EventType"] = _DELETIONS
    return found


def _services() -> dict[str, Conditions]:
    found: dict[str, Conditions] = {}
    for entry in _entries():
        channels = found.setdefault(entry["service"], {"Channel": []})["Channel"]
        channels += [channel for channel in _listed(entry["channel"]) if channel not in channels]
    return found


def _entries() -> list[dict[str, Any]]:
    folder = resources.files("kulla.events") / "logsources"
    tables = [tomllib.loads((folder / name).read_text(encoding="utf-8")) for name in _TABLES]
    entries = [entry for table in tables for entry in table["logsource"]]
    return [entry for entry in entries if entry["product"] == "windows" and "channel" in entry and "service" in entry]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
