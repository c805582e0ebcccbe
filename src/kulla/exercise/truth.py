"""The ground truth: what each misdeed did, gathered from its acts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import orjson

from kulla.exercise.acts import Acts
from kulla.exercise.misdeeds import Done
from kulla.exercise.plots import Plot
from kulla.exercise.touched import Touched
from kulla.exercise.workdays import Day
from kulla.exercise.world import World
from kulla.registers import bitmap

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Gathered:
    """One plot's truth as it grows."""

    def __init__(self, plot: Plot, touched: Touched) -> None:
        self._plot, self._touched = plot, touched
        self._seen = np.zeros(touched.shelves.persons, dtype=bool)
        self._daily: list[tuple[date, int, int, int]] = []
        self._first: int | None = None
        self._last: int | None = None

    def add(self, day: Day, acts: Acts) -> None:
        today = np.zeros(self._seen.size, dtype=bool)
        for shape, target, extra in zip(acts.shape.tolist(), acts.target.tolist(), acts.extra.tolist(), strict=True):
            today[self._touched.persons(shape, target, extra)] = True
        if len(acts):
            self._first = min(self._first or 1 << 62, int(acts.time.min()))
            self._last = max(self._last or 0, int(acts.time.max()))
        new = int((today & ~self._seen).sum())
        self._seen |= today
        self._daily.append((day.date, int((~acts.hidden).sum()), int(today.sum()), new))

    def done(self, names: tuple[str, ...]) -> Done:
        plot, persons = self._plot, np.flatnonzero(self._seen)
        return Done(
            plot.order.name, tuple(names[each] for each in plot.doers), _moment(self._first), _moment(self._last),
            persons.size, tuple(self._daily), plot.family.logged,
            bitmap.pack(persons.astype(np.uint32) + 1),
            (names[plot.victim],) if plot.victim >= 0 else (),
        )  # fmt: skip


def truth_of(world: World) -> tuple[Done, ...]:
    """What each plot of the world did, in the order given."""
    touched = Touched(world.shelves, world.seed)
    gathered = [_Gathered(plot, touched) for plot in world.plots]
    for day, plot, acts in world.misdeeds():
        gathered[plot.number].add(day, acts)
    return tuple(each.done(world.roster.names) for each in gathered)


def lines(register: str, done: Iterable[Done]) -> Iterator[bytes]:
    """The truth as JSON lines: misdeeds.jsonl. Record numbers are the exercise's own and name no person."""
    for each in done:
        plain: dict[str, Any] = {
            "register": register, "name": each.name, "accounts": each.accounts, "forged": each.forged,
            "from": each.first, "to": each.last, "persons": each.persons, "logged": each.logged,
            "days": [{"day": day, "acts": acts, "persons": persons, "new": new}
                     for day, acts, persons, new in each.daily],
            "record_numbers": bitmap.unpack(each.record_numbers).tolist() if each.persons <= MOST_LISTED else None,
        }  # fmt: skip
        yield orjson.dumps(plain, option=orjson.OPT_UTC_Z) + b"\n"


MOST_LISTED = 100_000
"""Persons above which a misdeed's record numbers are not written one by one (null)."""


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + timedelta(microseconds=micros)
