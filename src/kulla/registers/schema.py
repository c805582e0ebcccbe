"""The tables that registers work with: versions, accesses, reads. Times are microseconds, UTC.

Where a table lies decides what it may hold: VERSIONS and ACCESS hold personal values and never leave the owner; READ
and IMPRINT hold none and are what the centre gets.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

TIME: Final = pa.timestamp("us", tz="UTC")
LABEL: Final = pa.dictionary(pa.int32(), pa.string())

VALID_FROM, VALID_TO, KNOWN_FROM, KNOWN_TO = "valid_from", "valid_to", "known_from", "known_to"

VERSION_TIMES: Final = pa.schema([
    pa.field(VALID_FROM, TIME, nullable=False),
    pa.field(VALID_TO, TIME),
    pa.field(KNOWN_FROM, TIME),
    pa.field(KNOWN_TO, TIME),
])  # fmt: skip
"""The columns that a table of versions has beside the register's own.

[valid_from, valid_to) is when the values could be read, in commit time; no valid_to: still. Where history was
reconstructed the true interval is only bounded: it covers [known_from, known_to) and lies within
[valid_from, valid_to); in an exact history both known_ columns are null and mean the valid_ ones.
"""

ACCESS: Final = pa.schema([
    pa.field("time", TIME, nullable=False),
    pa.field("started", TIME),
    pa.field("account", LABEL),
    pa.field("database", LABEL),
    pa.field("client", LABEL),
    pa.field("application", LABEL),
    pa.field("session", LABEL),
    pa.field("line_num", pa.int64()),
    pa.field("statement_id", pa.int64()),
    pa.field("substatement_id", pa.int64()),
    pa.field("kind", LABEL),
    pa.field("command", LABEL),
    pa.field("object_name", LABEL),
    pa.field("statement", pa.large_string()),
    pa.field("parameters", pa.large_string()),
    pa.field("rows", pa.int64()),
    pa.field("outcome", LABEL),
    pa.field("sqlstate", LABEL),
    pa.field("end_user", LABEL),
    pa.field("end_user_grade", LABEL),
    pa.field("case_ref", LABEL),
    pa.field("as_of", pa.int64()),
    pa.field("file_sha256", LABEL),
    pa.field("line_from", pa.int64()),
    pa.field("line_to", pa.int64()),
    pa.field("line_hash", pa.binary(16)),
])  # fmt: skip
"""What one line of an audit tells, on the owner's side: it holds statements and bound values.

started: when the statement began, if told; kind: one of ACCESS_KINDS; rows: as logged, null when the source says none
or is known to say nothing (COPY, cursors); outcome: ok, error or cancelled; end_user_grade: none, application (the name
of the application, set by the client), comment (a comment in the statement) or verified (set by a trusted pooler);
as_of: a system change number where the source gives one; line_hash: the first 16 bytes of SHA-256 over the raw line(s).
"""

ACCESS_KINDS: Final = (
    "read", "copy", "cursor", "fetch", "do", "write", "ddl", "role", "setting", "connect", "disconnect", "replication",
    "error", "other",
)  # fmt: skip

READ: Final = pa.schema([
    pa.field("read_id", pa.binary(16), nullable=False),
    pa.field("register", LABEL),
    pa.field("account", LABEL),
    pa.field("session", LABEL),
    pa.field("end_user", LABEL),
    pa.field("end_user_grade", LABEL),
    pa.field("client", LABEL),
    pa.field("application", LABEL),
    pa.field("snapshot_from", TIME, nullable=False),
    pa.field("snapshot_to", TIME, nullable=False),
    pa.field("template_id", pa.binary(16)),
    pa.field("columns", pa.list_(pa.string())),
    pa.field("extent", LABEL),
    pa.field("rows", pa.int64()),
    pa.field("record", pa.uint32()),
    pa.field("records", pa.large_binary()),
    pa.field("outcome", LABEL),
    pa.field("kind", LABEL),
    pa.field("case_given", pa.bool_()),
    pa.field("outside_remit", pa.int32()),
    pa.field("sealed", LABEL),
    pa.field("file_sha256", LABEL),
    pa.field("line_from", pa.int64()),
    pa.field("line_to", pa.int64()),
    pa.field("line_hash", pa.binary(16)),
])  # fmt: skip
"""One audited read, without personal values.

read_id: BLAKE2b over (file_sha256, line_from, line_hash); template_id: BLAKE2b of the statement's template, whose text
stands in the templates table; columns: register columns read, null when unknown; extent: exact, upper_bound or
unknown; rows: as logged, null unknown; record: the one record read, else null; records: a roaring bitmap (portable
serialisation) of record numbers when more than one or none, null when `record` is set or nothing is known; kind: as of
ACCESS; outside_remit: how many of the records lie outside the account's remit, null when no remit is known; sealed:
sealed, late or never.
"""

EXTENTS: Final = ("exact", "upper_bound", "unknown")
SEALS: Final = ("sealed", "late", "never")

RECORD_MAP: Final = pa.schema([
    pa.field("key", pa.string()),
    pa.field("record_no", pa.uint32(), nullable=False),
    pa.field("erased", pa.bool_(), nullable=False),
])  # fmt: skip
"""Record keys and their numbers, allotted once from 1 up and never reused: map/records.parquet, owner's side only. key:
the values of the manifest's `record` columns as stored, joined by U+001F; null for an erased record (its tombstone)."""

TEMPLATES: Final = pa.schema([
    pa.field("template_id", pa.binary(16), nullable=False),
    pa.field("template", pa.large_string(), nullable=False),
])  # fmt: skip

STAFF: Final = pa.schema([
    pa.field("account", pa.string(), nullable=False),
    pa.field("role", pa.string()),
    pa.field("office", pa.string()),
    pa.field("remit", pa.list_(pa.string())),
    pa.field("valid_from", TIME),
    pa.field("valid_to", TIME),
    pa.field("administrator", pa.bool_()),
    pa.field("pooled", pa.bool_()),
    pa.field("job", pa.bool_()),
])  # fmt: skip
"""The owner's list of accounts: context/staff.parquet. remit: values of the manifest's remit column that belong to the
account's work, null or empty: the whole register; an account may have several lines, one for each time span."""

GROUPS: Final = pa.schema([pa.field("record_no", pa.uint32(), nullable=False), pa.field("group", LABEL)])
"""Which remit each record belongs to (a municipality, an office: no personal value). outbox/groups.parquet."""

EXPLANATIONS: Final = pa.schema([
    pa.field("account", pa.string()),
    pa.field("office", pa.string()),
    pa.field("kind", LABEL),
    pa.field("record_no", pa.uint32()),
    pa.field("group", pa.string()),
    pa.field("valid_from", TIME),
    pa.field("valid_to", TIME),
])  # fmt: skip
"""What clears a read: context/explanations.parquet. kind: case_file, appointment, office, reorganisation, audit, job.
It covers reads by the account (null: by every account of the office) of the record (null: of every record of the
group; both null: of any) within [valid_from, valid_to)."""

WATCHED: Final = pa.schema([pa.field("token", pa.binary(16), nullable=False), pa.field("reason", pa.string())])
"""Persons whose every read is looked at, as tokens of their ids only: context/watched.parquet."""
