"""What a proposer gets and gives. To add a family: one file with a class, one line in `proposed.py`, one test case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Protocol

import pyarrow as pa

from kulla.registers.fold import folded
from kulla.registers.manifest import Meaning


@dataclass(frozen=True)
class Sample:
    """Values of one column from some rows.

    Attributes:
        name: the column's name.
        rows: the values as text, row by row; None where there is none.
        numeric: whether the source stores numbers.
        birthdays: the day of birth that the row's national id tells, where there is one; empty when there is no id.
    """

    name: str
    rows: tuple[str | None, ...]
    numeric: bool = False
    birthdays: tuple[date | None, ...] = ()

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The different values that are not blank, in order."""
        return tuple(dict.fromkeys(v.strip() for v in self.rows if v and v.strip()))

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """`values` without case, diacritics and apostrophes."""
        return tuple(folded(pa.array(self.values, pa.string())).to_pylist())

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the column's name, folded: `GrossSalary_ALL` is gross, salary, all."""
        parted = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name)
        return tuple(re.split(r"[\W_]+", folded(pa.array([parted]))[0].as_py()))

    def called(self, *hints: str) -> bool:
        """Whether a word of the name is one of `hints`, or begins with one of at least four letters."""
        return any(w == h or (len(h) > 3 and w.startswith(h)) for w in self.words for h in hints)

    def count(self, test: Callable[[str], object]) -> int:
        """How many of `values` meet a test."""
        return sum(1 for value in self.values if test(value))

    def share(self, count: int) -> float:
        """A count as a share of the different values; 0 when there are none."""
        return count / len(self.values) if self.values else 0.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """A meaning that a column may have. `score`: from 0 to 1; `evidence`: counts and words of ours, never a value."""

    meaning: Meaning
    score: float
    evidence: str
    category: str = ""


class Proposer(Protocol):
    """Proposes one or more meanings of one family."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        """What the sample supports; nothing when it supports none."""


def of(count: int, sample: Sample, what: str) -> str:
    """`498 of 500 different values have the form`."""
    return f"{count} of {len(sample.values)} different values {what}"


def said(parts: Sequence[str], named: bool) -> str:
    """The parts of an evidence, and whether the column's name says so too."""
    return "; ".join([*parts, *(["its name says so"] if named else [])])


def scored(share: float, named: bool, unnamed_most: float = 1.0) -> float:
    """A score from the share of values that fit: up to `unnamed_most` when the column's name does not say so."""
    return min(1.0, 0.85 * share + 0.15) if named else unnamed_most * share
