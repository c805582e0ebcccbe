"""What PostgreSQL's three log formats share: names of fields, times, and the run of events being gathered.

One vocabulary for csvlog, jsonlog and the plain (stderr) log: log_time, user, database, pid, client, client_port,
session, line_num, command_tag, session_start, virtual_transaction, transaction, severity, sqlstate, message, detail,
hint, internal_query, internal_position, context, statement, cursor_position, location, application, backend_type,
leader_pid, query_id; for pgaudit's records also what `kulla.events.pgaudit` unpacks; for statements logged with
`log_statement` or `log_min_duration_statement` also `statement` and `duration` (milliseconds). An empty or null member
of a record is absent. Source: PostgreSQL 13-17 documentation, 20.8 "Error Reporting and Logging".

Times end in a zone's abbreviation (`log_timezone`). An abbreviation that `context.zone` uses on that day means that
zone; else those of `OFFSETS`, and numeric ones (`+03`), mean their offset. Any other (IST, CST and the like name
several zones) is read in `context.zone`, or UTC without one, and marked "zone assumed".

Bytes that are not UTF-8 appear as `\\xhh`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from kulla.events import pgaudit
from kulla.events.fields import DictFields
from kulla.events.formats._api import Context, Parsed, Reject
from kulla.events.schema import EXACT, LABEL, MISSING, TIME, ZONE_ASSUMED

Record = dict[str, str | None]

csv.field_size_limit(2**31 - 1)  # a statement may be longer than the module's default of 128 KiB

OFFSETS: Mapping[str, timedelta] = {
    name: timedelta(hours=hours)
    for hours, names in {
        0: "UTC GMT UCT Z WET", 1: "CET WEST BST", 2: "CEST EET", 3: "EEST MSK TRT",
        -4: "EDT", -5: "EST CDT", -6: "MDT", -7: "MST PDT", -8: "PST",
    }.items()
    for name in names.split()
}  # fmt: skip
"""Abbreviations that name one offset in practice."""

LONGEST = 64 << 20
"""Bytes of one line read at a time, so that a file without line ends cannot fill the memory."""

TIMESTAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})? (?:[A-Za-z][A-Za-z0-9_/+-]*|[+-]\d\d(?::?\d\d){0,2})"

_NUMERIC = re.compile(r"([+-])(\d\d):?(\d\d)?:?(\d\d)?\Z")
_STATEMENT = re.compile(
    r"(?:duration: (?P<duration>[0-9.]+) ms\s*)?"
    r"(?:(?:statement|(?:parse|bind|execute(?: fetch from)?) [^:]*): (?P<statement>.*))?\Z",
    re.DOTALL,
)


@lru_cache(256)
def _offset(abbreviation: str) -> tzinfo | None:
    numeric = _NUMERIC.match(abbreviation)
    if numeric is None:
        known = OFFSETS.get(abbreviation.upper())
        return None if known is None else timezone(known)
    hours, minutes, seconds = (int(part or 0) for part in numeric.groups()[1:])
    size = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(size if numeric[1] == "+" else -size) if size < timedelta(days=1) else None


def parse_time(text: str, zone: tzinfo | None) -> tuple[datetime | None, str]:
    """The time of a record and its quality; no time (and "missing") when `text` is none.

    >>> parse_time("2026-05-11 02:44:02.875 CEST", None)[0].isoformat()
    '2026-05-11T00:44:02.875000+00:00'
    """
    day, _, abbreviation = text.rpartition(" ")
    try:
        local = datetime.fromisoformat(day)
        if zone is not None and local.replace(tzinfo=zone).tzname() == abbreviation:
            return _in_zone(local, zone, abbreviation), EXACT
        offset = _offset(abbreviation)
        if offset is None:
            return local.replace(tzinfo=zone or UTC).astimezone(UTC), ZONE_ASSUMED
        return local.replace(tzinfo=offset).astimezone(UTC), EXACT
    except (ValueError, OverflowError):
        return None, MISSING


def _in_zone(local: datetime, zone: tzinfo, abbreviation: str) -> datetime:
    """The hour that occurs twice in autumn is told apart by its abbreviation."""
    first = local.replace(tzinfo=zone)
    return (first if first.tzname() == abbreviation else first.replace(fold=1)).astimezone(UTC)


def text_of(line: bytes) -> str:
    """A record's text without its line end."""
    return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "backslashreplace")


def lines_of(stream: BinaryIO, start: int, stop: int | None) -> Iterator[bytes]:
    """Lines with their ends, from byte `start` (seeks unless 0) up to byte `stop`, in pieces of up to `LONGEST`."""
    if start:
        stream.seek(start)
    left = (stop - start) if stop is not None else None
    while left is None or left > 0:
        line = stream.readline(LONGEST if left is None else min(left, LONGEST))
        if not line:
            return
        if left is not None:
            left -= len(line)
        yield line


class Run:
    """The events and rejects gathered since the last `Parsed`."""

    def __init__(self, name: str, context: Context) -> None:
        self._name = name
        self._context = context
        self._clear()

    def _clear(self) -> None:
        self._positions: list[int] = []
        self._raws: list[str] = []
        self._records: list[Record] = []
        self._times: list[datetime | None] = []
        self._qualities: list[str] = []
        self._rejects: list[Reject] = []
        self._bytes = 0

    def add(self, position: int, raw: str, record: Record) -> None:
        time, quality = parse_time(record.get("log_time") or "", self._context.zone)
        _unpack(record)
        self._positions.append(position)
        self._raws.append(raw)
        self._records.append(record)
        self._times.append(time)
        self._qualities.append(quality)
        self._bytes += len(raw)

    def reject(self, position: int, reason: str, raw: bytes) -> None:
        self._rejects.append(Reject(position, reason, raw))
        self._bytes += len(raw)

    @property
    def full(self) -> bool:
        return self._bytes >= self._context.batch_bytes or len(self._records) >= self._context.batch_events

    @property
    def empty(self) -> bool:
        return not (self._records or self._rejects)

    def take(self, lines: int) -> Parsed:
        """What was gathered, `lines` lines of input; the run starts anew."""
        providers = ["pgaudit" if "audit_type" in record else None for record in self._records]
        parsed = Parsed(
            format=self._name,
            position=np.array(self._positions, np.int64),
            raw=pa.array(self._raws, pa.large_string()),
            fields=DictFields(self._records),
            time=pa.array(self._times, TIME),
            quality=pa.array(self._qualities, pa.string()).dictionary_encode().cast(LABEL),
            provider=pa.array(providers, pa.string()).dictionary_encode().cast(LABEL),
            event_code=pa.array([r.get("sqlstate") for r in self._records], pa.string())
            .dictionary_encode()
            .cast(LABEL),
            rejects=self._rejects,
            lines=lines,
        )
        self._clear()
        return parsed


def _unpack(record: Record) -> None:
    """Give the record what its message carries: pgaudit's fields, or a logged statement and its duration."""
    message = record.get("message") or ""
    audit = pgaudit.unpack(message)
    if audit is not None:
        record.update(audit)
    elif message.startswith(("duration: ", "statement: ", "execute ")) and (found := _STATEMENT.match(message)):
        record.update({name: value for name, value in found.groupdict().items() if value})
