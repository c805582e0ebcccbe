"""Reads that no person asks for one by one: nightly jobs; and what administrators honestly do in a register."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kulla.exercise.acts import (
    AGGREGATE,
    COPY,
    CURSOR,
    KEY_PAGE,
    LOOK_UP,
    PREPARED,
    SAMPLE,
    SCAN,
    SIMPLE,
    Acts,
    acts,
    joined,
)  # fmt: skip
from kulla.exercise.staff import ADMINISTRATOR, JOB
from kulla.exercise.tools import machine, own
from kulla.exercise.workdays import HOUR, Day

if TYPE_CHECKING:
    from kulla.exercise.honest import Honest

_NIGHTS = (COPY, CURSOR, SAMPLE, COPY, KEY_PAGE, AGGREGATE)
"""What the jobs do, one after the other: the backup dumps, statistics go through a cursor, matching asks for batches
of ids, the warehouse copies, notices page by key, quality checks aggregate."""


def nightly(staff: Honest, day: Day, stream: np.random.Generator) -> Acts:
    """The jobs' acts of the night before office hours; now and then one fails, starts late or runs twice."""
    made = []
    for number, account in enumerate(staff.roster.of_kind(JOB)):
        what = _NIGHTS[number % len(_NIGHTS)]
        if what != COPY and stream.random() < 0.02:
            continue
        runs = 2 if stream.random() < 0.01 else 1
        begin = 1.0 + 0.6 * (number % 7) + abs(stream.normal()) * 0.15 + (stream.random() < 0.02) * 6.0
        made += [_job(staff, day, int(account), what, begin + 0.4 * run, stream) for run in range(runs)]
    return joined(made)


def _job(staff: Honest, day: Day, account: int, what: int, begin: float, stream: np.random.Generator) -> Acts:
    dump = staff.roster.names[account] == "svc_backup"
    tool = machine("pg_dump" if dump else "etl-loader" if what == CURSOR else "svc-batch/2.3")
    same = {"account": account, "session": account * 16, "client": (1 << 16) + account, "tool": tool}
    time = day.at(begin)
    if what in (COPY, CURSOR):
        return acts(1, shape=SCAN, how=what, time=time, seconds=60.0, **same)
    if what == AGGREGATE:
        return acts(3, shape=AGGREGATE, how=SIMPLE, time=time + np.arange(3) * 20_000_000, seconds=8.0, **same)
    if what == SAMPLE:
        count = 1 + int(stream.poisson(20 * min(staff.factor, 3.0) * day.season))
        return acts(count, shape=SAMPLE, how=PREPARED, target=stream.integers(0, 1 << 40, count), extra=200,
                    time=time + np.arange(count) * 2_000_000, **same)  # fmt: skip
    count = max(1, min(80, staff.people.by_id.size // 1000))
    first = int(stream.integers(max(staff.people.by_id.size - count * 100, 1)))
    return acts(count, shape=KEY_PAGE, how=PREPARED, target=first + 100 * np.arange(count), extra=100,
                time=time + np.arange(count) * 1_500_000, **same)  # fmt: skip


def administration(staff: Honest, day: Day, stream: np.random.Generator) -> Acts:
    """Administrators look somebody up for a user's complaint, count rows, test a page; at times in the evening."""
    made = []
    for account in staff.roster.of_kind(ADMINISTRATOR):
        count = int(stream.poisson(staff.habits.administration * (1.0 if day.worked else 0.15)))
        if not count or not staff.people.by_id.size:
            continue
        hours = np.where(stream.random(count) < 0.15, 18 + 5 * stream.random(count), 8 + 8.5 * stream.random(count))
        shape = stream.choice([LOOK_UP, AGGREGATE, KEY_PAGE], count, p=[0.55, 0.35, 0.10])
        someone = staff.people.by_id[stream.integers(0, staff.people.by_id.size, count)]
        target = np.select([shape == LOOK_UP, shape == AGGREGATE], [someone, -1], 0)
        made.append(
            acts(count, account=account, session=account * 16 + 8, client=(1 << 17) + account, tool=own("psql"),
                 time=day.midnight + (hours * HOUR).astype(np.int64), shape=shape, target=target,
                 extra=np.where(shape == KEY_PAGE, 10, 0), seconds=stream.gamma(2.0, 0.05, count))
        )  # fmt: skip
    return joined(made)
