"""Findings as JSON lines (RFC 8259, UTF-8), one hit a line, in time order.

Keys are those of `hunt.hits`, with `logsource` an object of product, category and service, `event` an object of the
event's fields, `why` the explanation. `time` is ISO 8601 in UTC with microseconds; what is absent is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

import orjson
import pyarrow as pa

from kulla.hunt.findings import Findings
from kulla.hunt.words import moment

KEYS = (
    "kind", "rule_id", "rule_title", "level", "tags", "time", "time_quality", "host", "entity", "constituent", "zone",
    "file", "record", "event_id", "logsource", "channel", "event_code", "event", "why",
)  # fmt: skip
_SPECIAL = {"time", "logsource", "event", "why"}


class JsonlWriter:
    """JSON lines."""

    suffix = ".jsonl"

    def write(self, out: BinaryIO, findings: Findings) -> None:
        for table in findings.hits:
            out.writelines(_lines(table))


def _lines(table: pa.Table) -> Iterator[bytes]:
    columns: dict[str, list[object]] = {key: table[key].to_pylist() for key in KEYS if key not in _SPECIAL}
    times = table["time"].cast(pa.int64()).to_pylist()
    columns["time"] = [None if time is None else moment(time, "microseconds") for time in times]
    sources = zip(*(table[name].to_pylist() for name in ("product", "category", "service")), strict=True)
    columns["logsource"] = [dict(zip(("product", "category", "service"), source, strict=True)) for source in sources]
    for name in ("event", "why"):
        columns[name] = [_embedded(text) for text in table[name].to_pylist()]
    for row in zip(*(columns[key] for key in KEYS), strict=True):
        yield orjson.dumps(dict(zip(KEYS, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE)


def _embedded(text: str) -> object:
    """JSON text to stand inside a line as it is; a line break in it (only ever between tokens) is written anew."""
    if "\n" in text or "\r" in text:
        text = json.dumps(json.loads(text), ensure_ascii=True, separators=(",", ":"))
    return orjson.Fragment(text)
