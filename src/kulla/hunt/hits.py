"""The hit: one rule met by one event (or group of events), as it travels from worker to report.

Hits travel as Arrow tables in this schema, so that a million of them are spooled and sorted, not held as objects.
"""

from __future__ import annotations

import pyarrow as pa

from kulla.events.schema import TIME

HITS = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),  # detection | correlation
        pa.field("rule_id", pa.string(), nullable=False),
        pa.field("rule_title", pa.string(), nullable=False),
        pa.field("level", pa.string(), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("time", TIME),
        pa.field("time_quality", pa.string(), nullable=False),
        pa.field("host", pa.string()),
        pa.field("entity", pa.string()),  # user, account or address the hit is about, as kind:name; null if none
        pa.field("constituent", pa.string(), nullable=False),
        pa.field("zone", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),  # path with archive member, joined by !
        pa.field("record", pa.int64(), nullable=False),  # the contract's position
        pa.field("event_id", pa.string(), nullable=False),  # hex
        pa.field("product", pa.string()),
        pa.field("category", pa.string()),
        pa.field("service", pa.string()),
        pa.field("channel", pa.string()),
        pa.field("event_code", pa.string()),
        pa.field("event", pa.string(), nullable=False),  # JSON object: the contract's `fields`
        pa.field("why", pa.string(), nullable=False),  # JSON: detect.reference.Explanation, see its `to_json`
    ],
    metadata={b"kulla.hits": b"1"},
)
"""A correlation hit takes time, host, file, record and event of the last event of its window; `why` lists the
event_ids and times of all (up to a documented number, with the count of the rest)."""
