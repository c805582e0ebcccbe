"""Findings of owners' watches: registers/<name>/findings.jsonl, as `kulla register receive` brought it, as alerts.

A finding shows the account's pseudonym as its owner gave it; the centre holds no key to it. What a delivery says of
constituent and zone counts for nothing: the register's manifest decides, so that no owner can raise alerts elsewhere.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from kulla.alert import LEVELS, Alert, Entity, Evidence, alert_id
from kulla.centre.alerts.upsert import Incoming, upsert
from kulla.centre.folder import Centre
from kulla.centre.people.models import Constituent
from kulla.errors import InputError, KullaError
from kulla.registers.desk.watch import FINDINGS
from kulla.registers.insider.finding import ADMINISTRATOR, KIND
from kulla.registers.manifest import Manifest, read_manifest
from kulla.share.marks import Marks, tlp

_MOST: Final = 64 << 20
_seen: dict[Path, tuple[int, int]] = {}
"""Files as they were when their findings were taken: (ns, bytes). Taken again after a start, which changes nothing."""


def receive(centre: Centre) -> None:
    """Take the findings of every register whose file changed. Raises InputError telling what is wrong with some, after
    the others were taken."""
    wrong: list[str] = []
    for path in sorted(centre.registers.glob(f"*/{FINDINGS}")):
        try:
            status = path.stat()
            if _seen.get(path) == (status.st_mtime_ns, status.st_size):
                continue
            take(path)
            _seen[path] = status.st_mtime_ns, status.st_size
        except (KullaError, OSError) as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("; ".join(wrong))


def take(path: Path) -> int:
    """Take the findings of one register's file; how many it holds. Raises InputError for a line that is none, or a
    register whose constituent the centre does not serve; then none of them is taken."""
    manifest = _manifest(path.parent / "manifest.toml")
    place = Constituent.objects.filter(name=manifest.constituent).first()
    if place is None or place.zone != manifest.zone:
        raise InputError(
            f"{path.parent.name}: no constituent {manifest.constituent} in zone {manifest.zone}; add it first"
        )
    if path.stat().st_size > _MOST:
        raise InputError(f"{path}: longer than {_MOST >> 20} MiB; ask its owner for a new one")
    incoming = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            incoming.append(_incoming(orjson.loads(line), manifest))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            # Not chained: a parser's message may quote the line.
            raise InputError(f"{path}:{number}: is no finding ({type(error).__name__}); ask its owner") from None
    if incoming:
        upsert(incoming)
    return len(incoming)


def _manifest(path: Path) -> Manifest:
    try:
        return read_manifest(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: cannot be read; have the register delivered again") from None


def _incoming(row: dict[str, Any], manifest: Manifest) -> Incoming:
    if row["kind"] != KIND or row["schema"] != 1 or row["level"] not in LEVELS:
        raise ValueError("kind, schema or level")
    entities = [Entity(str(each["kind"])[:20], str(each["name"])[:255]) for each in row["entities"]]
    evidence = tuple(Evidence(each["kind"], str(each["id"])[:64]) for each in row["evidence"])
    admins_only = ADMINISTRATOR in entities
    mine = [each for each in entities if each.kind == "account"]
    alert = Alert(
        # Of our own making: an owner's id must not meet another alert's.
        id=alert_id(KIND, manifest.name, str(row["id"]), ""),
        kind=KIND,
        title=str(row["title"])[:300],
        level=row["level"],
        time_first=_time(row["time_first"]),
        time_last=_time(row["time_last"]),
        constituent=manifest.constituent,
        zone=manifest.zone,
        tlp="AMBER+STRICT",
        entities=(*mine, Entity("register", manifest.name)),
        rule_id=None if row["rule_id"] is None else str(row["rule_id"]),
        evidence=evidence,
        explanation=str(row["explanation"])[:20_000],
    )
    return Incoming(
        alert, events=max(1, len(evidence)), register=manifest.name, admins_only=admins_only,
        marks=Marks(tlp("AMBER+STRICT"), originators=(manifest.owner,)),
    )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its offset")
    return found
