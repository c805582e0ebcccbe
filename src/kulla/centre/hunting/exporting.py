"""Events as files: CSV that no spreadsheet runs, and NDJSON. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

import orjson
import pyarrow as pa

COLUMNS: Final = (
    *("time", "time_quality", "zone", "constituent", "host", "product", "category", "service", "provider", "channel"),
    *("event_code", "event_id", "source_file", "source_sha256", "position", "raw", "fields"),
)
_FORMULA: Final = frozenset("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")


def safe(text: str) -> str:
    """A cell that a spreadsheet takes as text: what could begin a formula, after blanks too, gets a `'` before it
    (OWASP, CSV injection).

    >>> safe("=1+1"), safe(" @x"), safe("plain=1")
    ("'=1+1", "' @x", 'plain=1')
    """
    begin = text.lstrip(" \xa0\ufeff")[:1]
    return f"'{text}" if text[:1] in _FORMULA or begin in _FORMULA else text


def as_csv(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The events as CSV (RFC 4180, UTF-8), a header first; `fields` as one JSON object."""
    yield _line(COLUMNS)
    for batch in batches:
        for row in batch.to_pylist():
            plain = _plain(row)
            plain["fields"] = orjson.dumps(plain["fields"]).decode()
            yield _line(["" if plain[name] is None else safe(str(plain[name])) for name in COLUMNS])


def as_ndjson(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """The events as JSON, one a line."""
    for batch in batches:
        for row in batch.to_pylist():
            yield orjson.dumps(_plain(row), option=orjson.OPT_APPEND_NEWLINE)


FORMATS: Final = {"csv": ("text/csv; charset=utf-8", as_csv), "ndjson": ("application/x-ndjson", as_ndjson)}


def _line(cells: Iterable[str]) -> bytes:
    held = io.StringIO()
    csv.writer(held, lineterminator="\r\n").writerow(cells)
    return held.getvalue().encode("utf-8", "replace")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the contract as JSON's values; a name that comes twice has a list."""
    fields: dict[str, Any] = {}
    for name, value in row["fields"]:
        if name in fields:
            known = fields[name] if isinstance(fields[name], list) else [fields[name]]
            fields[name] = [*known, value]
        else:
            fields[name] = value
    time = row["time"]
    told = {name: row[name] for name in COLUMNS}
    return {**told, "time": time and time.isoformat(), "event_id": row["event_id"].hex(), "fields": fields}
