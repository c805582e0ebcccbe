"""Known copies of the register that a piece is consistent with: they have no read log, and rule nobody out or in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from kulla.leaks.attribute.judge import Verdict
from kulla.leaks.attribute.mixture import best, fitted, pool
from kulla.leaks.attribute.null import COPY, PASTED, null
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.candidate import CopyMatch
from kulla.registers.manifest import Copy


def matched_copies(
    found: Explained, verdict: Verdict, copies: Sequence[Copy], clock: float, prior_unlogged: float, margin: float
) -> tuple[CopyMatch, ...]:  # fmt: skip
    """The copies under which the piece is within the margin as probable as under the best unlogged copy.

    A copy that follows the register could have given any state that the register had. log10: of the likelihood ratio
    against rows pasted from anywhere.
    """
    target = found.target
    pasted = target.stood
    made = []
    for copy in copies:
        value = verdict.null.value
        if copy.frozen_at is not None:
            value = _frozen(found, micros(copy.frozen_at), clock, prior_unlogged)
        if value >= verdict.null.value - margin and value >= pasted + margin:
            frozen = None if copy.frozen_at is None else micros(copy.frozen_at)
            log10 = (value - pasted) / float(np.log(10))
            made.append(
                CopyMatch(copy.name, copy.kind, frozen, copy.reachable_by, copy.read_log, log10, copy.note)
            )  # fmt: skip
    return tuple(sorted(made, key=lambda each: -each.log10))


def _frozen(found: Explained, moment: int, clock: float, prior_unlogged: float) -> float:
    """The log-likelihood under a copy of the state at a moment, filtered where that pays.

    The manifest's word for the moment may be off by the clock: the best of three moments counts.
    """
    values = []
    for each in sorted({moment - int(clock * 1e6), moment, moment + int(clock * 1e6)}):
        nothing = null(found, each, prior_unlogged)
        parts = pool(found.target, nothing.components)
        values.append(max(best(parts, range(len(parts)), [PASTED, COPY]).value, fitted(parts, [PASTED]).value))
    return max(values)


def micros(moment: datetime) -> int:
    """A time as microseconds since 1970, UTC."""
    return round(moment.timestamp() * 1e6)
