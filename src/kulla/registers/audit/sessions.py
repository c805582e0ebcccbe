"""Steps → accesses: what a session's log says several times of one statement becomes one access.

    pgaudit's SESSION and OBJECT records of a statement     one access, with the objects' names joined
    COPY or DECLARE, and the SELECT inside it               one access of kind copy or cursor
    a statement logged before it ran                        tells the audited one's start
    a statement logged with its duration                    tells it too
    an ERROR that names a statement audited at its start    that access ended so; else an access of its own

The line kept is the first of those that are one access. A statement's records stand together in its session, so a
session's steps fall into runs, each of one statement. Whether a step begins a run is told by it and the one before it
in its session alone, and an access by its run alone. So a stretch can be joined without the rest of the log: of each
session only the first run, which may have begun before, and the last, which may go on, are given back
(`Joined.waiting`), to be joined in the log's order; of the other sessions that had steps, the names, since what waited
of them before does so no longer (`Joined.passed`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.audit.lines import label
from kulla.registers.audit.steps import AUDIT, ERROR, EXECUTED, FINISH, OTHER, START, STEPS, TIMED
from kulla.registers.schema import ACCESS, TIME

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

ACCESSES: Final = pa.schema([field for field in ACCESS if field.name != "file_sha256"])
"""ACCESS without the file, which the edge knows."""

_NUMBERED: Final = ("statement_id", "substatement_id")
_CLOSING: Final = (FINISH, TIMED, ERROR, OTHER)
_NEVER: Final = np.iinfo(np.int64).min
_REDACTED: Final = "<REDACTED>"
_RECALLED: Final = "<previously logged>"
"""What pgaudit writes for statement and values when it has logged them already (`pgaudit.log_statement_once`)."""
_ALONE: Final = 1 << 40

FORGET: Final = 400_000
FORGET_START: Final = 4_000_000
"""Lines after which a record is of another statement than the one before it in its session: hardly any statement logs
over a longer stretch; one logged before it ran may take hours. So no run is waited for beyond that."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The accesses of a stretch (ACCESSES, in the log's order), the steps that wait for what follows or precedes, and
    the sessions of which none waits."""

    accesses: pa.Table
    waiting: pa.Table
    passed: tuple[str, ...] = ()


def join(steps: pa.Table, *, first: bool = True, last: bool = True) -> Joined:
    """Make accesses of steps in the log's order.

    first: nothing precedes but what is at hand; last: nothing follows. Else runs that may go on there wait.
    """
    if not len(steps):
        return Joined(ACCESSES.empty_table(), STEPS.empty_table())
    runs = _Runs(steps, first)
    waits = runs.open(first, last)
    if not waits.any():
        return Joined(_accesses(steps, runs), STEPS.empty_table(), tuple(named(steps)))
    some = runs.told(steps).filter(pa.array(waits))
    passed = tuple(sorted(set(named(steps)) - set(named(some))))
    return Joined(join(steps.filter(pa.array(~waits))).accesses if not waits.all() else _none(), some, passed)


def named(steps: pa.Table) -> list[str]:
    """The sessions of steps, each once."""
    found: list[str] = pc.unique(steps.column("session").combine_chunks()).drop_null().cast(pa.string()).to_pylist()
    return found


def _none() -> pa.Table:
    return ACCESSES.empty_table()


def _ints(column: pa.ChunkedArray | pa.Array, null: int) -> Ints:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(array.cast(pa.int64()).fill_null(null).to_numpy(zero_copy_only=False), np.int64)


def _codes(column: pa.ChunkedArray) -> Ints:
    """A number for each value; nulls are all different."""
    codes = _ints(column.combine_chunks().indices, -1).copy()
    alone = codes < 0
    codes[alone] = _ALONE + np.flatnonzero(alone)
    return codes


def _recalled(steps: pa.Table, run: Ints) -> pa.Table:
    """The steps with the statements and values that pgaudit says it has logged, where their run has them."""
    statement = steps.column("statement")
    again = np.flatnonzero(pc.fill_null(pc.equal(statement, _RECALLED), False).to_numpy())
    if not len(again):
        return steps
    rows = np.flatnonzero(np.isin(run, run[again]))
    some = steps.select(["statement", *_NUMBERED]).take(pa.array(rows)).to_pydict()
    told: dict[tuple[object, ...], int] = {}
    source = np.arange(len(steps))
    for row, text, *numbers in zip(rows.tolist(), *some.values(), strict=True):
        key = int(run[row]), *numbers
        if text == _RECALLED:
            source[row] = told.get(key, row)
        elif numbers[0] is not None:
            told[key] = row
    for name in ("statement", "parameters"):
        at = steps.schema.get_field_index(name)
        steps = steps.set_column(at, steps.schema.field(at), steps.column(name).take(pa.array(source)))
    return steps


def deadlines(steps: pa.Table) -> tuple[Ints, Ints]:
    """Of each step the line up to which one that goes on its run may begin, and a number for its session."""
    line, mark = (_ints(steps.column(name), 0) for name in ("line_from", "mark"))
    return _deadlines(line, mark), _codes(steps.column("session"))


def _deadlines(line: Ints, mark: Ints) -> Ints:
    return line + np.where(mark == START, FORGET_START, FORGET)


class _Runs:
    """Which steps speak of one statement. Arrays are in the order of sessions, `order` says which step each is."""

    def __init__(self, steps: pa.Table, first: bool) -> None:
        session = _codes(steps.column("session"))
        self.order = np.argsort(session, kind="stable")
        self.session = session[self.order]
        self.mark = _ints(steps.column("mark"), 0)[self.order]
        self.first = np.ones(len(session), np.bool_)
        self.first[1:] = self.session[1:] != self.session[:-1]
        self.final = np.ones(len(session), np.bool_)
        self.final[:-1] = self.first[1:]
        told, start = self._given(steps, "begins")
        _, self.ends = self._given(steps, "ends")
        self.begins = np.where(told, start, self._begin(steps)) | self.first
        line = _ints(steps.column("line_num"), 0)[self.order]
        # What precedes cannot make these go on; a step without a session stands alone.
        own = np.isin(self.mark, (START, OTHER)) | (line == 1) | (self.session >= _ALONE)
        self.certain = ~self.first | told | own | first
        self.run = np.cumsum(self.begins) - 1

    def _given(self, steps: pa.Table, name: str) -> tuple[Mask, Mask]:
        """Whether a column tells something of each step, and what; False where it tells nothing."""
        column = steps.column(name).combine_chunks()
        told = np.asarray(column.is_valid().to_numpy(zero_copy_only=False))
        return told[self.order], np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False))[self.order]

    def _begin(self, steps: pa.Table) -> Mask:
        """Whether each step begins a run, by itself and the step before it."""
        mark, number = self.mark, _ints(steps.column("statement_id"), -1)[self.order]
        counted = np.asarray(steps.column("counted").combine_chunks().to_numpy(zero_copy_only=False))[self.order]
        line = _ints(steps.column("line_from"), 0)[self.order]
        begins = np.ones(len(mark), np.bool_)
        now, before = mark[1:], mark[:-1]
        audit, ending = now == AUDIT, np.isin(now, (FINISH, EXECUTED, TIMED, ERROR))
        follows = np.isin(before, (AUDIT, START))
        goes_on = audit & (before == START) | audit & (before == AUDIT) & (number[1:] == number[:-1])
        # The extended protocol ends a statement, and so counts its rows, after it has told the duration.
        goes_on |= ending & follows & ~((now == EXECUTED) & (before == AUDIT) & counted[:-1])
        late = np.flatnonzero(audit & counted[1:] & (before == EXECUTED)) + 1
        if len(late):
            statement = steps.column("statement")
            these, those = (statement.take(pa.array(self.order[at])).combine_chunks() for at in (late, late - 1))
            same = pc.fill_null(pc.equal(these, those), False).to_numpy(zero_copy_only=False)
            goes_on[late[same] - 1] = True
        goes_on &= line[1:] <= _deadlines(line, mark)[:-1]
        begins[1:] = ~goes_on | self.ends[:-1]
        # A session's first line; where a log stands twice in a file it comes again.
        begins[_ints(steps.column("line_num"), 0)[self.order] == 1] = True
        return begins

    def open(self, first: bool, last: bool) -> Mask:
        """Steps of runs that may go on in what follows, or may have begun in what precedes; by step."""
        waits = np.zeros(self.run[-1] + 1, np.bool_)
        if not last:
            waits[self.run[self.final & ~self._closed()]] = True
        if not first:
            waits[self.run[self.first & ~self.certain]] = True
        found = np.empty(len(self.order), np.bool_)
        found[self.order] = waits[self.run]
        return found

    def _closed(self) -> Mask:
        """Steps after which the session's next one, which is not at hand, begins a run whatever it is."""
        return np.isin(self.mark, _CLOSING) | self.ends | (self.session >= _ALONE)

    def told(self, steps: pa.Table) -> pa.Table:
        """The steps with what is known by now of where runs begin and end."""
        ends = self._closed()
        ends[:-1] |= ~self.final[:-1] & self.begins[1:]
        for name, found, known in (("begins", self.begins, self.certain), ("ends", ends, ends)):
            values, valid = np.empty(len(ends), np.bool_), np.empty(len(ends), np.bool_)
            values[self.order], valid[self.order] = found, known
            at = steps.schema.get_field_index(name)
            steps = steps.set_column(at, steps.schema.field(at), pa.array(values, mask=~valid))
        return steps


def _accesses(steps: pa.Table, runs: _Runs) -> pa.Table:
    """The accesses of whole runs."""
    order = runs.order
    steps = steps.take(pa.array(order)) if not (order[1:] > order[:-1]).all() else steps
    change = _Change(_recalled(steps, runs.run), runs)
    size = np.bincount(runs.run)[runs.run]
    several = np.flatnonzero(size > 1)
    if len(several):
        change.one_statement(several)
    change.keep[runs.mark == TIMED] = False
    alone = change.keep & np.isin(runs.mark, (FINISH, EXECUTED))
    change.started[alone] = change.began[alone]
    starts = change.keep & (runs.mark == START)
    change.started[starts] = np.where(change.started[starts] == _NEVER, change.time[starts], change.started[starts])
    made = change.table()
    kept = np.argsort(order[change.keep], kind="stable")
    return made if (kept[1:] > kept[:-1]).all() else made.take(pa.array(kept))


class _Change:
    """What joining changes of the steps, which stand in the order of the runs."""

    def __init__(self, steps: pa.Table, runs: _Runs) -> None:
        self.steps = steps
        self.run, self.mark = runs.run, runs.mark
        count = len(self.mark)
        self.keep = np.ones(count, np.bool_)
        self.time = _ints(steps.column("time"), _NEVER).copy()
        self.started = np.full(count, _NEVER, np.int64)
        spent = steps.column("duration").combine_chunks().fill_null(-1).to_numpy(zero_copy_only=False)
        self.began = np.where(spent >= 0, self.time - np.rint(np.minimum(spent, 1e12) * 1000).astype(np.int64), _NEVER)
        self.rows = _ints(steps.column("rows"), -1).copy()
        self.outcome_of = np.arange(count)
        """The step whose outcome an access has."""
        self.names: dict[int, str] = {}
        self.commands: dict[int, str] = {}

    def one_statement(self, several: Ints) -> None:
        """Join the steps of runs that have more than one."""
        run, mark = self.run[several], self.mark[several]
        text = self._texts(several)
        key = run * (int(text.max()) + 2) + text
        audit = mark == AUDIT
        told = {each: np.isin(key, key[mark == each]) for each in (AUDIT, START)}
        matched = told[AUDIT] | self._redacted(several, audit)
        started = np.full(int(self.run[-1]) + 1, _NEVER, np.int64)
        ends = np.isin(mark, (FINISH, EXECUTED, TIMED))
        with_start = np.isin(run, run[mark == START])
        told_by = ends & (matched | with_start) & ~audit
        started[run[told_by]] = self.began[several[told_by]]
        begun = (mark == START) & (matched | ~np.isin(run, run[audit]))
        started[run[begun]] = self.time[several[begun]]
        self.started[several] = started[run]
        self.keep[several[matched & np.isin(mark, (START, FINISH, EXECUTED))]] = False
        self._failed(several, run, key, mark, told[START])
        unaudited = (mark == START) & ~matched
        self._timed(several, run, mark, unaudited)
        self._same(several[audit], key[audit])

    def _texts(self, several: Ints) -> Ints:
        """A number for each statement; what an EXECUTE runs counts as its text."""
        some = self.steps.select(["statement", "prepared"]).take(pa.array(several))
        statement = pc.coalesce(some.column("prepared"), some.column("statement")).combine_chunks()
        return _ints(statement.dictionary_encode().indices, -1) + 1

    def _redacted(self, several: Ints, audit: Mask) -> Mask:
        """Statements that pgaudit shows without their password, and the log with it."""
        found = np.zeros(len(several), np.bool_)
        statement = self.steps.column("statement").take(pa.array(several))
        hidden = pc.fill_null(pc.ends_with(statement, _REDACTED), False).to_numpy()
        for at in np.flatnonzero(np.asarray(hidden) & audit).tolist():
            head = str(statement[at].as_py()).removesuffix(_REDACTED)
            for other in (at - 1, at + 1):
                if 0 <= other < len(several) and self.run[several[other]] == self.run[several[at]]:
                    found[other] |= not audit[other] and str(statement[other].as_py() or "").startswith(head)
        return found

    def _failed(self, several: Ints, run: Ints, key: Ints, mark: Ints, begun: Mask) -> None:
        """An ERROR of a statement that was logged before it ran, or audited without a count of rows."""
        failed = np.flatnonzero(mark == ERROR)
        if not len(failed):
            return
        counted = self.steps.column("counted").take(pa.array(several)).to_numpy()
        open_audit = (mark == AUDIT) & ~np.asarray(counted)
        error = np.full(int(self.run[-1]) + 1, -1, np.int64)
        error[run[failed]] = failed
        mine = error[run]
        ends = open_audit & (mine >= 0) & (key[np.maximum(mine, 0)] == key)
        self.outcome_of[several[ends]] = several[mine[ends]]
        self.keep[several[mine[ends]]] = False
        same = begun & (mark == ERROR)
        self.keep[several[(mark == START) & (mine >= 0) & (key[np.maximum(mine, 0)] == key)]] = False
        start = np.full(int(self.run[-1]) + 1, _NEVER, np.int64)
        start[run[mark == START]] = self.time[several[mark == START]]
        self.started[several[same]] = start[run[same]]

    def _timed(self, several: Ints, run: Ints, mark: Ints, unaudited: Mask) -> None:
        """A statement logged before it ran, and its duration alone after it: the access ends at the second."""
        ends = np.full(int(self.run[-1]) + 1, _NEVER, np.int64)
        timed = mark == TIMED
        ends[run[timed]] = self.time[several[timed]]
        some = unaudited & (ends[run] != _NEVER)
        self.started[several[some]] = self.time[several[some]]
        self.time[several[some]] = ends[run[some]]

    def _same(self, audits: Ints, key: Ints) -> None:
        """pgaudit's records of one statement."""
        kind = self.steps.column("kind").take(pa.array(audits)).combine_chunks().cast(pa.string())
        whole = pc.is_in(kind, pa.array(["copy", "cursor"])).to_numpy(zero_copy_only=False)
        inner = _ints(self.steps.column("substatement_id").take(pa.array(audits)), -1).copy()
        inner[whole] = -2
        pairs = np.stack((key, inner), axis=1)
        _, first, group, count = np.unique(pairs, axis=0, return_index=True, return_inverse=True, return_counts=True)
        group = group.reshape(-1)
        if (count == 1).all():
            return
        leader = audits[first[group]]
        self.keep[audits[audits != leader]] = False
        np.maximum.at(self.rows, leader, self.rows[audits])
        self._told_together(audits[(count[group] > 1)], leader[count[group] > 1])

    def _told_together(self, audits: Ints, leader: Ints) -> None:
        part = self.steps.select(["object_name", "command"]).take(pa.array(audits)).to_pydict()
        names: dict[int, dict[str, None]] = {}
        for at, name, command in zip(leader.tolist(), part["object_name"], part["command"], strict=True):
            if name:
                names.setdefault(at, {})[name] = None
            if command in ("COPY", "DECLARE CURSOR"):
                self.commands[at] = command
        self.names = {at: ", ".join(found) for at, found in names.items()}

    def table(self) -> pa.Table:
        """The accesses, in the order of the runs."""
        kept = pa.array(np.flatnonzero(self.keep))
        made = self.steps.take(kept)
        changed = self.outcome_of[self.keep]
        columns = {name: made.column(name) for name in ACCESSES.names}
        if (changed != np.flatnonzero(self.keep)).any():
            columns |= {name: self.steps.column(name).take(pa.array(changed)) for name in ("outcome", "sqlstate")}
        started = np.minimum(self.started, self.time)[self.keep]  # times are cut to milliseconds
        rows = self.rows[self.keep]
        columns["time"] = pa.array(self.time[self.keep]).cast(TIME)
        columns["started"] = pa.array(started, mask=started == _NEVER).cast(TIME)
        columns["rows"] = pa.array(rows, mask=rows < 0)
        for name, found in (("object_name", self.names), ("command", self.commands)):
            if found:
                columns[name] = self._placed(name, columns[name], found)
        return pa.table(columns).cast(ACCESSES)

    def _placed(self, name: str, column: pa.ChunkedArray, found: dict[int, str]) -> pa.Array:
        texts = column.cast(pa.string()).combine_chunks()
        places = np.cumsum(self.keep) - 1
        mask = np.zeros(len(texts), np.bool_)
        at = sorted(each for each in found if self.keep[each])
        mask[places[at]] = True
        return label(pc.replace_with_mask(texts, pa.array(mask), pa.array([found[each] for each in at], pa.string())))
