"""From accesses to reads: ACCESS tables in, READ tables out, without a personal value.

A read is exact only when its shape is proven, its values are compared as PostgreSQL compares them, the result was the
same throughout its interval, every row has a record number, and as many rows were logged as are found. If more were
logged than the state can explain, nothing is claimed. See docs/reads.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.replay.answers import Answering, Answers
from kulla.registers.replay.apart import Group, Statements
from kulla.registers.replay.binding import Values, bound_parameters, conditions, whole_numbers
from kulla.registers.replay.indexes import Flags, History, Ints
from kulla.registers.replay.joins import join
from kulla.registers.replay.pages import Wanted, page
from kulla.registers.replay.readtable import Context, Found, reads_of
from kulla.registers.replay.shape import Apart, Refused, Shape, Slot
from kulla.registers.replay.statement import Vocabulary, parses, sql_words, understand
from kulla.registers.replay.templates import Templates, published

PARSED = 20_000
"""Distinct skeletons up to which statements are parsed in one run: 1 ms each, and whoever writes the log chooses."""
_NO_READS = ("connect", "disconnect", "setting", "role", "fetch", "replication")

Gaps = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Known:
    """What a skeleton comes to: its shape, and its template's id."""

    understood: Shape | Refused | Apart
    template_id: bytes


@dataclass(slots=True)
class Counts:
    """What became of accesses: shapes, reasons for unknown, reasons for no read."""

    accesses: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    extents: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    apart: Counter[str] = field(default_factory=Counter)

    def merge(self, other: Counts) -> None:
        """Add another's."""
        self.accesses += other.accesses
        for name in ("shapes", "extents", "refused", "apart"):
            getattr(self, name).update(getattr(other, name))


class Replay:
    """Resolves accesses against the histories of declared registers.

    Args:
        vocabulary: all registers that statements may name.
        wanted: the registers whose reads are wanted.
        histories: gives a register's history at first need; None when there is none (its reads are then unknown).
        gaps: for each register the intervals for which its history does not vouch.
        context: what else a read tells: remits, seals, windows.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        wanted: Sequence[str],
        histories: Callable[[str], History | None],
        context: Context,
        gaps: Mapping[str, Gaps] | None = None,
    ) -> None:
        self._vocabulary, self._wanted, self._histories = vocabulary, frozenset(wanted), histories
        self._context, self._gaps = context, gaps or {}
        self._words = vocabulary.words | sql_words()
        self._skeletons: dict[str, Known] = {}
        self._answering: dict[str, Answering | None] = {}
        self._outer_blocks: frozenset[int] = frozenset()
        self.templates, self.counts = Templates(), Counts()

    def reads(self, accesses: pa.Table) -> pa.Table:
        """READ for ACCESS, in the accesses' order. Accesses of no declared register give none."""
        accesses = accesses.unify_dictionaries().combine_chunks()
        self.counts.accesses += len(accesses)
        start, stop = self._context.window(accesses)
        found: list[Found] = []
        self._outer_blocks = _outer_blocks(accesses)
        for group in Statements(accesses, _NO_READS).groups():
            known = self._known(group)
            if isinstance(known.understood, Apart):
                found += self._named_inside(group, known)
            elif isinstance(known.understood, Refused):
                found += self._refused(group, known, known.understood)
            else:
                found += self._shaped(accesses, group, known, known.understood, start[group.at], stop[group.at])
        for each in found:
            for extent, count in Counter(each.extent.tolist()).items():
                self.counts.extents[extent] += count
        return reads_of(accesses, found, start, stop, self._context)

    def _known(self, group: Group) -> Known:
        if group.skeleton is None:
            mentioned = self._vocabulary.mentioned(group.text)
            if not mentioned:
                return Known(Apart("elsewhere"), b"")
            odd = Refused("not taken apart", mentioned)
            return Known(odd, self.templates.add(published(group.text[:200], self._words, parsed=False)))
        found = self._skeletons.get(group.skeleton)
        if found is None:
            found = self._understood(group.skeleton)
            self._skeletons[group.skeleton] = found
        return found

    def _understood(self, skeleton: str) -> Known:
        understood: Shape | Refused | Apart
        if len(self._skeletons) >= PARSED:
            mentioned = self._vocabulary.mentioned(skeleton)
            understood = Refused("too many distinct statements", mentioned) if mentioned else Apart("elsewhere")
        else:
            understood = understand(skeleton, self._vocabulary)
        if isinstance(understood, Apart):
            return Known(understood, b"")
        fit = isinstance(understood, Shape) or (len(self._skeletons) < PARSED and parses(skeleton))
        return Known(understood, self.templates.add(published(skeleton, self._words, fit)))

    def _named_inside(self, group: Group, known: Known) -> list[Found]:
        """A statement that names no register but in a literal (dynamic SQL, a code block): unknown, unless a write."""
        assert isinstance(known.understood, Apart)
        reason = known.understood.reason
        hidden = group.hiding(self._vocabulary.mentioned) if reason == "elsewhere" else {}
        hidden = {name: [n for n in places if n not in self._outer_blocks] for name, places in hidden.items()}
        counted = len(group.at) - len({int(place) for places in hidden.values() for place in places})
        self.counts.apart[reason] += counted
        if not hidden:
            return []
        template_id = self.templates.add(published(group.skeleton or "", self._words, group.skeleton is not None))
        return [
            self._unknown(np.array(places, np.int64), register, template_id, "named in a literal")
            for register, places in hidden.items()
            if register in self._wanted
        ]

    def _refused(self, group: Group, known: Known, refused: Refused) -> list[Found]:
        return [
            self._unknown(group.at, register, known.template_id, refused.reason)
            for register in refused.registers
            if register in self._wanted
        ]

    def _unknown(self, at: Ints, register: str, template_id: bytes, reason: str) -> Found:
        self.counts.refused[reason] += len(at)
        return Found.unknown(at, register, template_id)

    def _shaped(
        self, accesses: pa.Table, group: Group, known: Known, shape: Shape, start: Ints, stop: Ints
    ) -> list[Found]:
        places = [n for n, source in enumerate(shape.sources) if source.register in self._wanted]
        if not places:
            self.counts.apart["elsewhere"] += len(group.at)
            return []
        self.counts.shapes[shape.name] += len(group.at)
        missing = [s.register for s in shape.sources if self._at_hand(s.register) is None]
        if missing:
            named = [shape.sources[n].register for n in places]
            return [self._unknown(group.at, each, known.template_id, "no history") for each in named]
        values = Values(len(group.at), group.literals(), self._parameters(accesses, shape, group.at))
        logged = _Logged.of(accesses, group.at)
        if len(shape.sources) == 1:
            answers, certain, rows = self._single(shape, values, start, stop, logged.rows)
            told = [answers]
        else:
            told, certain, rows = join(shape, self._all_at_hand(shape), values, start, stop)
        return [
            self._graded(group.at, shape, n, known.template_id, told[n], certain, rows, logged, start, stop)
            for n in places
        ]  # fmt: skip

    def _at_hand(self, register: str) -> Answering | None:
        if register not in self._answering:
            history = self._histories(register)
            self._answering[register] = None if history is None else Answering(history)
        return self._answering[register]

    def _all_at_hand(self, shape: Shape) -> dict[str, Answering]:
        found = ((source.register, self._at_hand(source.register)) for source in shape.sources)
        return {register: answering for register, answering in found if answering is not None}

    def _parameters(self, accesses: pa.Table, shape: Shape, at: Ints) -> list[pa.Array]:
        slots = [slot for source in shape.sources for test in source.tests for slot in test.slots]
        if not any(slot is not None and slot.kind == "bound" for slot in (*slots, shape.limit, shape.offset)):
            return []
        return bound_parameters(pc.take(accesses.column("parameters").combine_chunks(), pa.array(at)))

    def _single(
        self, shape: Shape, values: Values, start: Ints, stop: Ints, logged: Ints
    ) -> tuple[Answers, Flags, Ints]:
        """The answers of a shape on one register, which are certain, and the rows that each returned."""
        answering = self._at_hand(shape.sources[0].register)
        assert answering is not None
        bound, sure = conditions(answering.history, shape.sources[0].tests, values)
        if shape.doubts:
            answers = answering.answer(bound, start, stop)
            return answers, np.zeros(values.count, np.bool_), answers.rows
        if shape.limit is None and shape.offset is None:
            answers = answering.answer(bound, start, stop)
            return answers, sure & answers.steady & answers.complete, answers.rows
        limit, known = _numbers(shape.limit, values)
        offset, also = _numbers(shape.offset, values)
        usable = sure & known & also
        if usable.all():
            answers, fixed = page(answering, bound, start, stop, Wanted(shape.order, limit, offset, logged))
            return answers, fixed & answers.steady & answers.complete, answers.rows
        answers = answering.answer(bound, start, stop)
        return answers, np.zeros(values.count, np.bool_), answers.rows

    def _graded(
        self, at: Ints, shape: Shape, place: int, template_id: bytes, answers: Answers, certain: Flags, rows: Ints,
        logged: _Logged, start: Ints, stop: Ints,
    ) -> Found:  # fmt: skip
        source = shape.sources[place]
        answering = self._at_hand(source.register)
        assert answering is not None
        exact = certain & logged.ok & (logged.rows == rows)
        for begin, end in self._gaps.get(source.register, ()):
            exact &= ~((start < end) & (stop >= begin))
        early = start < answering.history.begins
        most = answers.most if len(shape.sources) == 1 else np.where(rows < 0, logged.rows, rows)
        more = logged.ok & (logged.rows > most) & ~early & (not shape.multiplied)
        unknown = early | more
        self.counts.refused["before the history begins"] += int(early.sum())
        self.counts.refused["more rows logged than found"] += int(more.sum())
        extent = np.where(unknown, "unknown", np.where(exact, "exact", "upper_bound"))
        record = np.where(unknown, 0, answers.record).astype(np.uint32)
        records = answers.records.copy()
        records[unknown] = None
        return Found(at, source.register, template_id, source.columns, extent, record, records)


def _outer_blocks(accesses: pa.Table) -> frozenset[int]:
    """DO blocks and calls whose inner statements were logged too, and tell what they read."""
    kinds = accesses.column("kind").cast(pa.string())
    blocks = np.flatnonzero(np.asarray(pc.equal(kinds, "do").fill_null(False).combine_chunks()))
    if not len(blocks):
        return frozenset()
    pairs = list(zip(accesses["session"].to_pylist(), accesses["statement_id"].to_pylist(), strict=True))
    many = Counter(pairs)
    return frozenset(place for place in blocks.tolist() if many[pairs[place]] > 1 and None not in pairs[place])


def _numbers(slot: Slot | None, values: Values) -> tuple[Ints, Flags]:
    if slot is None:
        return np.full(values.count, -1, np.int64), np.ones(values.count, np.bool_)
    return whole_numbers(values.one(slot))


@dataclass(frozen=True, slots=True)
class _Logged:
    """What the log says of accesses: rows (-2: nothing), and whether they ended well."""

    rows: npt.NDArray[np.int64]
    ok: Flags

    @staticmethod
    def of(accesses: pa.Table, at: Ints) -> _Logged:
        taken = accesses.select(["rows", "outcome"]).take(pa.array(at))
        rows = np.asarray(taken.column("rows").fill_null(-2).combine_chunks(), np.int64)
        outcome = taken.column("outcome").cast(pa.string())
        return _Logged(rows, np.asarray(pc.equal(outcome, "ok").fill_null(False).combine_chunks(), np.bool_))
