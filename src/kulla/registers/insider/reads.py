"""One day of reads as arrays: what `facts` counts from.

Reads come as READ tables (see `registers.schema`); here one day of them becomes columns of numbers. Whom a read is
counted for is its *subject*: the account, and behind a pooled account the end user where one is told (graded), else the
pool. An end user that the client names itself can be forged: a finding about one says so. What a person on the staff
list reads behind a pool and what they read by their own login becomes one subject (`joined`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers import bitmap

EPOCH = date(2000, 1, 1)
"""Days are counted from here, so that they fit 16 bits until 2089."""

BEHIND = "/"
"""Between a pool's account and the end user: `app_front/e.user`."""

BULK = 2000
"""Records from which a read stays a bitmap: scans would otherwise be nine tenths of all touches."""

GRADED = ("application", "comment", "verified")

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Records = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class DayReads:
    """Reads of one day, n of them, and the m (read, record) pairs they touch.

    Attributes:
        day: days since EPOCH, in the register's time zone.
        subjects: names; `subject` indexes them, shape n.
        time: microseconds since 1970, UTC; minute: of the local day.
        template, tool, client: codes of the statement's template, the application and the computer; 0 unknown.
        loose: rows that were logged of a read of which nobody knows the records, else 0: these count as persons.
        unknown: nobody knows which records, nor how many.
        whole: of a kind that can take a whole table (COPY, cursor, DO).
        stream: over a replication connection.
        broken: ended by an error or a cancellation, with unknown extent.
        missed: asked for persons of whom there is no record.
        pool: code of the pooled account through which a named end user read, 0 elsewhere.
        case: a case reference was given.
        outside: records outside the subject's remit, -1 unknown.
        read_id: 16 bytes each, shape (n, 16).
        touch_read: index of the read, shape m, ascending; touch_record: the record number.
        bulk: (index of the read, its bitmap) of reads of BULK records and more, which are no touches.
    """

    day: int
    subjects: tuple[str, ...]
    subject: Ints
    time: Ints
    minute: Ints
    template: npt.NDArray[np.uint64]
    tool: npt.NDArray[np.uint64]
    client: npt.NDArray[np.uint64]
    loose: Ints
    unknown: Flags
    whole: Flags
    stream: Flags
    broken: Flags
    missed: Flags
    pool: npt.NDArray[np.uint64]
    case: Flags
    outside: Ints
    read_id: npt.NDArray[np.uint8]
    touch_read: Ints
    touch_record: Records
    bulk: tuple[tuple[int, bytes], ...]

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def single(self) -> Flags:
        """Reads of exactly one record."""
        return np.asarray(np.bincount(self.touch_read, minlength=len(self)) == 1)


def day_number(day: date) -> int:
    """Days since EPOCH.

    >>> day_number(date(2026, 1, 1)), day_of(9497)
    (9497, datetime.date(2026, 1, 1))
    """
    return (day - EPOCH).days


def day_of(number: int) -> date:
    """The day of a number."""
    return EPOCH + timedelta(days=number)


def by_day(reads: pa.Table, zone: str, pooled: frozenset[str] = frozenset()) -> list[DayReads]:
    """The days of a READ table, in order. `zone` is the register's time zone; `pooled` names the pooled accounts."""
    if not reads.num_rows:
        return []
    micros = reads["snapshot_to"].cast(pa.int64()).to_numpy(zero_copy_only=False)
    local = micros + _offsets(micros, zone)
    numbers = local // 86_400_000_000 - (EPOCH - date(1970, 1, 1)).days  # ascends with time: no zone steps back a day
    if (np.diff(micros) < 0).any():
        order = np.argsort(micros, kind="stable")
        reads, micros, local, numbers = reads.take(pa.array(order)), micros[order], local[order], numbers[order]
    starts = np.flatnonzero(np.r_[True, numbers[1:] != numbers[:-1]])
    bounds = np.r_[starts, len(numbers)]
    return [
        _one_day(int(numbers[a]), reads.slice(a, b - a), micros[a:b], local[a:b] // 60_000_000 % 1440, pooled)
        for a, b in pairwise(bounds.tolist())
    ]


def _offsets(micros: Ints, zone: str) -> Ints:
    """What to add to UTC for local time. Looked up once an hour of data: zones shift on whole hours of UTC."""
    hours, back = np.unique(micros // 3_600_000_000, return_inverse=True)
    tz = ZoneInfo(zone)
    shifts = [datetime.fromtimestamp(int(hour) * 3600, UTC).astimezone(tz).utcoffset() for hour in hours]
    return np.array([int((shift or timedelta()).total_seconds()) * 1_000_000 for shift in shifts], np.int64)[back]


def _one_day(day: int, reads: pa.Table, micros: Ints, minute: Ints, pooled: frozenset[str]) -> DayReads:
    names, subject = _subjects(reads, pooled)
    rows = _filled(reads["rows"], -1).astype(np.int64)
    hidden = _equal(reads["extent"], "unknown")
    bound = _equal(reads["extent"], "upper_bound")
    touch_read, touch_record, bulk, wide = _touches(reads, np.where(bound, rows, -1))
    unknown = hidden & (rows < 0)
    return DayReads(
        day=day,
        subjects=names,
        subject=subject,
        time=micros,
        minute=minute,
        template=codes(reads["template_id"]),
        tool=codes(reads["application"].cast(pa.string())),
        client=codes(reads["client"].cast(pa.string())),
        loose=np.where((hidden | wide) & (rows > 0), rows, 0),
        unknown=unknown,
        whole=_among(reads["kind"], ("copy", "cursor", "fetch", "do")) & (rows < 0),
        stream=_equal(reads["kind"], "replication"),
        broken=unknown & _among(reads["outcome"], ("error", "cancelled")),
        missed=_missed(reads, touch_read, bulk),
        pool=np.array([_pool(name) for name in names], np.uint64)[subject],
        case=_filled(reads["case_given"], False).astype(bool),
        outside=_filled(reads["outside_remit"].cast(pa.int64()), -1).astype(np.int64),
        read_id=_ids(reads["read_id"]),
        touch_read=touch_read,
        touch_record=touch_record,
        bulk=bulk,
    )


def _pool(subject: str) -> int:
    """The code of the pool behind which a subject reads; 0: none."""
    pool, _, person = subject.partition(BEHIND)
    return code(pool) if person else 0


def _missed(reads: pa.Table, touch_read: Ints, bulk: tuple[tuple[int, bytes], ...]) -> Flags:
    """Reads of exact extent that met no record."""
    found = _equal(reads["extent"], "exact").copy()
    found[touch_read] = False
    found[[at for at, _ in bulk]] = False
    return found


def _subjects(reads: pa.Table, pooled: frozenset[str]) -> tuple[tuple[str, ...], Ints]:
    account = pc.fill_null(reads["account"].cast(pa.string()), "")
    name = account
    if pooled:
        behind = pc.and_kleene(
            pc.is_in(account, pa.array(sorted(pooled), pa.string())),
            pc.is_in(reads["end_user_grade"].cast(pa.string()), pa.array(GRADED)),
        )
        behind = pc.and_kleene(behind, pc.is_valid(reads["end_user"]))
        full = pc.binary_join_element_wise(account, pc.fill_null(reads["end_user"].cast(pa.string()), ""), BEHIND)
        name = pc.if_else(pc.fill_null(behind, False), full, account)
    coded = pc.dictionary_encode(name).combine_chunks()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    return tuple(coded.dictionary.to_pylist()), coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def codes(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """A 64-bit code of each value (text or bytes), the same in every run; 0 where null."""
    coded = pc.dictionary_encode(column).combine_chunks()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    table = np.array([0, *(code(value) for value in coded.dictionary.to_pylist())], np.uint64)
    return np.asarray(table[pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False) + 1])


def code(value: str | bytes) -> int:
    """The code of one value: FNV-1a over its bytes, never 0."""
    found = 0xCBF29CE484222325
    for byte in value.encode() if isinstance(value, str) else value:
        found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return found or 1


def _equal(column: pa.ChunkedArray, value: str) -> Flags:
    return _among(column, (value,))


def _among(column: pa.ChunkedArray, values: tuple[str, ...]) -> Flags:
    return np.asarray(pc.is_in(column.cast(pa.string()), pa.array(values)).to_numpy(zero_copy_only=False), bool)


def _filled(column: pa.ChunkedArray, value: object) -> npt.NDArray[np.int64]:
    return np.asarray(pc.fill_null(column, value).to_numpy(zero_copy_only=False))


def _ids(column: pa.ChunkedArray) -> npt.NDArray[np.uint8]:
    whole = column.combine_chunks()
    whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
    data = np.frombuffer(whole.buffers()[1], np.uint8)
    return data[whole.offset * 16 : (whole.offset + len(whole)) * 16].reshape(-1, 16)


def _touches(reads: pa.Table, most: Ints) -> tuple[Ints, Records, tuple[tuple[int, bytes], ...], Flags]:
    """The pairs, the bulk, and which reads were so wide a bound that they are neither.

    `most`: rows that were logged of a read whose records are an upper bound, -1 otherwise. Where the bound holds more
    records than rows came, nobody knows which they were, and all of them would be far too many.
    """
    one = reads["record"].to_numpy(zero_copy_only=False)
    has_one = np.asarray(pc.is_valid(reads["record"]).to_numpy(zero_copy_only=False), bool)
    packed = np.flatnonzero(np.asarray(pc.is_valid(reads["records"]).to_numpy(zero_copy_only=False), bool))
    data = reads["records"].take(pa.array(packed)).to_pylist()
    counts = np.array([bitmap.count(each) for each in data], np.int64)
    loose = (most[packed] >= 0) & (most[packed] < counts)
    wide = np.zeros(len(has_one), bool)
    wide[packed[loose]] = True
    big = (counts >= BULK) & ~loose
    small = ~big & ~loose
    some = [bitmap.unpack(data[at]) for at in np.flatnonzero(small).tolist()]
    touch_read = np.concatenate([np.flatnonzero(has_one), np.repeat(packed[small], counts[small])]).astype(np.int64)
    touch_record = np.concatenate([one[has_one].astype(np.uint32), *some])
    order = np.argsort(touch_read, kind="stable")
    bulk = tuple((int(packed[at]), data[at]) for at in np.flatnonzero(big).tolist())
    return touch_read[order], touch_record[order], bulk, wide
