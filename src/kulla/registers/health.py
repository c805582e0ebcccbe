"""Is a register's audit complete? What in it is missing, weakened or blind, each with the figure it rests on. Pure.

Nothing here names an account or a person: a finding says how many accounts and lines, and where to look. That a line
is missing is no proof that somebody removed it: a crash, a full disk and a late copy look the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.alert import Level
from kulla.registers.manifest import Manifest
from kulla.registers.seals.chain import Fault

Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

READING: Final = ("read", "copy", "cursor", "fetch", "do")
_WEAKENING: Final = (
    r"(?is)\A\s*(?:set|alter\s+(?:system|role|user|database)|reset|drop\s+extension|select\s+(?:pg_catalog\.)?set_config)\b"
    r".*?\b(?:pgaudit|log_(?:statement|connections|disconnections|destination|min_error_statement|min_messages|"
    r"min_duration_statement|line_prefix|error_verbosity)|logging_collector|shared_preload_libraries|"
    r"client_min_messages|session_replication_role)\b"
)
"""Statements that change what the audit tells. `RESET` and role settings may weaken as well as mend."""
_BACK: Final = 1_000_000
"""Microseconds by which times of a session may go back: two processes write one log."""
_QUIET: Final = 6 * 3_600_000_000
_WEEK: Final = 7 * 24 * 3_600_000_000
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an audit.

    Attributes:
        check: its name, stable.
        count: of what `told` says; `accounts`: how many accounts it concerns, 0 where it concerns none.
        first, last: times, None where none are known.
        places: (hash of the log's content, line) of the first few.
    """

    check: str
    level: Level
    told: str
    count: int
    accounts: int = 0
    first: datetime | None = None
    last: datetime | None = None
    places: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What health is judged by; what is not at hand stays empty, and its checks are not made.

    Attributes:
        accesses: table of schema ACCESS.
        ranges: table of schema `audit.ranges.RANGES`: which numbered lines were there.
        weak: settings of the live server that leave reads unseen; None when it was not asked.
        privileged: roles of the live server that read by their rights over the server; None when it was not asked.
        statement_rows: what pg_stat_statements counted (account, query, calls, rows); None when it was not asked.
        faults: of the chain of seals; None when there is no chain.
        graded: how many accesses are sealed, late, never.
        rejects: records of the logs that could not be read.
    """

    accesses: pa.Table
    ranges: pa.Table
    weak: Sequence[str] | None = None
    privileged: frozenset[str] | None = None
    statement_rows: pa.Table | None = None
    faults: Sequence[Fault] | None = None
    graded: dict[str, int] = field(default_factory=dict)
    rejects: int = 0


Check = Callable[[Manifest, Evidence], Iterator[Finding]]


def judge(manifest: Manifest, evidence: Evidence) -> list[Finding]:
    """Every finding, the weightiest first."""
    order = ("critical", "high", "medium", "low", "informational")
    found = [finding for check in CHECKS for finding in check(manifest, evidence)]
    return sorted(found, key=lambda finding: order.index(finding.level))


def line_gaps(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Numbers missing between lines of a session, or before its first though the log reaches back to its start.

    PostgreSQL numbers the lines of a session from 1 (csvlog `session_line_num`), and a session's name begins with its
    start in hexadecimal seconds.
    """
    ranges = evidence.ranges
    if not len(ranges):
        return
    names = ranges["session"].combine_chunks().cast(pa.string())
    code = names.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = pa.array(np.lexsort((ranges["line_num_from"].to_numpy(), code)))
    table, session = ranges.take(order), names.take(order).to_pylist()
    first, last = table["line_num_from"].to_numpy(), table["line_num_to"].to_numpy()
    begin, end = _micros(table["time_from"]), _micros(table["time_to"])
    earliest = int(begin[begin > 0].min()) if (begin > 0).any() else 0
    same = np.array([one == other for one, other in zip(session[1:], session[:-1], strict=True)], bool)
    inner = np.flatnonzero(same & (first[1:] > last[:-1] + 1)) + 1
    heads = np.flatnonzero(np.concatenate([[True], ~same]) & (first > 1))
    heads = heads[[(at := _start(session[n])) is not None and at * 1_000_000 > earliest for n in heads.tolist()]]
    missing = int((first[inner] - last[inner - 1] - 1).sum() + (first[heads] - 1).sum())
    if missing:
        rows = np.concatenate([inner, heads])
        sessions = len({session[row] for row in rows.tolist()})
        told = f"{missing:,} numbered lines of {sessions:,} sessions are missing"
        yield Finding("line gaps", "high", told, missing, 0, _moment(begin[rows].min()), _moment(end[rows].max()))


def statement_gaps(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """pgaudit numbers a session's statements from 1: numbers that lie below the highest seen and were not seen.

    Statements of classes that `pgaudit.log` leaves out take no number (pgaudit 1.5 to 17), so a hole is a line lost.
    """
    known = evidence.accesses.filter(pc.is_valid(evidence.accesses["statement_id"]))
    if not len(known):
        return
    grouped = known.group_by("session").aggregate(
        [("statement_id", "max"), ("statement_id", "min"), ("statement_id", "count_distinct"), ("time", "max")]
    )
    highest, lowest = grouped["statement_id_max"].to_numpy(), grouped["statement_id_min"].to_numpy()
    holes = highest - lowest + 1 - grouped["statement_id_count_distinct"].to_numpy()
    rows = np.flatnonzero(holes > 0)
    if len(rows):
        told = f"{int(holes[rows].sum()):,} numbered statements of {len(rows):,} sessions left no line that is here"
        times = _micros(grouped["time_max"])[rows]
        yield Finding("statement gaps", "medium", told, int(holes[rows].sum()), 0, _moment(times.min()),
                      _moment(times.max()))  # fmt: skip


def silent_sessions(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Sessions that connected and left no statement: an audit switched off by role, or a program that only looked."""
    accesses = evidence.accesses
    connected = _names(accesses, _kind(accesses, "connect"))
    active = _names(accesses, ~_kind(accesses, "connect", "disconnect"))
    silent = connected - active
    if connected and len(silent) > 0:
        told = f"{len(silent):,} of {len(connected):,} sessions connected and left no statement"
        level: Level = "medium" if len(silent) * 10 > len(connected) else "low"
        yield Finding("silent sessions", level, told, len(silent))


def errors_after_read(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Statements that read and ended in an error or were cancelled: what they had returned by then is unknown."""
    accesses = evidence.accesses
    outcome = pc.is_in(accesses["outcome"].cast(pa.string()), value_set=pa.array(["error", "cancelled"]))
    reading = _kind(accesses, *READING, "error") & _mask(pc.is_valid(accesses["statement"]))
    which = _mask(outcome) & reading
    yield from _of(
        accesses, which, "error after read", "medium", "reads ended in an error or were cancelled: extent unknown"
    )


def weakened(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Statements that change what the audit tells, and settings of the live server that leave reads unseen."""
    accesses = evidence.accesses
    statement = accesses["statement"].combine_chunks()
    which = _mask(pc.fill_null(pc.match_substring_regex(statement, _WEAKENING), False))
    yield from _of(accesses, which, "audit settings changed", "high", "statements changed what the audit tells")
    for told in evidence.weak or ():
        yield Finding("audit settings weak", "high", f"the live server: {told}", 1)


def privileged_reads(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Reads by administrators: their rights over the server let them read past any grant, and past the audit."""
    accesses = evidence.accesses
    names = sorted({*manifest.administrators, *(evidence.privileged or ())})
    account = pc.is_in(accesses["account"].cast(pa.string()), value_set=pa.array(names, pa.string()))
    which = _mask(account) & _kind(accesses, *READING)
    yield from _of(accesses, which, "administrators' reads", "medium", "reads by administrators' accounts")


def counted_rows(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Rows that the server counted for statements on the register's table, against rows the audit logged.

    Both are sums since the counters' last reset, so the audit's logs must reach back as far; COPY and cursors log no
    rows. So only the direction says something: the server counted many more than the audit told.
    """
    counted = evidence.statement_rows
    if counted is None or not len(counted):
        return
    bare = manifest.table.rpartition(".")[2].strip('"').lower()
    mentions = pc.match_substring(pc.utf8_lower(counted["query"].cast(pa.string())), bare)
    server = pc.sum(counted.filter(pc.fill_null(mentions, False))["rows"]).as_py() or 0
    logged = pc.sum(evidence.accesses["rows"]).as_py() or 0
    if server > 1_000 and server > 1.1 * logged:
        told = f"the server counted {server:,} rows for statements on the table, the audit tells of {logged:,}"
        yield Finding("rows not told", "medium", told, int(server - logged))


def clock_jumps(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Within a session lines are numbered as they are written, so their times may not go back."""
    some = evidence.accesses.select(["session", "line_num", "time", "file_sha256", "line_from"])
    some = some.filter(pc.is_valid(some["line_num"]))
    if len(some) < 2:
        return
    code = some["session"].combine_chunks().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    line, time = some["line_num"].to_numpy(), _micros(some["time"])
    order = np.lexsort((line, code))
    code, time = code[order], time[order]
    back = np.flatnonzero((code[1:] == code[:-1]) & (time[1:] < time[:-1] - _BACK))
    if len(back):
        most = int((time[back] - time[back + 1]).max()) // 1_000_000
        told = f"times go back {len(back):,} times within sessions, by up to {most:,} s: the clock was set"
        yield Finding("clock jumps", "medium", told, len(back), 0, _moment(time[back + 1].min()),
                      _moment(time[back].max()))  # fmt: skip


def quiet_spans(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Spans without a single line, half as long again as the longest of an ordinary week.

    Nights and weekends are quiet in most registers, so the measure is the median over weeks of each week's longest
    span; a log of less than three whole weeks is held to three days.
    """
    time = np.sort(_micros(evidence.accesses["time"]))
    time = time[time > 0]
    if len(time) < 100:
        return
    pause, week = np.diff(time), time[:-1] // _WEEK
    starts = np.flatnonzero(np.concatenate([[True], week[1:] != week[:-1]]))
    whole = np.maximum.reduceat(pause, starts)[1:-1]  # the first and the last week are cut off
    limit = 1.5 * float(np.median(whole)) if len(whole) >= 3 else float(3 * _WEEK // 7)
    long = np.flatnonzero(pause > max(limit, _QUIET))
    if len(long):
        worst = int(pause[long].max()) // 3_600_000_000
        told = f"{len(long):,} spans without any line, the longest {worst:,} h"
        yield Finding("quiet spans", "medium", told, len(long), 0, _moment(time[long].min()),
                      _moment(time[long + 1].max()))  # fmt: skip


def blind_copies(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Known copies whose reads nobody logs: what is taken there leaves no trace here."""
    blind = [copy.name for copy in manifest.copies if not copy.read_log]
    if blind:
        told = f"{len(blind):,} known copies have no read log: {', '.join(blind)}"
        yield Finding("copies without a log", "high", told, len(blind))


def sealing(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """What the chain of seals says, and how many accesses it covers."""
    total = sum(evidence.graded.values())
    never, late = evidence.graded.get("never", 0), evidence.graded.get("late", 0)
    if total and never:
        told = f"{never:,} of {total:,} accesses lie in lines that were never sealed: they can prove nothing alone"
        yield Finding("never sealed", "medium", told, never)
    if total and late:
        told = f"{late:,} of {total:,} accesses were sealed only long after they were written"
        yield Finding("sealed late", "low", told, late)
    grave = {"forged", "broken", "rewritten", "truncated", "altered", "shrunk"}
    for fault in evidence.faults or ():
        level: Level = "critical" if fault.problem in grave else "medium"
        told = f"seal {fault.seq}: {fault.told}"
        yield Finding(f"seals: {fault.problem}", level, told, 1, 0, fault.since, fault.time)


def unread(manifest: Manifest, evidence: Evidence) -> Iterator[Finding]:
    """Records that could not be understood."""
    if evidence.rejects:
        told = f"{evidence.rejects:,} records of the logs could not be read; they lie aside with their reasons"
        yield Finding("unread records", "medium", told, evidence.rejects)


CHECKS: tuple[Check, ...] = (
    line_gaps, statement_gaps, silent_sessions, errors_after_read, weakened, privileged_reads, counted_rows,
    clock_jumps, quiet_spans, blind_copies, sealing, unread,
)  # fmt: skip


def _of(accesses: pa.Table, which: Mask, check: str, level: Level, told: str) -> Iterator[Finding]:
    rows = np.flatnonzero(which)
    if not len(rows):
        return
    some = accesses.take(pa.array(rows))
    time = _micros(some["time"])
    accounts = len(some["account"].combine_chunks().cast(pa.string()).unique())
    head = some.slice(0, _SHOWN)
    places = tuple(zip(head["file_sha256"].cast(pa.string()).to_pylist(), head["line_from"].to_pylist(), strict=True))
    yield Finding(check, level, f"{len(rows):,} {told}", len(rows), accounts, _moment(time.min()), _moment(time.max()),
                  places)  # fmt: skip


def _kind(accesses: pa.Table, *kinds: str) -> Mask:
    return _mask(pc.is_in(accesses["kind"].cast(pa.string()), value_set=pa.array(kinds)))


def _names(accesses: pa.Table, which: Mask) -> set[str]:
    sessions = accesses["session"].combine_chunks().cast(pa.string()).filter(pa.array(which)).unique()
    return {name for name in sessions.to_pylist() if name is not None}


def _mask(values: pa.Array | pa.ChunkedArray) -> Mask:
    return np.asarray(pc.fill_null(values, False), bool)


def _micros(times: pa.Array | pa.ChunkedArray) -> Ints:
    return np.asarray(pc.fill_null(times.cast(pa.int64()), 0), np.int64)


def _moment(micros: int) -> datetime | None:
    return datetime.fromtimestamp(int(micros) / 1_000_000, UTC) if micros > 0 else None


def _start(session: str | None) -> int | None:
    """When a session of PostgreSQL began, in seconds; None for other names."""
    try:
        return int((session or "").partition(".")[0], 16)
    except ValueError:
        return None
