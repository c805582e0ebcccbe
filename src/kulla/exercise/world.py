"""An exercise put together: staff, shelves and plots of one register, moved through its days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from kulla.exercise.acts import Acts, joined
from kulla.exercise.frame import Frame
from kulla.exercise.honest import Honest
from kulla.exercise.misdeeds import Misdeed
from kulla.exercise.plots import Plot, plots
from kulla.exercise.profile import Profile
from kulla.exercise.shelves import shelves
from kulla.exercise.staff import Roster, roster
from kulla.exercise.workdays import Day


class World:
    """One register of an exercise with its staff.

    volume: a further factor on all honest counts.
    """

    def __init__(
        self, frame: Frame, profile: Profile, accounts: int, days: int, start: date, seed: int,
        misdeeds: Sequence[Misdeed] = (), register: str = "payroll", volume: float = 1.0,
        staff: Roster | None = None,
    ) -> None:  # fmt: skip
        self.frame, self.profile, self.seed, self.register = frame, profile, seed, register
        self.volume = volume
        self.roster = staff or roster(frame, profile, accounts, days, start, seed)
        self.shelves = shelves(frame, register, seed)
        self.plots: tuple[Plot, ...] = plots(misdeeds, self.roster, seed)

    def honest(self) -> Honest:
        """The honest staff at its first day."""
        return Honest(self.roster, self.profile.staff, self.shelves, self.register, self.seed, self.volume)

    def days(self) -> Iterator[tuple[Day, Acts]]:
        """Each day with all its acts, honest or not, by time."""
        staff = self.honest()
        for day in self.roster.calendar:
            acts = staff.day(day)
            done = [self._dressed(staff, plot, day) for plot in self.plots if day.index in plot.days]
            yield day, joined([acts, *done]).by_time() if done else acts

    def misdeeds(self) -> Iterator[tuple[Day, Plot, Acts]]:
        """What each plot does on each of its days, not dressed."""
        for day in self.roster.calendar:
            for plot in self.plots:
                scene = plot.scene(day, self.roster, self.shelves, self.seed)
                if scene is not None:
                    yield day, plot, plot.acts(scene)

    def _dressed(self, staff: Honest, plot: Plot, day: Day) -> Acts:
        scene = plot.scene(day, self.roster, self.shelves, self.seed)
        assert scene is not None
        acts = plot.acts(scene)
        if plot.family.by == "staff":
            # A stream of its own, so that honest acts are the same with and without misdeeds.
            stream = np.random.default_rng([self.seed, 110, plot.number, day.index])
            acts = plot.family.disguise(staff, scene, staff.dressed(day, acts, stream))
        return acts
