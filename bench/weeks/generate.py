"""Running an estate for some days: hour by hour, habit by habit, each seeded by its own name so that none moves another."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.weeks import admins, border, database, nights, people, servers, sessions, upkeep, web
from bench.weeks.clock import HOUR, START
from bench.weeks.intrusion import play, told
from bench.weeks.scene import Habit, Scene, Sink

HABITS: tuple[Habit, ...] = (
    *people.HABITS, *upkeep.HABITS, *nights.HABITS, *admins.HABITS, *web.HABITS, *servers.HABITS, *sessions.HABITS, *database.HABITS, *border.HABITS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: `hours` from Monday midnight, at a scale (1 is 1 to 1.5 million events a week), with an intrusion or none."""

    seed: int = 1
    hours: int = 168
    scale: float = 1.0
    intrusion: str | None = None


def generate(folder: Path, plan: Plan) -> int:
    """Write the logs, and beside them the truth of the intrusion (`<folder>.truth.json`); the number of records."""
    sink = Sink(folder)
    steps = play(sink, plan.intrusion, plan.seed, plan.hours) if plan.intrusion else ()
    for hour in range(plan.hours):
        for habit in HABITS:
            rng = random.Random(f"{plan.seed}/{habit.name}/{hour}")
            for time in habit.times(rng, hour, plan.scale):
                habit.act(Scene(sink, rng, time, plan.scale))
        sink.flush(START + (hour + 1) * HOUR)
    sink.flush(START + (plan.hours + 12) * HOUR)
    sink.close()
    if plan.intrusion:
        truth = {"intrusion": plan.intrusion, "seed": plan.seed, "steps": [told(step, sink.marks) for step in steps]}
        folder.with_name(folder.name + ".truth.json").write_bytes(orjson.dumps(truth, option=orjson.OPT_INDENT_2))
    return sink.count
