"""When the state that an access saw was current, and in whose role it acted: what only its session tells."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.audit.lines import label
from kulla.registers.schema import TIME

Ints = npt.NDArray[np.int64]

_UNKNOWN: Final = np.iinfo(np.int64).min
_SESSION = re.compile(r"([0-9a-f]{1,12})\.[0-9a-f]+\Z")
_FIXED: Final = r"(?i)\bisolation\s+level\s+(?:repeatable\s+read|serializable)"
_DUMPS: Final = ("pg_dump", "pg_dumpall")


def window(accesses: pa.Table, clock_uncertainty: float) -> tuple[pa.Array, pa.Array]:
    """The earliest and the latest time (timestamp[us, UTC]) of the state that each access saw.

    `accesses`: ACCESS, of any number of sessions, whole sessions if possible. A statement's snapshot is taken at its
    start, so from `started`, or if that is not told from the session's access before it (its first: from the session's
    start, which PostgreSQL's session ids carry; else from its own time), to `time`. A statement that was logged before
    it ran saw its state by the time of the session's next access. In a session that asked for a fixed snapshot
    (isolation level repeatable read or serializable, and pg_dump always) it may be as old as that demand. Both ends are
    widened by `clock_uncertainty` (seconds).
    """
    order, first, session = _sorted(accesses)
    time = _microseconds(accesses.column("time"))[order]
    started = _microseconds(accesses.column("started"))[order]
    before = np.concatenate((time[:1], time[:-1]))
    opened = _opened(session)[order]
    before = np.where(first, np.where(opened == _UNKNOWN, time, opened), before)
    earliest = np.where(started == _UNKNOWN, before, started)
    earliest = np.minimum(earliest, np.where(_fixed(accesses, order, first, time, opened), opened, _last_time()))
    after = np.concatenate((time[1:], time[-1:]))
    final = np.concatenate((first[1:], np.ones(min(1, len(first)), np.bool_)))
    latest = np.where((started == time) & ~final, after, time)
    earliest, latest = np.minimum(earliest, latest), np.maximum(time, latest)
    spread = round(clock_uncertainty * 1_000_000)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return pa.array((earliest - spread)[back]).cast(TIME), pa.array((latest + spread)[back]).cast(TIME)


def roles(accesses: pa.Table) -> pa.Array:
    """The role in effect at each access, as a label: what the last SET ROLE or SET SESSION AUTHORIZATION of its
    session took on; null for the account's own. One that was rolled back still counts: the log does not tell."""
    order, first, _ = _sorted(accesses)
    names = accesses.column("object_name").cast(pa.string()).take(pa.array(order))
    kind = accesses.column("kind").cast(pa.string()).take(pa.array(order))
    command = accesses.column("command").cast(pa.string()).take(pa.array(order))
    sets = pc.and_(pc.equal(kind, "role"), pc.is_in(command, pa.array(["SET", "RESET"])))
    sets = np.asarray(pc.fill_null(pc.and_(sets, pc.is_valid(names)), False).to_numpy())
    place = np.where(sets | first, np.arange(len(order)), 0)
    last = np.maximum.accumulate(place) if len(place) else place
    none = pc.equal(names, "none").fill_null(False).to_numpy()
    unset = ~sets[last] | np.asarray(none)[last]
    role = names.take(pa.array(last, mask=unset)).combine_chunks()
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return label(role.take(pa.array(back)))


def _last_time() -> int:
    return int(np.iinfo(np.int64).max)


def _microseconds(column: pa.ChunkedArray) -> Ints:
    filled = column.combine_chunks().cast(pa.int64()).fill_null(_UNKNOWN)
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _sorted(accesses: pa.Table) -> tuple[Ints, npt.NDArray[np.bool_], pa.DictionaryArray]:
    """Sessions in turn, each in its own order; which of these begin a session. An access without a session is its
    own."""
    session = accesses.column("session").combine_chunks()
    code = np.array(session.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False))
    alone = code < 0
    code[alone] = len(session.dictionary) + np.flatnonzero(alone)
    line = accesses.column("line_num").combine_chunks().fill_null(0).to_numpy(zero_copy_only=False)
    order = np.lexsort((line, _microseconds(accesses.column("time")), code))
    turn = code[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = turn[1:] != turn[:-1]
    return order, first, session


def _opened(session: pa.DictionaryArray) -> Ints:
    """When each access's session was opened, by its id."""
    if not len(session.dictionary):
        return np.full(len(session), _UNKNOWN, np.int64)
    found = (_SESSION.match(name or "") for name in session.dictionary.to_pylist())
    starts = np.array([int(each[1], 16) * 1_000_000 if each else _UNKNOWN for each in found], np.int64)
    code = session.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    return np.where(code < 0, _UNKNOWN, starts[code])


def _fixed(
    accesses: pa.Table, order: Ints, first: npt.NDArray[np.bool_], time: Ints, opened: Ints
) -> npt.NDArray[np.bool_]:
    """Accesses that may see a state from before their statement; `opened` becomes the time from which on."""
    kind = pc.is_in(accesses.column("kind").cast(pa.string()), pa.array(["setting", "other"]))
    said = pc.and_(kind, pc.match_substring_regex(accesses.column("statement"), _FIXED))
    name = accesses.column("application").cast(pa.string())
    dumps = np.asarray(pc.fill_null(pc.is_in(name, pa.array(_DUMPS)), False).to_numpy())[order]
    asked = np.asarray(pc.fill_null(said, False).to_numpy())[order]
    number = np.cumsum(first) - 1
    since = np.full(int(number[-1]) + 1 if len(number) else 0, _last_time(), np.int64)
    at = np.flatnonzero(asked)
    np.minimum.at(since, number[at], time[at])
    fixed = time >= since[number]
    opened[fixed & ~dumps] = since[number][fixed & ~dumps]
    return np.asarray((fixed | dumps) & (opened != _UNKNOWN))
