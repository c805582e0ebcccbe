"""From scores to an outcome: who may be named, who ties, and why not.

A member of the best mixture is firm when leaving its account out costs at least the margin, both against the null and
against the best mixture with other episodes in its place. Only firm members are named alone or as a set. Whatever
comes within the margin of what is best is a tie, an unlogged copy included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from kulla.leaks.attribute.mixture import Fit, best, fitted, gains
from kulla.leaks.attribute.null import COPY, PASTED
from kulla.leaks.attribute.ranking import Ranking, Scored
from kulla.leaks.attribute.target import distinct
from kulla.leaks.candidate import Outcome

FLOOR: Final = float(np.log(1000.0))
"""The least margin in nats. Were the truth in the null, a likelihood ratio above 1,000 for any of the episodes, their
number being paid for, has a chance below 1 in 1,000 (Markov's inequality); calibration can only raise it."""
STARTS: Final = 2
ALIKE: Final = 0.01
"""Nats a record by which an episode may be worse than an unlogged copy and still tie with it. A handful of rows of
other times among thousands, which a copy taken over days explains by the way, cost a statement up to 8 nats each."""
HALF: Final = 0.5
"""Share of the leaked records that an episode must explain to tie with an unlogged copy."""
INDISTINGUISHABLE: Final = "an unlogged copy of the same state explains it about as well"
"""The reason of a tie with an unlogged copy."""


def held(ranked: Ranking, fit: Fit, account: int) -> float:
    """The share of the leaked records that an account's episodes in a mixture returned as they stand in the piece."""
    rows = [each.rows for each in ranked.scored if each.account == account and each.component in fit.chosen]
    some = distinct(np.concatenate([np.zeros(0, np.int64), *rows]))
    return float(ranked.weight[some].sum()) / ranked.pool.total


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome before the gates of calibration, coverage and seals.

    Attributes:
        named: places in the ranking. ties_unlogged: whether an unlogged copy explains the piece about as well.
        null: the best mixture without a logged read; mixture: the best one of all.
        moment: of the copy in the null, microseconds UTC.
        strength: the least of the margins of those named, 0 when nobody is: what calibration bounds.
        reasons: why nobody is named alone, in words.
    """

    outcome: Outcome
    named: tuple[int, ...]
    ties_unlogged: bool
    null: Fit
    mixture: Fit
    strength: float
    reasons: tuple[str, ...]
    moment: int


def judged(ranked: Ranking, moment: int, margin: float, seed: int) -> Verdict:
    """The verdict on a ranking; moment: of the null's copy; margin: nats, at least FLOOR."""
    judge = _Judge(ranked, moment, max(margin, FLOOR))
    null = best(ranked.pool, judge.nulls, [PASTED, COPY])
    mixture = judge.mixture(null, seed)
    mixture, costs = judge.pruned(null, mixture)
    members = judge.members(mixture)
    if not members:
        return judge.unlogged(null, mixture)
    swaps = [judge.without(null, mixture, each, swap=True) for each in members]
    strength = min([*costs, *swaps])
    single = all(len(ranked.accounts(each)) == 1 for each in members)
    if single and strength >= judge.margin:
        named = tuple(ranked.of(each)[0] for each in members)
        accounts = {ranked.scored[at].account for at in named}
        if len(accounts) == 1:
            first = min(named)
            return Verdict("episode", (first,), False, null, mixture, strength, (), moment)
        return Verdict("set", tuple(sorted(named)), False, null, mixture, strength, (), moment)
    named = judge.rivals(mixture, members, swaps)
    reason = "episodes of several accounts explain it about as well"
    if len({ranked.scored[at].account for at in named}) == 1:
        reason = "several episodes of one account explain it about as well"
    return Verdict("tie", named, False, null, mixture, 0.0, (reason,), moment)


class _Judge:
    def __init__(self, ranked: Ranking, moment: int, margin: float) -> None:
        self.ranked, self.moment, self.margin, self.pool = ranked, moment, margin, ranked.pool
        self.nulls = range(ranked.nulls)
        self.episodes = range(ranked.nulls, len(ranked.pool))

    def members(self, fit: Fit) -> list[int]:
        """The episodes of a mixture."""
        return [each for each in fit.chosen if each >= self.ranked.nulls]

    def mixture(self, null: Fit, seed: int) -> Fit:
        """The best mixture of all, from several starts: the null, the best episode, and others by lot."""
        everything = range(len(self.pool))
        starts: list[list[int]] = [list(null.chosen)]
        if self.ranked.scored:
            starts.append([PASTED, self.ranked.scored[0].component])
            lot = np.random.default_rng(seed)
            some = min(len(self.episodes), 8)
            few = sorted({each.component for each in self.ranked.scored[:some]})
            starts += [[PASTED, *lot.choice(few, min(2, len(few)), replace=False).tolist()] for _ in range(STARTS - 1)]
        found = [best(self.pool, everything, start) for start in starts]
        return max([null, *found], key=lambda fit: fit.value)

    def pruned(self, null: Fit, mixture: Fit) -> tuple[Fit, list[float]]:
        """The mixture without members that the null could replace at less than the margin, and what others cost."""
        while members := self.members(mixture):
            costs = [self.without(null, mixture, each, swap=False) for each in members]
            least = int(np.argmin(costs))
            if costs[least] >= self.margin:
                return mixture, costs
            rest = [each for each in members if each != members[least]]
            start = [*null.chosen, *rest]
            mixture = best(self.pool, [*self.nulls, *rest], start)
        return mixture, []

    def without(self, null: Fit, mixture: Fit, member: int, *, swap: bool) -> float:
        """What the mixture loses without the member's accounts, against the null, or against other episodes as well."""
        accounts = self.ranked.accounts(member)
        mates = {each for each in self.members(mixture) if self.ranked.accounts(each) & accounts}
        rest = [each for each in self.members(mixture) if each not in mates]
        allowed = [*self.nulls, *rest]
        if swap:
            allowed += self._others(mates)
        start = [*null.chosen, *rest]
        return mixture.value - best(self.pool, allowed, start).value

    def _others(self, mates: Iterable[int]) -> list[int]:
        """Components that are another explanation: none of their reads is one of the mates'."""
        used = {
            int(read) for mate in mates for at in self.ranked.of(mate) for read in self.ranked.scored[at].episode.reads
        }
        found = []
        for component in self.episodes:
            reads = (self.ranked.scored[at].episode.reads for at in self.ranked.of(component))
            if component not in mates and not any(used.intersection(each.tolist()) for each in reads):
                found.append(component)
        return found

    def instead(self, null: Fit, each: Scored) -> float:
        """What the piece is worth with an episode in place of the null's greatest part, at no price.

        The rest of the null stays: rows of another time are not to be held against the episode alone.
        """
        parts = [part for part in null.chosen if part != PASTED]
        if parts:
            parts.remove(max(parts, key=null.share))
        swapped = fitted(self.pool, [PASTED, *parts, each.component]).value + float(self.pool.price[each.component])
        return max(each.nats, swapped)

    def rivals(self, mixture: Fit, members: list[int], swaps: list[float]) -> tuple[int, ...]:
        """The members, and for each that is not firm the episodes that could stand in its place."""
        named: set[int] = set()
        for member, swap in zip(members, swaps, strict=True):
            named.update(self.ranked.of(member))
            if swap >= self.margin and len(self.ranked.accounts(member)) == 1:
                continue
            rest = fitted(self.pool, [each for each in mixture.chosen if each != member])
            others = np.array(self._others([member]), np.int64)
            least = mixture.value - self.margin - rest.value
            close = gains(self.pool, rest.density, others, least) >= least
            for component in others[close].tolist():
                named.update(self.ranked.of(component))
        return tuple(sorted(named))

    def unlogged(self, null: Fit, mixture: Fit) -> Verdict:
        """No logged read is needed: those that explain the piece about as well as an unlogged copy does tie with it."""
        pasted = fitted(self.pool, [PASTED]).value
        slack = max(self.margin, ALIKE * self.pool.total)
        named = tuple(
            at for at, each in enumerate(self.ranked.scored)
            if self.ranked.explained(each) >= HALF
            and (value := self.instead(null, each)) >= null.value - slack and value >= pasted + self.margin
        )  # fmt: skip
        if not named:
            return Verdict("none", (), null.value >= pasted + self.margin, null, mixture, 0.0, (), self.moment)
        return Verdict("tie", named, True, null, mixture, 0.0, (INDISTINGUISHABLE,), self.moment)
