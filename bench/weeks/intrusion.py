"""Intrusions hidden in ordinary weeks, and their truth: what each step was, when, where, and which records it left."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from bench.weeks.clock import DAY, HOUR, START, iso
from bench.weeks.insider import insider
from bench.weeks.scene import Sink
from bench.weeks.tale import Step, Tale
from bench.weeks.webshell import webshell

INTRUSIONS = {"webshell-to-register": webshell, "insider-dba": insider}
_BEGIN = {"webshell-to-register": 14 * HOUR, "insider-dba": 20 * HOUR}
"""Local hour of the first step."""


def play(sink: Sink, name: str, seed: int, hours: int) -> Sequence[Step]:
    """Write an intrusion's records. It begins on a day that the seed chooses, on the first when there are few days."""
    rng = random.Random(f"{seed}/{name}")
    day = rng.randrange(1, 4) if hours >= 168 else 0
    tale = Tale(sink, rng, START + day * DAY + _BEGIN[name] + rng.randrange(HOUR // 2))
    INTRUSIONS[name](tale)
    return tale.steps


def told(step: Step, marks: Mapping[int, Sequence[tuple[str, int]]]) -> dict[str, object]:
    """A step of the truth, for JSON. `records` are the files and first lines of what it left."""
    return {
        "step": step.number,
        "time": iso(step.first),
        "until": iso(step.last),
        "host": step.host,
        "what": step.what,
        "technique": step.technique,
        "records": [{"file": file, "record": line} for file, line in marks.get(step.number, [])],
    }
