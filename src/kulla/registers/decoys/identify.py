"""From the decoys seen in a file to the recipients whose copies explain them, or to nobody.

A recipient is named only if two things hold. **Explained**: the named recipients together hold every decoy that was
seen (a single one: but for a 32nd of them). A decoy is not seen by accident (two of id, name and phone agree), so a
mark that the named did not have means that somebody else's copy is in the file, and then nobody is named for a part
of it: of two copies merged both are named, or neither. **No accident**: the
chance that any of the issued recipients who gave nothing would be named is at most `BOUND`: half of it for one
recipient, half for two.

The bound is taken over the strangers' bits, which the owner's key draws independently of the file. One stranger agrees
with m seen slots like m throws of a coin, so P(at least k agree) is a binomial tail, times the number of recipients.
For two, each must be needed: the decoys that only one of them holds are throws which a stranger in his place must all
have won (a binomial tail again), and two strangers together explain a slot seen once with 3/4 and a slot of which both
persons were seen with 1/2. In the collusion tier tails are Chernoff's (see `collusion`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from math import comb, exp, log, log2
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kulla.registers.decoys import collusion

Bits = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

BOUND: Final = 1e-3
"""The most that the chance of naming anybody who gave nothing may be, over all issued recipients together."""
TOLERANCE: Final = 32
"""One decoy in so many may be unexplained when one recipient is named."""
_FIRST: Final = 48
"""So many best recipients are each tried together with every other one."""

Outcome = Literal["one", "several", "mixture", "unclear", "none"]


@dataclass(frozen=True)
class Issued:
    """What recipients hold: bits (recipients, slots); `used` False where the recipient's copies have no such slot.

    Attributes:
        held: True where the recipient has person B, False where A.
        bias: how likely a stranger's bit is set, slot by slot; one half outside the collusion tier.
    """

    names: tuple[str, ...]
    held: Bits
    used: Bits
    bias: npt.NDArray[np.float64]

    @cached_property
    def has_a(self) -> Bits:
        """Whether the recipient's copies hold person A."""
        return self.used & ~self.held

    @cached_property
    def has_b(self) -> Bits:
        """Whether the recipient's copies hold person B."""
        return self.used & self.held

    def explained(self, seen_a: Bits, seen_b: Bits) -> Ints:
        """How many of these decoys each recipient's copies hold."""
        return self._within("has_a", seen_a) + self._within("has_b", seen_b)

    def slots(self, mask: Bits) -> Ints:
        """How many of these slots each recipient's copies have."""
        return self._within("used", mask)

    def whole(self, rest_a: Bits, rest_b: Bits) -> Bits:
        """(files, recipients): whose copies hold all of these decoys, for each row of (files, slots)."""
        found = np.ones((len(rest_a), len(self.names)), bool)
        for rest, lacking in ((_packed(rest_a), self._lacking[0]), (_packed(rest_b), self._lacking[1])):
            for word in range(rest.shape[1]):
                found &= (rest[:, word, None] & lacking[None, :, word]) == 0
        return found

    @cached_property
    def _lacking(self) -> tuple[Words, Words]:
        """Persons A and B that each recipient's copies do not hold, 64 slots to a word."""
        return _packed(~self.has_a), _packed(~self.has_b)

    def scores(self, mask: Bits, seen: Bits) -> npt.NDArray[np.float64]:
        """Each recipient's symmetric score over these slots; a slot that his copies lack counts as unlike."""
        set_, unset, lacking = (np.zeros(len(mask)) for _ in range(3))
        set_[mask], unset[mask] = collusion.values(seen[mask], self.bias[mask])
        lacking[mask] = np.where(seen[mask], unset[mask], set_[mask])
        held = self._number("has_b") @ (set_ - lacking).astype(np.float32)
        held += self._number("has_a") @ (unset - lacking).astype(np.float32)
        return np.asarray(held + lacking.sum(), np.float64)

    def _within(self, name: str, mask: Bits) -> Ints:
        # As a product of matrices: 30 times as fast as counting bits, and whatever is counted is below 2^24.
        return np.rint(self._number(name) @ mask.T.astype(np.float32)).astype(np.int64)

    def _number(self, name: str) -> npt.NDArray[np.float32]:
        if name not in self._numbers:
            self._numbers[name] = getattr(self, name).astype(np.float32)
        return self._numbers[name]

    @cached_property
    def _numbers(self) -> dict[str, npt.NDArray[np.float32]]:
        return {}


@dataclass(frozen=True, slots=True)
class Score:
    """One recipient against the file.

    Attributes:
        agree: seen slots (one person of two seen) in which the recipient's copy has the person seen.
        of: seen slots that the recipient's copies have.
        chance: an upper bound of the probability that any issued stranger agrees so well.
        explained: decoys seen that the recipient's copy has; of all seen.
    """

    name: str
    agree: int
    of: int
    chance: float
    explained: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the marks say.

    Attributes:
        outcome: one or several recipients named; `mixture`: marks from more copies than can be told apart, nobody
            named; `unclear`: too few marks; `none`: no mark at all.
        named: the recipients, with their scores; empty unless outcome is one or several.
        second: the best recipient not named.
        slots: slots of which at least one person was seen; of `all_slots`.
        both: slots of which both persons were seen: more than one copy.
        seen: decoys seen.
        unexplained: decoys seen that none of the named has.
        chance: bound of a false accusation in this file (over all issued recipients), at most BOUND when anyone is
            named; 1 otherwise.
    """

    outcome: Outcome
    named: tuple[Score, ...]
    second: Score | None
    slots: int
    all_slots: int
    both: int
    seen: int
    unexplained: int
    chance: float

    @property
    def margin(self) -> float:
        """log2 of how much less likely an accident the weakest named recipient is than the best one not named."""
        if not self.named:
            return 0.0
        other = self.second.chance if self.second else 1.0
        return log2(max(other, 1e-300)) - log2(max(1e-300, *(score.chance for score in self.named)))


def identify(issued: Issued, seen_a: Bits, seen_b: Bits) -> Verdict:
    """Who the decoys seen point to. `seen_a`, `seen_b`: (slots), whether each slot's person A and B were seen."""
    seen = int(seen_a.sum() + seen_b.sum())
    single = seen_a ^ seen_b
    facts = _Facts(issued, seen_a, seen_b, single, seen)
    if not seen or not issued.names:
        return facts.verdict("unclear" if seen else "none", (), 1.0)
    order = facts.order
    for explained in (facts.alone, facts.pair, facts.coalition):
        if found := explained(order):
            names, chance = found
            return facts.verdict("one" if len(names) == 1 else "several", names, chance)
    strong = facts.chance_of(int(order[0])) <= BOUND
    return facts.verdict("mixture" if strong or facts.both else "unclear", (), 1.0)


class _Facts:
    """One file's marks beside what recipients hold."""

    def __init__(self, issued: Issued, seen_a: Bits, seen_b: Bits, single: Bits, seen: int) -> None:
        self.issued, self.seen = issued, seen
        self.slots, self.both = int((seen_a | seen_b).sum()), int((seen_a & seen_b).sum())
        self.has_a, self.has_b = issued.has_a, issued.has_b
        self.seen_a, self.seen_b, self.single = seen_a, seen_b, single
        self.agree = issued.explained(seen_a & single, seen_b & single)
        self.of = issued.slots(single)
        self.explained = issued.explained(seen_a, seen_b)
        self.fair = bool((issued.bias[seen_a | seen_b] == 0.5).all())
        self.allowed = seen // TOLERANCE

    @cached_property
    def order(self) -> Ints:
        """Recipients, most alike first; ties by what they explain, then by the order given."""
        key = (2 * self.agree - self.of) if self.fair else self._symmetric()
        return np.lexsort((np.arange(len(key)), -self.explained, -key))

    def _symmetric(self) -> npt.NDArray[np.float64]:
        return self.issued.scores(self.single, self.seen_b)

    def chance_of(self, index: int) -> float:
        """Bound of the chance that any stranger agrees as well as this recipient."""
        if self.fair:
            return min(1.0, len(self.issued.names) * tail(int(self.of[index]), int(self.agree[index])))
        mask = self.single & self.issued.used[index]
        held, bits, bias = self.issued.held[index, mask], self.seen_b[mask], self.issued.bias[mask]
        score = float(collusion.scores(held[None, :], bits, bias)[0]) if mask.any() else 0.0
        return min(1.0, len(self.issued.names) * exp(collusion.log_tail(score, bits, bias)))

    def alone(self, order: Ints) -> tuple[list[int], float] | None:
        """All who could each have given everything alone: one, or several when what told them apart is gone."""
        if self.both > self.allowed:
            return None
        whole = [int(i) for i in order[:_FIRST] if self.seen - self.explained[i] <= self.allowed]
        chances = {i: self.chance_of(i) for i in whole}
        named = [i for i in whole if chances[i] <= BOUND / 2]
        return (named, max(chances[i] for i in named)) if named else None

    def pair(self, order: Ints) -> tuple[list[int], float] | None:
        """The two who together explain everything, each being needed; None when several pairs do equally well."""
        found: dict[tuple[int, int], float] = {}
        if self.fair and self._chance_of_two_strangers > BOUND / 2:
            return None  # too few marks for any pair
        best = order[:_FIRST]
        rest_a, rest_b = self.seen_a & ~self.has_a[best], self.seen_b & ~self.has_b[best]
        some = np.asarray((rest_a | rest_b).any(axis=1), np.bool_)
        for row, second in np.argwhere(self.issued.whole(rest_a, rest_b) & some[:, None]):
            pair = (min(int(best[row]), int(second)), max(int(best[row]), int(second)))
            found.setdefault(pair, self._chance_of_pair(*pair))
        sure = {pair: chance for pair, chance in found.items() if chance <= BOUND / 2}
        if not sure:
            return None
        named = sorted({i for pair in sure for i in pair})
        # Two pairs that share one recipient: the other one is a tie, so nobody is named for a half.
        return (named, max(sure.values())) if len(sure) == 1 else None

    def _chance_of_pair(self, first: int, second: int) -> float:
        """Bound of the chance that a stranger is in the pair: in the place of the one, of the other, of both."""
        people, total = len(self.issued.names), 0.0
        if not self.fair:
            return max(self.chance_of(first), self.chance_of(second))
        for kept, other in ((first, second), (second, first)):
            rest_a, rest_b = self.seen_a & ~self.has_a[kept], self.seen_b & ~self.has_b[kept]
            rest = int(rest_a.sum() + rest_b.sum())
            gained = int((self.has_a[other] & rest_a).sum() + (self.has_b[other] & rest_b).sum())
            total += people * tail(rest, gained)
        return min(1.0, total + self._chance_of_two_strangers)

    @cached_property
    def _chance_of_two_strangers(self) -> float:
        """Bound of the chance that some two strangers explain everything; 1 for a single recipient."""
        pairs = comb(len(self.issued.names), 2)
        return exp(min(0.0, log(max(pairs, 1)) + int(self.single.sum()) * log(0.75) + self.both * log(0.5)))

    def coalition(self, order: Ints) -> tuple[list[int], float] | None:
        """In the collusion tier: everyone whose own score is beyond accident, if together they explain the file."""
        if self.fair:
            return None
        named: list[int] = []
        for i in map(int, order[:_FIRST]):
            if self.chance_of(i) > BOUND / 2:
                break
            named.append(i)
        if not named:
            return None
        missed = self.seen_a & ~self.has_a[named].any(axis=0), self.seen_b & ~self.has_b[named].any(axis=0)
        whole = missed[0].sum() + missed[1].sum() <= self.allowed
        return (named, max(map(self.chance_of, named))) if whole else None

    def verdict(self, outcome: Outcome, named: list[int] | tuple[()], chance: float) -> Verdict:
        """The verdict, with scores."""
        missed_a, missed_b = self.seen_a, self.seen_b
        for i in named:
            missed_a, missed_b = missed_a & ~self.has_a[i], missed_b & ~self.has_b[i]
        ranked = self.order if self.seen and self.issued.names else ()
        other = next((int(i) for i in ranked if i not in named), None)
        return Verdict(
            outcome=outcome,
            named=tuple(map(self._score, named)),
            second=None if other is None else self._score(other),
            slots=self.slots,
            all_slots=len(self.seen_a),
            both=self.both,
            seen=self.seen,
            unexplained=int(missed_a.sum() + missed_b.sum()) if named else self.seen,
            chance=chance,
        )

    def _score(self, i: int) -> Score:
        return Score(
            self.issued.names[i], int(self.agree[i]), int(self.of[i]), self.chance_of(i), int(self.explained[i])
        )


def _packed(bits: Bits) -> Words:
    """Rows of bits, 64 to a word."""
    padded = np.zeros((len(bits), -(-bits.shape[1] // 64) * 64), bool)
    padded[:, : bits.shape[1]] = bits
    return np.ascontiguousarray(np.packbits(padded, axis=1)).view(np.uint64)


@lru_cache(maxsize=4096)
def tail(throws: int, wins: int) -> float:
    """P(at least `wins` of `throws` fair throws are won), exactly.

    >>> tail(10, 10) == 2.0**-10, tail(10, 0), tail(0, 0)
    (True, 1.0, 1.0)
    """
    ways: int = sum(comb(throws, k) for k in range(max(wins, 0), throws + 1))
    return float(Fraction(ways, 2**throws))
