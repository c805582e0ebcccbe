"""Acts as reads: the table in schema READ that a complete and exact replay of a complete audit would give.

What only a log has is made up: read_id and line_hash are random, the file is named by register and day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kulla.exercise import packing
from kulla.exercise.acts import (
    AGGREGATE,
    APPLICATION,
    CANCELLED,
    COMMENT,
    COPY,
    CURSOR,
    ERROR,
    FAMILY,
    KEY_PAGE,
    LIST,
    LOOK_UP,
    NO_GRADE,
    PAGE,
    SCAN,
    STREAM,
    Acts,
)
from kulla.exercise.shelves import Shelves
from kulla.exercise.staff import Roster
from kulla.exercise.templates import Form, form
from kulla.exercise.tools import address, application
from kulla.exercise.touched import Touched
from kulla.exercise.workdays import SECOND, Day
from kulla.registers import bitmap
from kulla.registers.schema import LABEL, READ, TIME

_NOBODY = bitmap.pack([])
_UNCERTAIN = SECOND
"""The clock uncertainty by which a read's interval is widened, as a manifest's default has it."""
_GRADES = ("none", "application", "comment")
_KINDS = ("read", "copy", "cursor", "error", "replication")
_OUTCOMES = ("ok", "error", "cancelled")
_EXTENTS = ("exact", "upper_bound", "unknown")

Codes = NDArray[np.integer]


class ReadMaker:
    """Turns each day's acts in one register into reads."""

    def __init__(self, register: str, roster: Roster, shelves: Shelves, seed: int) -> None:
        self.register, self.roster, self.touched = register, roster, Touched(shelves, seed)
        self._seed = seed
        self._names = pa.array(roster.names)

    def table(self, day: Day, acts: Acts) -> pa.Table:
        """The day's reads, in the order of the acts; hidden acts are left out."""
        seen = acts.take(~acts.hidden)
        stream = np.random.default_rng([self._seed, 107, day.index])
        size = len(seen)
        extent = _extents(seen)
        rows, record, records, outside = self._extent(day, seen, extent)
        start = seen.time - (seen.seconds * SECOND).astype(np.int64) - _UNCERTAIN
        forms, form_of = _forms(self.register, seen)
        number = pa.array(np.arange(1, size + 1))
        name = hashlib.sha256(f"{self.register}/{day.date}".encode()).hexdigest()
        values = {
            "read_id": _random(size, stream), "register": _same(self.register, size),
            "account": _label(seen.account, self._names), "session": self._sessions(day, seen),
            "end_user": _label(seen.user, self._names), "end_user_grade": _label(_grades(seen), _GRADES),
            "client": _named(seen.client, address), "application": _named(seen.tool, application),
            "snapshot_from": _times(start), "snapshot_to": _times(seen.time + _UNCERTAIN),
            "template_id": pa.array([each.template_id for each in forms], pa.binary(16)).take(form_of),
            "columns": pa.array([list(each.columns) for each in forms], pa.list_(pa.string())).take(form_of),
            "extent": _label(extent, _EXTENTS), "rows": rows, "record": record, "records": records,
            "outcome": _label(np.where(seen.how == ERROR, 1, np.where(seen.how == CANCELLED, 2, 0)), _OUTCOMES),
            "kind": _label(_kinds(seen), _KINDS), "case_given": pa.array(seen.cased), "outside_remit": outside,
            "sealed": _same("sealed", size), "file_sha256": _same(name, size), "line_from": number, "line_to": number,
            "line_hash": _random(size, stream),
        }  # fmt: skip
        return pa.table([values[field.name] for field in READ], schema=READ)

    def _extent(self, day: Day, seen: Acts, extent: Codes) -> tuple[pa.Array, pa.Array, pa.Array, pa.Array]:
        """rows, record, records and outside_remit: look-ups all at once, the others one by one."""
        low, high = self._listed(day, seen.doer)
        known = extent != 2
        single = known & (seen.shape == LOOK_UP)
        hit = single & self.touched.has_record(np.where(single, seen.target, -1))
        rows = np.where(hit, 1, 0).astype(np.int64)
        place = self.touched.shelves.municipality[np.where(hit, seen.target, 0)]
        outside = (hit & ((place < low) | (place >= high))).astype(np.int32)
        index = np.where(single & ~hit, 0, -1)
        parts = [pa.array([_NOBODY], pa.large_binary())]
        slices = np.flatnonzero(known & np.isin(seen.shape, (FAMILY, LIST, PAGE, KEY_PAGE)))
        _, first, stop = self.touched.slices(seen.take(slices))
        small = slices[stop - first <= packing.MOST]
        owner, person = self.touched.many(seen.take(small))
        parts.append(packing.packed(owner, person + 1, small.size))
        index[small] = 1 + np.arange(small.size)
        rows[small] = np.bincount(owner, minlength=small.size)
        place = self.touched.shelves.municipality[person]
        beyond = (place < low[small][owner]) | (place >= high[small][owner])
        outside[small] = np.bincount(owner[beyond], minlength=small.size)
        others = np.flatnonzero(known & ~single & (index < 0))
        index[others] = 1 + small.size + np.arange(others.size)
        packed = []
        for at in others.tolist():
            what = int(seen.shape[at]), int(seen.target[at]), int(seen.extra[at])
            bitmap_of, rows[at] = self.touched.packed(*what)
            packed.append(bitmap_of)
            outside[at] = self.touched.outside(*what, int(low[at]), int(high[at]))
        parts.append(pa.array(packed, pa.large_binary()))
        rows = np.where(seen.shape == AGGREGATE, self.touched.shelves.places, rows)
        told = (extent == 0) | (seen.shape == AGGREGATE) & known
        return (
            pa.array(rows, pa.int64(), mask=~told),
            pa.array(np.where(hit, seen.target + 1, 0).astype(np.uint32), mask=~hit),
            pa.concat_arrays(parts).take(pa.array(index, mask=index < 0)),
            pa.array(outside, pa.int32(), mask=~known),
        )

    def _listed(self, day: Day, doer: NDArray[np.int32]) -> tuple[Codes, Codes]:
        """The remits as the owner's list has them on that day; the whole register for other than people."""
        low = np.zeros(len(self.roster.names), dtype=np.int64)
        high = np.full(low.size, self.touched.shelves.places)
        for span in self.roster.listed(day.index):
            low[span.account], high[span.account] = span.low, span.high
        return low[doer], high[doer]

    def _sessions(self, day: Day, seen: Acts) -> pa.Array:
        started = day.midnight // SECOND

        def name(session: int) -> str:
            return f"{started + session % 80_000:x}.{1000 + session % 4_000_000:x}"

        return _named(seen.session, name)


def _extents(seen: Acts) -> Codes:
    """0 exact, 1 upper bound, 2 unknown."""
    unknown = np.isin(seen.how, (ERROR, CANCELLED, STREAM))
    bound = np.isin(seen.how, (COPY, CURSOR)) | (seen.shape == AGGREGATE)
    return np.where(unknown, 2, np.where(bound, 1, 0))


def _kinds(seen: Acts) -> Codes:
    how = seen.how
    kinds = [how == COPY, how == CURSOR, np.isin(how, (ERROR, CANCELLED)), how == STREAM]
    return np.select(kinds, [1, 2, 3, 4], 0)


def _grades(seen: Acts) -> Codes:
    return np.select([seen.user < 0, seen.grade == COMMENT], [NO_GRADE, COMMENT], APPLICATION)


def _forms(register: str, seen: Acts) -> tuple[list[Form], pa.Array]:
    """The distinct statements of the acts, and which one each used."""
    whole = np.isin(seen.shape, (PAGE, SCAN, AGGREGATE)) & (seen.target < 0)
    keys = (seen.shape.astype(np.int64) * 16 + seen.form) * 2 + whole
    distinct, place = np.unique(keys, return_inverse=True)
    made = [form(register, key // 32, key // 2 % 16, bool(key % 2)) for key in distinct.tolist()]
    return made, pa.array(place)


def _random(size: int, stream: np.random.Generator) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), size, [None, pa.py_buffer(stream.bytes(16 * size))])


def _same(text: str, size: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(np.zeros(size, dtype=np.int32), pa.array([text])).cast(LABEL)


def _label(codes: Codes, names: Sequence[str] | pa.Array) -> pa.Array:
    """Codes as labels; below 0: null."""
    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names))


def _named(codes: Codes, name: Callable[[int], str]) -> pa.Array:
    distinct, place = np.unique(codes, return_inverse=True)
    return _label(place, [name(each) for each in distinct.tolist()] or [""])


def _times(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(values).cast(TIME)
