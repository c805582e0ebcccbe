"""How sure it is whom a row without a record key is about: measured on rows that are nobody's.

A row is wrongly linked when it was invented or altered and happens to fit another person: mostly a namesake, or a
colleague with the same wage whose name was put to it. How often that happens is measured: each value in turn, and the
name, are replaced by another row's, and rows are made of cells of different rows. What of such rows would be linked to
another record shows, times the share of rows that are not whole, how many of the linked ones are wrong. Rows are taken
from the least doubtful on, as long as the upper bound stays below what is allowed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.recognise.blockrows import Linked, linked
from kulla.leaks.recognise.blocks import Values, frequency
from kulla.leaks.recognise.register import Ints, Mask, Register
from kulla.leaks.recognise.sametime import Usual, usual

WRONG: Final = 1e-5
"""Expected share of certain rows that are about somebody else."""
WRONG_PROBABLE: Final = 0.05
"""The same of probable rows, for each combination of agreeing keys; what is worse is ambiguous."""
TRIALS: Final = 400_000
"""Made rows of each kind; with none of them linked, 3 × the share of rows not whole / 400,000 is shown. A fifth of the
certain rows of a salary list were only probable with 200,000."""
_FEWEST: Final = 2

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Surety:
    """Of linked rows which are certain, and which at least probable."""

    certain: Mask
    probable: Mask


def surety(values: Values, register: Register, rows: Ints, found: Linked, seed: int) -> Surety:
    """How sure links are. Certain are only rows in which two or more keys, and all that they have, hold together, and
    that are of the table's time and alone in fitting a version (see `sametime`).

    values: of the whole table; rows: those that were linked, as `found` says. Few rows, or a table of mostly invented
    ones, leave none certain.
    """
    known, whole = found.record != 0, found.exact
    made = Surety(np.zeros(len(rows), bool), np.zeros(len(rows), bool))
    if int(whole.sum()) < _FEWEST:
        return made
    common = _Common(values)
    doubt = common.doubt(found, rows, (rows,) * len(values.others))
    unwhole = 1 - (int(whole.sum()) - 1) / len(rows)  # never 0: one row more is counted as not whole
    usual_ = usual(found, register)
    nulls = [
        _null(values, register, rows, found, common, usual_, (seed, place)) for place in range(len(values.others) + 2)
    ]
    nobody = nulls[-2:]
    for agree in np.unique(found.agree[known]):
        group = known & (found.agree == agree)
        limit = _limit(np.sort(doubt[group]), len(rows), unwhole, [n.alike(agree) for n in nobody], WRONG_PROBABLE)
        made.probable[group] = doubt[group] <= limit
    sure = whole & (found.agreeing >= 2) & usual_.holds(found, register, 1)
    limit = _limit(np.sort(doubt[sure]), len(rows), unwhole, [n.whole() for n in nulls], WRONG)
    made.certain[sure] = doubt[sure] <= limit
    made.probable[made.certain] = True
    return made


@dataclass(frozen=True, slots=True)
class _Null:
    """Made rows that were linked to somebody who is not behind them: their doubts, and how many were made."""

    doubts: Numbers
    agree: npt.NDArray[np.uint64]
    exact: Mask
    trials: int

    def alike(self, agree: np.uint64) -> tuple[Numbers, int]:
        """Those in which the same keys agree."""
        return self.doubts[self.agree == agree], self.trials

    def whole(self) -> tuple[Numbers, int]:
        """Those that may be certain: in which all keys agree, at the table's time and alone."""
        return self.doubts[self.exact], self.trials


def _limit(own: Numbers, rows: int, unwhole: float, wrong: list[tuple[Numbers, int]], allowed: float) -> float:
    """Up to which doubt rows are taken: the greatest at which the bound holds; below all when at none."""
    steps = np.unique(own)
    share = np.searchsorted(own, steps, "right") / rows
    bound = np.zeros(len(steps))
    for doubts, trials in wrong:
        hits = np.searchsorted(np.sort(doubts), steps, "right")
        # Not below the 95 % upper bound of a Poisson mean. Which kind of damage is how frequent is unknown: the worst.
        bound = np.maximum(bound, (hits + 2 * np.sqrt(hits) + 3) / max(trials, 1))
    holds = np.flatnonzero(bound * unwhole <= allowed * share)
    return float(steps[holds[-1]]) if len(holds) else -1.0


def _null(
    values: Values, register: Register, rows: Ints, found: Linked, common: _Common, usual_: Usual, seed: tuple[int, int]
) -> _Null:  # fmt: skip
    """Made rows, linked like real ones: whole rows in which one thing is another row's, or all is of different rows.

    seed: and what is made: the place of the block whose value is another row's; after the last the name; then all.
    Who is found is wrong unless it is the one from whom the row is but for that one thing.
    """
    random, place = np.random.default_rng(seed), seed[1]
    blocks = len(values.others)
    whole = np.flatnonzero(found.exact)
    count = min(TRIALS, len(whole) * (len(rows) - 1))
    own = whole[random.integers(0, len(whole), count)]

    def another() -> Ints:
        return np.asarray((own + random.integers(1, len(rows), count)) % len(rows))

    every = place > blocks
    names = another() if place >= blocks else own
    others = tuple(another() if every or number == place else own for number in range(blocks))
    taken = tuple(rows[each] for each in others)
    those = linked(values.take(rows[names], taken), register, np.arange(count))
    hit = (those.record != 0) & (every | (those.record != found.record[own]))
    doubts = common.doubt(those, rows[names], taken)
    certain = those.exact & (those.agreeing >= 2) & usual_.holds(those, register, 0)
    return _Null(doubts[hit], those.agree[hit], certain[hit], count)


class _Common:
    """How common names and values are in the leak."""

    def __init__(self, values: Values) -> None:
        self._name = frequency(values.name)
        self._others = tuple(frequency(tokens) for _, tokens in values.others)

    def doubt(self, found: Linked, names: Ints, others: tuple[Ints, ...]) -> Numbers:
        """Small for who can hardly be another: how common a row's keys are in the register, its name in the leak, and
        those of its values whose keys agree.

        names, others: the rows from which each row's name and other values are.
        """
        made = found.holders * self._name[names]
        for bit, (common, rows) in enumerate(zip(self._others, others, strict=True)):
            agrees = (found.agree >> np.uint64(bit)) & np.uint64(1) == 1
            made = made * np.where(agrees, common[rows], 1)
        return np.asarray(made)
