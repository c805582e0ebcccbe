"""What a family of misdeeds is: a Protocol of two methods, and what every family is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kulla.exercise.acts import Acts
from kulla.exercise.misdeeds.order import Misdeed
from kulla.exercise.shelves import Shelves
from kulla.exercise.staff import Roster
from kulla.exercise.workdays import Day

if TYPE_CHECKING:
    from kulla.exercise.honest import Honest


@dataclass(frozen=True)
class Scene:
    """Where a misdeed happens on one of its days.

    Attributes:
        order: the misdeed; rate: its persons a day.
        doers: the accounts that do it; victim: the account whose name is forged, -1 for none.
        turn: which of its days this is, from 0 up.
        stream: for draws; the same for the same misdeed and day.
    """

    order: Misdeed
    rate: int
    doers: tuple[int, ...]
    victim: int
    turn: int
    day: Day
    roster: Roster
    shelves: Shelves
    seed: int
    stream: np.random.Generator

    def remit(self, account: int) -> tuple[int, int]:
        """First municipality and end of the account's remit that day; the whole register for administrators."""
        span = self.roster.span(account, self.day.index)
        return (0, self.shelves.places) if span is None else (span.low, span.high)


class Family(Protocol):
    """A family of misdeeds.

    Attributes:
        name: by which it is switched on.
        by: who does it: `staff` (accounts of people, whose acts get the dress of their honest ones) or
            `administrators`.
        doers: how many accounts take part.
        rate: persons a day when the order does not say.
        any_day: whether it happens on days off too.
        logged: whether the register's audit holds its reads.
    """

    name: str
    by: str
    doers: int
    rate: int
    any_day: bool
    logged: bool

    def acts(self, scene: Scene) -> Acts:
        """What is done on one of its days, not yet dressed; `misdeed` is set by the caller."""

    def disguise(self, staff: Honest, scene: Scene, dressed: Acts) -> Acts:
        """The acts as they appear, when someone takes care of that."""


class Plain:
    """What most families have in common."""

    by = "staff"
    doers = 1
    rate = 0
    any_day = False
    logged = True

    def disguise(self, staff: Honest, scene: Scene, dressed: Acts) -> Acts:
        """As they are."""
        return dressed


def wanted(names: Sequence[str], name: str) -> None:
    """Raise ValueError when `name` is none of the names."""
    if name not in names:
        raise ValueError(f"misdeed {name!r}: there is none; known are {', '.join(names)}")
