"""An alert and its events as one item of evidence.

The content is JSON, one value a line, and the same alert on the same events is the same bytes, whoever keeps it when:

    {"kind": "alert", …}    what the centre says of it; nothing of its triage, which changes
    {"kind": "rule", …}     the text of its rule as it stands now, with its SHA-256; not for alerts without one
    {"kind": "source", …}   each file that events came from: its SHA-256, its name, how many events are here
    {"kind": "event", …}    each event as the lake holds it: the raw record, its fields, where it stood
    {"kind": "missing", …}  the id of each event that the alert names and that is not in the lake for this person
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any, Final

import orjson
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kulla.centre.alerts import rules
from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.reading import lake
from kulla.centre.cases.models import Case
from kulla.centre.evidence.actions import TOOL, take_in
from kulla.centre.evidence.models import Item
from kulla.centre.people import door
from kulla.centre.people.models import User

VERSION: Final = 1
_TOLD: Final = (
    *("uid", "title", "level", "first", "last", "events", "rule_id", "host", "account", "register"),
    *("entities", "tags", "evidence", "explanation", "detail"),
)


def keep(
    actor: User, case: Case, alert: Alert, legal_basis: str, note: str = "", officer: str = ""
) -> tuple[Item, bool]:
    """Take an alert of the case into its evidence, with its events from the lake. With whether it is new.

    The events are those that the actor may search. Raises ValidationError for an alert that is not of this case or
    that the actor does not see, in the same words; PermissionDenied without the right to take evidence.
    """
    door.need(actor, "evidence.take", case)
    [row] = chosen(actor, case, [alert.uid])
    events, missing = _events(actor, row)
    place = row.constituent.name if row.constituent else row.zone
    fields = {
        "source": f"alert {row.uid} of {place}", "device": "event lake of this centre", "tool": TOOL,
        "officer": officer.strip() or actor.get_full_name() or actor.username, "legal_basis": legal_basis,
    }  # fmt: skip
    more = {"alert": row.uid, "events": str(len(events)), "missing": str(len(missing))}
    lines = map(_line, _lines(row, events, missing))
    return take_in(actor, case, f"alert-{row.uid}.jsonl", lines, fields, note, alert=row, more=more)


def chosen(actor: User, case: Case, uids: Collection[str]) -> list[Alert]:
    """Alerts of the case by their uids. Raises ValidationError when one is not of it, or not for the actor to see."""
    rows = list(door.visible(actor, Alert.objects.filter(case=case, uid__in=uids).select_related("constituent")))
    if len(rows) < len(set(uids)):
        raise ValidationError(_("Only alerts of this case can be kept as its evidence: put the alert into it first."))
    return rows


def _events(actor: User, alert: Alert) -> tuple[list[dict[str, Any]], list[str]]:
    """Its events as rows of the lake, by time, file and record; and the ids of those that are not there."""
    ids = {told for each in alert.evidence if each.get("kind") == "event" and (told := _id(each.get("id")))}
    opened = lake() if ids else None
    place = alert.constituent.name if alert.constituent else None
    scope = frozenset(pair for pair in door.scope(actor) if pair[0] == alert.zone and place in (None, pair[1]))
    tables = opened.events(ids, scope, alert.first, alert.last) if opened is not None else []
    rows = [row for table in tables for row in table.to_pylist()]
    rows.sort(key=lambda row: (str(row["time"] or "~"), row["source_sha256"], row["source_file"], row["position"]))
    return rows, sorted(each.hex() for each in ids - {row["event_id"] for row in rows})


def _id(text: Any) -> bytes | None:
    try:
        told = bytes.fromhex(str(text))
    except ValueError:
        return None
    return told if len(told) == 16 else None


def _line(told: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an integer beyond 64 bits, which a value that was counted or summed can be
        return (json.dumps(told, sort_keys=True, default=lambda at: orjson.loads(orjson.dumps(at))) + "\n").encode()


def _lines(alert: Alert, events: list[dict[str, Any]], missing: list[str]) -> Iterator[dict[str, Any]]:
    told = {name: getattr(alert, name) for name in _TOLD}
    place = alert.constituent.name if alert.constituent else None
    yield {"kind": "alert", "kulla_alert_evidence": VERSION, "alert_kind": alert.kind, "zone": alert.zone,
           "constituent": place, "marks": alert.marks.plain(), **told}  # fmt: skip
    rule = rules.find(alert.rule_id)
    if rule is not None:
        yield {"kind": "rule", "id": alert.rule_id, "sha256": hashlib.sha256(rule.text.encode()).hexdigest(),
               "text": rule.text}  # fmt: skip
    files = Counter((row["source_sha256"], row["source_file"]) for row in events)
    for (digest, name), count in sorted(files.items()):
        yield {"kind": "source", "sha256": digest, "file": name, "events": count}
    for row in events:
        # Pairs, in their order: a record may bear a name twice.
        pairs = [list(each) for each in row["fields"]]
        yield {"kind": "event", **row, "event_id": row["event_id"].hex(), "fields": pairs}
    for each in missing:
        yield {"kind": "missing", "event_id": each}
