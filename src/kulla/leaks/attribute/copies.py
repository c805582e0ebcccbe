"""Known copies of the register that a piece is consistent with: they have no read log, and rule nobody out or in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from kulla.leaks.attribute.judge import ALIKE, HALF, Verdict
from kulla.leaks.attribute.mixture import best, fitted, pool
from kulla.leaks.attribute.null import COPY, PASTED, null
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.candidate import CopyMatch
from kulla.leaks.marks import Extract
from kulla.registers.manifest import Copy


def matched_copies(
    found: Explained, verdict: Verdict, copies: Sequence[Copy], clock: float, prior_unlogged: float, margin: float
) -> tuple[tuple[CopyMatch, ...], float]:  # fmt: skip
    """The copies under which the piece is within the margin as probable as under the best unlogged copy, and the
    greatest log-likelihood among them, -inf when there is none.

    A copy that follows the register could have given any state that the register had. Most rows must have stood so at
    the copy's moment. That a copy is told accuses nobody, so also a piece is that might be of any time, such as 120
    rows that never changed. log10: of the likelihood ratio against rows pasted from anywhere.
    """
    target = found.target
    pasted, margin = target.stood, max(margin, ALIKE * target.total)
    made, best_value = [], -np.inf
    for copy in copies:
        value, moment = verdict.null.value, verdict.moment
        if copy.frozen_at is not None:
            moment = micros(copy.frozen_at)
            value = _frozen(found, moment, clock, prior_unlogged)
        slack = int(clock * 1e6)
        stood = float(target.weight[target.meets_all(moment - slack, moment + slack)].sum())
        if value >= verdict.null.value - margin and stood >= HALF * target.total:
            best_value = max(best_value, value)
            frozen = None if copy.frozen_at is None else micros(copy.frozen_at)
            log10 = (value - pasted) / float(np.log(10))
            made.append(
                CopyMatch(copy.name, copy.kind, frozen, copy.reachable_by, copy.read_log, log10, copy.note)
            )  # fmt: skip
    return tuple(sorted(made, key=lambda each: -each.log10)), best_value


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
        slack = int(clock * 1e6)
        stood = float(target.weight[target.meets_all(each.taken - slack, each.taken + slack)].sum())
        if value < verdict.null.value - margin or stood < HALF * target.total:
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
