"""What a message carries: pgaudit's members, or a logged statement with its duration; whole columns at once.

`kulla.events.pgaudit.unpack` and `kulla.events.formats._postgres` define it; they read what is not beyond doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import pgaudit
from kulla.registers.audit.cells import columns
from kulla.registers.audit.frames import Mask, frames
from kulla.registers.audit.lines import TEXT, label, milliseconds, numbers
from kulla.registers.schema import LABEL

MEMBERS: Final = (
    "audit_type", "statement_id", "substatement_id", "class", "command", "object_name", "statement", "parameter",
    "rows",
)  # fmt: skip
"""Members of `pgaudit.FIELDS` that are kept."""

LABELS: Final = ("audit_type", "class", "command", "object_name")
_KINDS: Final = dict.fromkeys((*MEMBERS, "duration"), TEXT) | dict.fromkeys(LABELS, LABEL)
_ABSENT: Final = ["", "<none>", "<not logged>"]
_AUDIT: Final = r"\AAUDIT: "
_PREFIX: Final = r"\AAUDIT: (SESSION|OBJECT),"
_DURATION: Final = (
    r"(?s)\A(?:duration: (?P<duration>[0-9.]+) ms\s*)?"
    r"(?:(?:statement|(?:parse|bind|execute(?: fetch from)?) [^:]*): (?P<statement>.*))?\z"
)
_LED: Final = r"\A(duration: |statement: |execute )"

Columns = dict[str, pa.Array]


def unpacked(messages: pa.Array) -> tuple[Mask, Columns]:
    """Which messages are pgaudit's, and the columns of LINES that messages fill (`MEMBERS`, `duration`)."""
    count = len(messages)
    audits = pc.fill_null(pc.match_substring_regex(messages, _PREFIX), False).to_numpy(zero_copy_only=False)
    made: Columns = {name: pa.nulls(count, _KINDS[name]) for name in (*MEMBERS, "duration")}
    if audits.any():
        rows = np.flatnonzero(audits)
        members = _members(messages.take(pa.array(rows)))
        made |= {name: _spread(members[name], rows, count) for name in MEMBERS}
    logged = pc.fill_null(pc.match_substring_regex(messages, _LED), False).to_numpy(zero_copy_only=False)
    if logged.any():
        rows = np.flatnonzero(logged)
        found = pc.extract_regex(messages.take(pa.array(rows)), _DURATION)
        for name in ("duration", "statement"):
            texts = pc.struct_field(found, name)
            texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)
            made[name] = pc.coalesce(made[name], _spread(texts, rows, count))
    made |= {name: numbers(made[name]) for name in ("statement_id", "substatement_id", "rows")}
    return audits, made | {"duration": milliseconds(made["duration"])}


def _spread(values: pa.Array, rows: np.ndarray, count: int) -> pa.Array:
    """Values of some rows as a column of all."""
    if len(rows) == count:
        return values
    at = np.full(count, -1, np.int64)
    at[rows] = np.arange(len(rows))
    return values.take(pa.array(at, mask=at < 0))


def _members(messages: pa.Array) -> Columns:
    """The members of audit messages: at once where the CSV is beyond doubt, else one by one."""
    parts: list[tuple[np.ndarray, Columns]] = []
    whole = np.arange(len(messages))
    data, starts = _records(messages)
    found = frames(data)
    if len(found) != len(whole) or (found.stops != starts[1:]).any():
        # A quote that is not closed takes in the messages behind it: those that hold one are left out.
        even = pc.equal(pc.bit_wise_and(pc.count_substring(messages, '"'), 1), 0)
        whole = np.flatnonzero(even.to_numpy(zero_copy_only=False))
        data, starts = _records(messages.take(pa.array(whole)))
        found = frames(data)
    # A message with a line break outside quotes makes several records, none of which begins and ends as it does.
    at = np.searchsorted(found.stops, starts[1:])
    at[at == len(found)] = 0
    sound = (found.starts[at] == starts[:-1]) & (found.stops[at] == starts[1:]) & found.sound[at] if len(at) else at > 0
    for cells in (len(pgaudit.FIELDS), len(pgaudit.FIELDS) - 1):  # before pgaudit 1.7 there was no count of rows
        these = np.flatnonzero(sound & (found.cells[at] == cells)) if len(at) else at
        if len(these):
            parts.append((whole[these], _parsed(_some(data, starts, these), cells)))
    left = np.ones(len(messages), np.bool_)
    for rows, _ in parts:
        left[rows] = False
    if len(rest := np.flatnonzero(left)):
        parts.append((rest, _one_by_one(messages.take(pa.array(rest)))))
    if len(parts) == 1:
        return parts[0][1]
    order = pa.array(np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable"))
    return {name: pa.concat_arrays([part[name] for _, part in parts]).take(order) for name in MEMBERS}


def _records(messages: pa.Array) -> tuple[bytes, np.ndarray]:
    """The messages, a line each, and where each starts; one more start for the end. Up to `AUDIT: ` in the first cell,
    which takes no quotes, they are pgaudit's CSV."""
    lines = pc.binary_join_element_wise(messages, pa.scalar("", TEXT), pa.scalar("\n", TEXT))
    starts = np.frombuffer(lines.buffers()[1], np.int64)[lines.offset : lines.offset + len(lines) + 1]
    data = lines.buffers()[2]
    return (data.to_pybytes()[starts[0] : starts[-1]] if data is not None else b""), starts - starts[0]


def _some(data: bytes, starts: np.ndarray, which: np.ndarray) -> bytes:
    if len(which) == len(starts) - 1:
        return data
    return b"".join(data[start:stop] for start, stop in zip(starts[which], starts[which + 1], strict=True))


def _parsed(data: bytes, cells: int) -> Columns:
    names = pgaudit.FIELDS[:cells]
    kept = [name for name in MEMBERS if name in names]
    table = columns(data, names, {name: _KINDS[name] for name in kept}, _ABSENT)
    made: Columns = {name: table.column(name).combine_chunks() for name in kept}
    led = made["audit_type"]
    kind = pc.replace_substring_regex(led.dictionary, _AUDIT, "")
    return {
        **{str(name): pa.nulls(len(table), _KINDS[name]) for name in MEMBERS if name not in kept},
        **made, "audit_type": pa.DictionaryArray.from_arrays(led.indices, kind),
    }  # fmt: skip


def _one_by_one(messages: pa.Array) -> Columns:
    """The members of each message as `pgaudit.unpack` reads them."""
    unpacked: list[Mapping[str, str | None]] = [pgaudit.unpack(text) or {} for text in messages.to_pylist()]
    made: Columns = {name: pa.array([each.get(name) for each in unpacked], TEXT) for name in MEMBERS}
    return made | {name: label(made[name]) for name in LABELS}
