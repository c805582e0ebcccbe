"""A tale: the steps of an intrusion as they are written."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from bench.weeks.clock import HOUR, MINUTE
from bench.weeks.scene import Scene, Sink


@dataclass(slots=True)
class Step:
    """One step; times in µs UTC."""

    number: int
    host: str
    what: str
    technique: str
    first: int
    last: int = 0


@dataclass(slots=True)
class Tale:
    """Writes steps one after another; `scene` is the present step's."""

    sink: Sink
    rng: random.Random
    time: int
    steps: list[Step] = field(default_factory=list)

    def step(self, host: str, what: str, technique: str, minutes: float = 0.0, hours: float = 0.0) -> Scene:
        """Begin the next step so long after the last one."""
        self.time += int((hours * HOUR + minutes * MINUTE) * self.rng.uniform(0.9, 1.1))
        number = len(self.steps) + 1
        self.steps.append(Step(number, host, what, technique, self.time))
        return Scene(self.sink, self.rng, self.time, mark=number)

    def done(self, scene: Scene) -> None:
        """The step is over: the next begins after it."""
        self.steps[-1].last = self.time = scene.time
