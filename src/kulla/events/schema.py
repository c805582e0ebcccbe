"""The batch contract: the Arrow schema of events, version 1.

Every room that holds events holds them in these columns. `fields` carries the event whole: case-sensitive
names, nested names joined by dots, the elements of an array as `name[0]`, `name[1]` …, every value as text.
A JSON null keeps its name with a null value; for detection it counts as absent.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import pyarrow as pa

TimeQuality = Literal["exact", "zone assumed", "year assumed", "missing"]

EXACT: Final = "exact"
ZONE_ASSUMED: Final = "zone assumed"
YEAR_ASSUMED: Final = "year assumed"
MISSING: Final = "missing"

TIME = pa.timestamp("us", tz="UTC")
LABEL = pa.dictionary(pa.int32(), pa.string())
FIELDS = pa.map_(pa.string(), pa.string())

SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.binary(16), nullable=False),
        pa.field("time", TIME),
        pa.field("time_quality", LABEL, nullable=False),
        pa.field("ingest_time", TIME, nullable=False),
        pa.field("constituent", LABEL, nullable=False),
        pa.field("zone", LABEL, nullable=False),
        pa.field("host", LABEL),
        pa.field("product", LABEL),
        pa.field("category", LABEL),
        pa.field("service", LABEL),
        pa.field("provider", LABEL),
        pa.field("channel", LABEL),
        pa.field("event_code", LABEL),
        pa.field("source_file", LABEL, nullable=False),
        pa.field("source_sha256", LABEL, nullable=False),
        pa.field("position", pa.int64(), nullable=False),
        pa.field("raw", pa.large_string()),
        pa.field("fields", FIELDS, nullable=False),
    ],
    metadata={b"kulla.batch": b"1"},
)


def event_id(source_sha256: str, member: str, position: int) -> bytes:
    """The id of the event at `position` of a source: BLAKE2b-128 over the source's SHA-256, the member's
    path inside it (empty for a plain file; nested archives join with `!`) and the position.

    The same event read twice from the same file has the same id, whatever else was read with it.

    >>> event_id("00" * 32, "", 1) == event_id("00" * 32, "", 1)
    True
    """
    name = member.encode("utf-8", "surrogateescape")
    message = bytes.fromhex(source_sha256) + len(name).to_bytes(4, "big") + name + position.to_bytes(8, "big")
    return hashlib.blake2b(message, digest_size=16).digest()
