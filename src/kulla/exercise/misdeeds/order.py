"""What a misdeed is told to do, and what it did: the values that callers give and get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Misdeed:
    """A misdeed switched on by name.

    Attributes:
        name: one of `kulla.exercise.misdeeds.NAMES`.
        account: who does it; None: one is drawn whose role fits, who is there the whole time and who has no other.
        start: the day it begins, counted from the exercise's first day; the first working day of the account from
            there on counts.
        days: how many of the account's working days it goes on (its own days for misdeeds by administrators).
        rate: distinct persons a day (bulk: all at once; 0: the family's own default).
        partner: the second account of `two_colluders`, or the one whose name is forged; None: drawn.
    """

    name: str
    account: str | None = None
    start: int = 0
    days: int = 1
    rate: int = 0
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The truth about one misdeed.

    Attributes:
        accounts: those who did it (the second is the partner; a forged name is no doer and stands in `forged`).
        first, last: from the first act to the last; None when nothing came of it (the account was never there).
        persons: distinct persons whose records were read or left.
        daily: (day, acts seen in a complete audit, persons read that day, persons not read before by this misdeed).
        logged: whether the register's audit holds the reads (a copy of files leaves none).
        record_numbers: a roaring bitmap of the persons' record numbers, as `kulla.registers.bitmap` packs it.
        forged: accounts under whose name it was done.
    """

    name: str
    accounts: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    persons: int
    daily: tuple[tuple[date, int, int, int], ...]
    logged: bool
    record_numbers: bytes
    forged: tuple[str, ...] = ()
