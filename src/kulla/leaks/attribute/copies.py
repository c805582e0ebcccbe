"""Known copies of the register that a piece is consistent with: they have no read log, and rule nobody out or in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from kulla.leaks.attribute.edges import EXACT, Edges
from kulla.leaks.attribute.judge import ALIKE, HALF, Verdict
from kulla.leaks.attribute.mixture import best, fitted, pool
from kulla.leaks.attribute.null import COPY, PASTED, null
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.surely import Mask, likely, sight
from kulla.leaks.attribute.target import Target
from kulla.leaks.candidate import CopyMatch
from kulla.leaks.marks import Extract
from kulla.registers.manifest import Copy


@dataclass(frozen=True, slots=True)
class _Told:
    """A copy that agrees with the piece.

    log10: as of CopyMatch. held: where the history was made of this copy, which rows it surely held, and whether it
    agrees at its own moment, with no clock allowed for.
    """

    match: CopyMatch
    held: Mask | None = None
    agrees: bool = True


def matched_copies(
    found: Explained, verdict: Verdict, copies: Sequence[Copy], clock: float, prior_unlogged: float, margin: float,
    sights: Sequence[int] = (), edges: Edges = EXACT,
) -> tuple[tuple[CopyMatch, ...], float]:  # fmt: skip
    """The copies under which the piece is within the margin as probable as under the best unlogged copy, and the
    greatest log-likelihood among them, -inf when there is none.

    A copy that follows the register could have given any state that the register had. Most rows must have stood so at
    the copy's moment. That a copy is told accuses nobody, so also a piece is that might be of any time, such as 120
    rows that never changed. log10: of the likelihood ratio against rows pasted from anywhere.

    sights: moments, microseconds UTC, of the copies that the history was made of. They order such copies, and limit
    which of them are told; never whether any is, nor the greatest log-likelihood, on which naming depends.
    """
    target = found.target
    pasted, least = target.stood, max(margin, ALIKE * target.total)
    told: list[_Told] = []
    best_value = -np.inf
    for copy in copies:
        value, moment = verdict.null.value, verdict.moment
        if copy.frozen_at is not None:
            moment = micros(copy.frozen_at)
            value = _frozen(found, moment, clock, prior_unlogged)
        if value < verdict.null.value - least - edges.nats(f"copy/{copy.name}") or not edges.beyond(
            _stood(target, moment, clock) - HALF * target.total, f"copy/{copy.name}/stood"
        ):
            continue
        best_value = max(best_value, value)
        held, agrees = None, True
        seen = None if copy.frozen_at is None else sight(moment, sights, clock)
        if seen is not None:
            held = target.meets_all(seen, seen)
            value = _frozen(found, seen, 0.0, prior_unlogged)
            agrees = value >= verdict.null.value - least and _stood(target, seen, 0.0) >= HALF * target.total
        frozen = None if copy.frozen_at is None else moment
        log10 = (value - pasted) / float(np.log(10))
        match = CopyMatch(copy.name, copy.kind, frozen, copy.reachable_by, copy.read_log, log10, copy.note)
        told.append(_Told(match, held, agrees))
    return _ordered(told, target, margin), best_value


def _stood(target: Target, moment: int, clock: float) -> float:
    """How many of the records stood as in the piece within the clock of a moment."""
    slack = int(clock * 1e6)
    return float(target.weight[target.meets_all(moment - slack, moment + slack)].sum())


def _ordered(told: Sequence[_Told], target: Target, margin: float) -> tuple[CopyMatch, ...]:
    """The copies, the most probable first. Those that the history was made of stand together, by how much of the piece
    they held, and of them only those are left that may be where it comes from."""
    rest = [each for each in told if each.held is None]
    own = [each for each in told if each.held is not None]
    own = [each for each in own if each.agrees] or own
    held = [each.held for each in own if each.held is not None]
    own = [each for each, kept in zip(own, likely(held, target.weight, margin), strict=True) if kept]
    first = max((each.match.log10 for each in own), default=0.0)
    keyed = [(-each.match.log10, 0.0, -each.match.log10, each.match) for each in rest]
    keyed += [(-first, -_held(each, target), -each.match.log10, each.match) for each in own]
    return tuple(match for *_, match in sorted(keyed, key=lambda each: each[:3]))


def _held(each: _Told, target: Target) -> float:
    return float(target.weight[each.held].sum())


def matched_extracts(
    found: Explained, verdict: Verdict, extracts: Sequence[Extract], clock: float, prior_unlogged: float, margin: float
) -> tuple[tuple[CopyMatch, ...], float]:  # fmt: skip
    """The marked extracts under which piece and marks are as probable as under the best unlogged copy, and the greatest
    log-likelihood among them, -inf when there is none.

    Decoys stand in extracts only, so what the marks say is added to what the content says.
    """
    target = found.target
    made, best_value = [], -np.inf
    for each in extracts:
        value = _frozen(found, each.taken, clock, prior_unlogged) + each.nats
        if value < verdict.null.value - margin or _stood(target, each.taken, clock) < HALF * target.total:
            continue
        best_value = max(best_value, value)
        log10 = (value - target.stood) / float(np.log(10))
        made.append(CopyMatch(each.name, "extract", each.taken, (each.recipient,), False, log10))
    return tuple(sorted(made, key=lambda each: -each.log10)), best_value


def _frozen(found: Explained, moment: int, clock: float, prior_unlogged: float) -> float:
    """The log-likelihood under a copy of the state at a moment, filtered where that pays.

    The manifest's word for the moment may be off by the clock: the best of three moments counts.
    """
    target = found.target
    values: dict[tuple[bytes, float], float] = {}
    for each in sorted({moment - int(clock * 1e6), moment, moment + int(clock * 1e6)}):
        # All that a moment says: which rows stood, and how many records there were. Within seconds it seldom changes.
        state = target.meets_all(each, each).tobytes(), float(target.register.at(np.array([each]))[0])
        if state not in values:
            nothing = null(found, each, prior_unlogged, crawl=False)
            parts = pool(target, nothing.components)
            one = best(parts, range(len(parts)), [PASTED, COPY]).value
            values[state] = max(one, fitted(parts, [PASTED]).value)
    return max(values.values())


def micros(moment: datetime) -> int:
    """A time as microseconds since 1970, UTC."""
    return round(moment.timestamp() * 1e6)
