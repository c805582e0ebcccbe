"""What is remembered of each account: bounded, mergeable, moved on by one day at a time.

For each account (subject) are kept: a ring of DAYS days of a few daily figures, the sketch of distinct persons, the
persons read by hour of the week, and the last used statement templates, tools and computers. That is some 23 kB an
account, however many reads there are. Everything that signals compare with is computed from it, so two states that
watched different days or different accounts merge into the one that would have watched both (`merged`).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from kulla.errors import InputError
from kulla.registers import bitmap
from kulla.registers.insider import sketch
from kulla.registers.insider.facts import HOURS, Facts, Floats
from kulla.registers.insider.known import Known
from kulla.registers.insider.pools import Pools
from kulla.registers.insider.reads import Ints
from kulla.registers.insider.tails import BINS, Tails

VERSION: Final = 2

DAYS: Final = 180
"""Days the ring remembers: a baseline before a change that lasted a quarter of a year."""

FORGET: Final = 400
"""Days after which an account that reads no more is forgotten."""

SERIES: Final = (
    "persons", "singles", "lookups", "missed", "lists", "outside", "inside", "steps", "watched", "broken",
    "unknown", "without_case", "month", "quarter", "shift", "pace",
)  # fmt: skip
"""Daily figures: those of `Facts`; log1p of distinct persons in 30 and 90 days; and by how much (in log1p of persons,
and of those looked up one by one) the account's peers were above or below their own usual that day. NaN: the account
did not read that day."""

Ring = npt.NDArray[np.float32]
_AT: Final = {name: at for at, name in enumerate(SERIES)}


@dataclass
class State:
    """The memory of one register's watch. Changed in place by `rows`, `note` and `write`.

    Attributes:
        last: the last day written, -1 before the first; days: how many were written.
        names: subjects, in the order first met; arrays are indexed by it and may have spare rows at the end.
        seen: each subject's last active day.
    """

    last: int = -1
    days: int = 0
    names: list[str] = field(default_factory=list)
    seen: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    ring: Ring = field(default_factory=lambda: np.zeros((0, len(SERIES), DAYS), np.float32))
    cells: sketch.Days = field(default_factory=lambda: sketch.empty(0))
    hours: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, HOURS), np.float32))
    templates: Known = field(default_factory=lambda: Known.empty(0, 48))
    tools: Known = field(default_factory=lambda: Known.empty(0, 8))
    clients: Known = field(default_factory=lambda: Known.empty(0, 8))
    pools: Pools = field(default_factory=Pools)
    tails: Tails = field(default_factory=Tails)
    alerted: dict[str, int] = field(default_factory=dict)
    """Subject → day of its last finding."""
    tokens: float = 4.0
    """What is left of the alert budget."""
    _index: dict[str, int] = field(default_factory=dict)

    def rows(self, subjects: Sequence[str]) -> Ints:
        """The row of each subject; new ones get one."""
        for name in subjects:
            if name not in self._index:
                self._index[name] = len(self.names)
                self.names.append(name)
        self._room(len(self.names))
        return np.array([self._index[name] for name in subjects], np.int64)

    def _room(self, wanted: int) -> None:
        have = len(self.seen)
        if wanted <= have:
            return
        more = max(wanted - have, have // 2, 64)
        self.seen = np.concatenate([self.seen, np.full(more, -1, np.int32)])
        self.ring = np.concatenate([self.ring, np.full((more, len(SERIES), DAYS), np.nan, np.float32)])
        self.cells = np.concatenate([self.cells, sketch.empty(more)])
        self.hours = np.concatenate([self.hours, np.zeros((more, HOURS), np.float32)])
        self.templates, self.tools = self.templates.grown(more), self.tools.grown(more)
        self.clients = self.clients.grown(more)

    def note(self, facts: Facts, rows: Ints) -> None:
        """Put the day's persons into the sketches, so that rolling counts include today."""
        sketch.add(self.cells, rows[facts.pair_subject], facts.pair_record, facts.day)
        for subject, data in facts.large.open.items():
            records = bitmap.unpack(data)
            sketch.add(self.cells, np.full(len(records), rows[subject]), records, facts.day)

    def distinct(self, rows: Ints, day: int, days: int) -> Floats:
        """About how many persons each subject read in the last `days` days, `day` included."""
        return np.asarray(sketch.distinct(self.cells[rows], day - days + 1), np.float64)

    def past(self, rows: Ints, series: str, day: int) -> Floats:
        """The figures of the DAYS - 1 days before `day`, oldest first, shape (subjects, DAYS - 1); NaN: inactive."""
        days = np.arange(day - DAYS + 1, day)
        values = np.asarray(self.ring[rows, _AT[series]][:, days % DAYS], np.float64)
        values[:, (days > self.last) | (days <= self.last - DAYS)] = np.nan
        return values

    def write(self, facts: Facts, rows: Ints, figures: dict[str, Floats]) -> None:
        """Close the day: `figures` gives each of SERIES. Days must come in order, each once.

        Raises InputError for a day at or before the last.
        """
        if facts.day <= self.last:
            raise InputError("a day was watched already, or days came out of order; start the state anew")
        self._clear(facts.day)
        slot = facts.day % DAYS
        for name, at in _AT.items():
            self.ring[rows, at, slot] = figures[name]
        self.hours[rows] += facts.hours
        self.templates.learn(rows[facts.read_subject], facts.read_template, facts.day)
        self.tools.learn(rows[facts.read_subject], facts.read_tool, facts.day)
        self.clients.learn(rows[facts.read_subject], facts.read_client, facts.day)
        self.pools.learn(facts.read_pool, facts.read_client, facts.day)
        self.seen[rows] = facts.day
        self.last = facts.day
        self.days += 1

    def _clear(self, day: int) -> None:
        gone = np.arange(max(self.last + 1, day - DAYS + 1), day + 1) % DAYS
        self.ring[:, :, gone] = np.nan

    def forgotten(self) -> State:
        """The state without subjects that have not read for FORGET days."""
        kept = [at for at in range(len(self.names)) if self.seen[at] > self.last - FORGET]
        return self if len(kept) == len(self.names) else self._picked(kept)

    def _picked(self, rows: Sequence[int]) -> State:
        at = np.array(rows, np.int64)
        names = [self.names[row] for row in rows]
        index = {name: row for row, name in enumerate(names)}
        return State(
            self.last, self.days, names, self.seen[at], self.ring[at], self.cells[at], self.hours[at],
            self.templates.picked(at), self.tools.picked(at), self.clients.picked(at), self.pools, self.tails,
            {name: day for name, day in self.alerted.items() if day > self.last - FORGET}, self.tokens, index,
        )  # fmt: skip


def merged(one: State, other: State) -> State:
    """The state that has watched what both have: other days, or other accounts. Neither is changed."""
    last = max(one.last, other.last)
    days = max(one.days, other.days) if one.last == other.last else one.days + other.days
    result = State(last, days, tokens=min(one.tokens, other.tokens), tails=one.tails.plus(other.tails))
    result.pools = one.pools.plus(other.pools)
    result.rows([*one.names, *(name for name in other.names if name not in one._index)])
    for state in (one, other):
        rows = result.rows(state.names)
        n = len(state.names)
        result.seen[rows] = np.maximum(result.seen[rows], state.seen[:n])
        aligned = _aligned(state, last)
        result.ring[rows] = np.where(np.isnan(aligned), result.ring[rows], aligned)
        result.cells[rows] = sketch.merged(result.cells[rows], state.cells[:n])
        result.hours[rows] += state.hours[:n]
        result.templates.absorb(rows, state.templates)
        result.tools.absorb(rows, state.tools)
        result.clients.absorb(rows, state.clients)
        for name, day in state.alerted.items():
            result.alerted[name] = max(day, result.alerted.get(name, day))
    return result


def _aligned(state: State, last: int) -> Ring:
    """The state's ring with the days that are too old by `last` taken out."""
    ring = state.ring[: len(state.names)].copy()
    old = np.arange(state.last - DAYS + 1, min(state.last, last - DAYS) + 1)
    if len(old):
        ring[:, :, old % DAYS] = np.nan
    return ring


def to_bytes(state: State) -> bytes:
    """The state as one compressed NumPy archive with a version number; it holds no pickled object."""
    n = len(state.names)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        version=np.array([VERSION, DAYS, state.last, state.days]),
        series=_text(SERIES),
        names=_text(state.names),
        seen=state.seen[:n],
        ring=state.ring[:n],
        cells=state.cells[:n],
        hours=state.hours[:n],
        template_code=state.templates.code[:n],
        template_day=state.templates.day[:n],
        tool_code=state.tools.code[:n],
        tool_day=state.tools.day[:n],
        client_code=state.clients.code[:n],
        client_day=state.clients.day[:n],
        pool_pairs=state.pools.rows()[0],
        pool_days=state.pools.rows()[1],
        tail_names=_text(f"{signal}\t{role}" for signal, role in state.tails.counts),
        tail_counts=np.array(list(state.tails.counts.values())).reshape(-1, BINS),
        alerted_names=_text(state.alerted),
        alerted_days=np.array(list(state.alerted.values()), np.int64),
        tokens=np.array([state.tokens]),
    )
    return out.getvalue()


def from_bytes(data: bytes, place: str) -> State:
    """The state again. Raises InputError naming `place` when it is none, or of another version."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            parts = {name: file[name] for name in file.files}
        if parts["version"][:2].tolist() != [VERSION, DAYS] or _lines(parts["series"]) != list(SERIES):
            raise InputError(f"{place}: written by another version; remove it and watch the days again")
    except (ValueError, OSError, KeyError, EOFError, BadZipFile) as error:
        raise InputError(f"{place}: no state of a watch; remove it and watch the days again") from error
    names = _lines(parts["names"])
    keys = [tuple(line.split("\t", 1)) for line in _lines(parts["tail_names"])]
    return State(
        int(parts["version"][2]),
        int(parts["version"][3]),
        names,
        parts["seen"],
        parts["ring"],
        parts["cells"],
        parts["hours"],
        Known(parts["template_code"], parts["template_day"]),
        Known(parts["tool_code"], parts["tool_day"]),
        Known(parts["client_code"], parts["client_day"]),
        Pools.of_rows(parts["pool_pairs"], parts["pool_days"]),
        Tails({(k[0], k[1]): counts for k, counts in zip(keys, parts["tail_counts"], strict=True)}),
        dict(zip(_lines(parts["alerted_names"]), parts["alerted_days"].tolist(), strict=True)),
        float(parts["tokens"][0]),
        {name: row for row, name in enumerate(names)},
    )


def _text(lines: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Lines as bytes; line breaks inside a name are escaped, for names come from logs."""
    return np.frombuffer(b"".join(line.encode("unicode_escape") + b"\n" for line in lines), np.uint8)


def _lines(data: npt.NDArray[np.uint8]) -> list[str]:
    return [line.decode("unicode_escape") for line in data.tobytes().split(b"\n")[:-1]]
