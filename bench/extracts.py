"""Trials of the recipient's code: who is named, how often rightly, how often not at all, and how often wrongly.

    OMP_NUM_THREADS=1 python -m bench.extracts --trials 10000 --recipients 2000

One thread for the products of matrices: they are small, and more threads wait for each other (4 times as slow).

2,000 recipients have random numbers; a file holds the decoys of one recipient, of two, or of none of them, of which a
share is lost; `identify` looks at it as the command does. Intervals are Clopper and Pearson's, 95 %.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.registers.decoys import code, collusion, draw
from kulla.registers.decoys.identify import Issued, identify

Bits = npt.NDArray[np.bool_]
Marks = tuple[Bits, Bits]

KEY = b"bench".ljust(32, b".")


@dataclass(slots=True)
class Tally:
    """Of the trials of one kind: all who gave were named (`right`), nobody was (`nobody`), some of them (`part`), or
    somebody who gave nothing (`wrong`)."""

    what: str
    slots: int
    loss: float
    trials: int = 0
    right: int = 0
    nobody: int = 0
    part: int = 0
    wrong: int = 0

    def add(self, gave: set[str], named: set[str]) -> None:
        """One trial."""
        self.trials += 1
        if named - gave:
            self.wrong += 1
        elif not named:
            self.nobody += 1
        elif named == gave:
            self.right += 1
        else:
            self.part += 1


def interval(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share; with no hit the upper bound is one-sided."""
    from scipy.stats import beta  # type: ignore[import-untyped]

    rest = 1 - level
    low = float(beta.ppf(rest / 2, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(1 - (rest / 2 if hits else rest), hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high


def issued_plain(recipients: int, slots: int) -> Issued:
    """Recipients with that many slots. Their numbers are drawn at random: the least distance, by which `issue` makes
    them easier to tell apart, is left away."""
    held = code.coded(draw.words(KEY, recipients, "numbers"), code.generator(KEY, "all"))[:, :slots]
    return Issued(_names(recipients), held, np.ones_like(held), np.full(slots, 0.5))


def issued_tardos(recipients: int, colluders: int) -> Issued:
    """Recipients with words of the collusion tier."""
    tier, slots = collusion.Tardos(KEY, "all+c", colluders), collusion.LENGTHS[colluders]
    held = np.array([tier.word(number, slots) for number in range(recipients)])
    return Issued(_names(recipients), held, np.ones_like(held), tier.bias(slots))


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"r{number}" for number in range(count))


def merged(issued: Issued, who: Iterable[int]) -> Marks:
    """The decoys in the copies of some recipients, joined."""
    held = issued.held[list(who)]
    return np.asarray((~held).any(axis=0)), np.asarray(held.any(axis=0))


def pasted(issued: Issued, who: Iterable[int], random: np.random.Generator) -> Marks:
    """Each slot from one of the copies."""
    held = issued.held[list(who)]
    taken = held[random.integers(0, len(held), held.shape[1]), np.arange(held.shape[1])]
    return ~taken, taken


def thinned(marks: Marks, loss: float, random: np.random.Generator) -> Marks:
    """With that share of decoys lost."""
    kept_a, kept_b = (random.random(len(side)) >= loss for side in marks)
    return marks[0] & kept_a, marks[1] & kept_b


Kind = Callable[[Issued, np.random.Generator], tuple[set[int], Marks]]


def one(issued: Issued, random: np.random.Generator) -> tuple[set[int], Marks]:
    """One recipient's copy."""
    who = {int(random.integers(len(issued.names)))}
    return who, merged(issued, who)


def nobody(issued: Issued, random: np.random.Generator) -> tuple[set[int], Marks]:
    """A copy of somebody whom the ledger does not know: nobody must be named."""
    held = random.random(issued.held.shape[1]) < issued.bias
    return set(), (~held, held)


def together(count: int) -> Kind:
    """Copies of several, joined."""

    def kind(issued: Issued, random: np.random.Generator) -> tuple[set[int], Marks]:
        who = {int(i) for i in random.choice(len(issued.names), count, replace=False)}
        return who, merged(issued, sorted(who))

    return kind


def pieces(issued: Issued, random: np.random.Generator) -> tuple[set[int], Marks]:
    """Pieces of two copies, put together."""
    who = {int(i) for i in random.choice(len(issued.names), 2, replace=False)}
    return who, pasted(issued, sorted(who), random)


def tried(what: str, kind: Kind, issued: Issued, loss: float, trials: int, seed: int) -> Tally:
    """So many trials of one kind."""
    random = np.random.default_rng(seed)
    tally = Tally(what, issued.held.shape[1], loss)
    for _ in range(trials):
        who, marks = kind(issued, random)
        verdict = identify(issued, *thinned(marks, loss, random))
        tally.add({issued.names[i] for i in who}, {score.name for score in verdict.named})
    return tally


def line(tally: Tally) -> str:
    """A row of the table."""
    low, high = interval(tally.right, tally.trials)
    wrong = interval(tally.wrong, tally.trials)[1]
    share = tally.right / tally.trials
    return (
        f"| {tally.what} | {tally.slots} | {tally.loss:.0%} | {tally.trials:,} | {share:.4f} ({low:.4f}–{high:.4f}) | "
        f"{tally.nobody:,} | {tally.part} | {tally.wrong} (≤ {wrong:.1e}) |"
    )


HEAD = (
    "| file holds | slots | lost | trials | all who gave named (95 %) | nobody | only some | an innocent (95 %) |\n"
    "|---|---:|---:|---:|---|---:|---:|---|"
)


def rows(options: argparse.Namespace) -> Iterable[Tally]:
    """Every row of the table, one after another."""
    trials = options.trials
    for slots in (128, 96, 64):
        issued = issued_plain(options.recipients, slots)
        for loss in (0.2, 0.5, 0.8):
            yield tried("one copy", one, issued, loss, trials, slots)
        for loss in (0.0, 0.2, 0.5, 0.8):
            yield tried("two merged", together(2), issued, loss, trials, slots + 1)
        yield tried("pieces of two", pieces, issued, 0.2, trials, slots + 2)
        yield tried("no issued copy", nobody, issued, 0.2, trials, slots + 3)
    for colluders, share in zip(collusion.LENGTHS, (1.0, 0.2, 0.05), strict=True):
        issued = issued_tardos(options.recipients, colluders)
        for what, kind in ((f"{colluders} merged", together(colluders)), ("no issued copy", nobody)):
            if few := round(options.tier * share):
                yield tried(f"{what} (for {colluders})", kind, issued, 0.2, few, colluders)


def main() -> None:
    """Run the trials and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--recipients", type=int, default=2_000)
    tier = "trials of the collusion tier for two; a fifth of them for three, a twentieth for five; 0: none"
    parser.add_argument("--tier", type=int, default=10_000, help=tier)
    options = parser.parse_args()
    started = time.monotonic()
    print(HEAD, flush=True)
    for tally in rows(options):
        print(line(tally), flush=True)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
