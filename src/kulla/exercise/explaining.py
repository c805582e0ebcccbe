"""What clears reads, as the owner has it on file: case files, appointments, audits, reorganisations, standing jobs.

It is as incomplete as the profile says: some files are never made, some only after the first read. Whoever makes
files up for a misdeed is not modelled: nobody's misdeed has an explanation of its own making.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.batches import walked_line, walkers
from kulla.exercise.honest import Honest
from kulla.exercise.staff import JOB
from kulla.exercise.workdays import Day, midnight
from kulla.registers.schema import EXPLANATIONS, LABEL, TIME

_KINDS = ("case_file", "appointment", "office", "reorganisation", "audit", "job")
_DAY = 86_400_000_000


def explained(staff: Honest, places: tuple[str, ...]) -> Iterator[pa.Table]:
    """Tables in schema EXPLANATIONS: first what stands for long, then what each day brings.

    staff: at its first day; it goes through its days. places: names of municipalities.
    """
    yield _standing(staff, places)
    for day in staff.roster.calendar:
        before = staff.cases.count.copy()
        stream = np.random.default_rng([staff.seed, 105, day.index, sum(staff.register.encode())])
        staff.cases.begin(day)
        there = staff.there(day)
        staff.look_up(day, there, stream)
        opened = staff.cases.opened(before, day)
        if opened.account.size:
            yield _table(
                account=pa.array(staff.roster.names).take(pa.array(opened.account)),
                kind=np.where(opened.appointment, 1, 0), record_no=pa.array((opened.person + 1).astype(np.uint32)),
                since=opened.since, until=opened.until,
            )  # fmt: skip
        yield _walks(staff, day, there, places)


def _walks(staff: Honest, day: Day, there: NDArray[np.int64], places: tuple[str, ...]) -> pa.Table:
    """The orders for the day's walks through ids: for a municipality and about two weeks, mostly given."""
    account, group, audit = [], [], []
    for number in walkers(staff, day, there).tolist():
        key = number * 4096 + day.index
        if draw.uniform(staff.seed, "walk/order", key) < staff.roster.traits.on_file[number]:
            line = walked_line(staff, number, day)
            role = staff.habits.role[int(staff.role_of(np.array([number]))[0])].name
            for place in np.unique(staff.people.municipality[line[:2000]]).tolist():
                account.append(staff.roster.names[number])
                group.append(places[place])
                audit.append(4 if role in ("auditor", "inspector") else 2)
    late = draw.uniform(staff.seed, "walk/since", np.arange(len(account)) + 64 * day.index)
    since = day.midnight + ((late * 8 - 7) * _DAY).astype(np.int64)
    return _table(account=pa.array(account, pa.string()), kind=np.array(audit, dtype=np.int64), since=since,
                  until=since + 14 * _DAY, group=pa.array(group, pa.string()))  # fmt: skip


def _standing(staff: Honest, places: tuple[str, ...]) -> pa.Table:
    """Orders of reorganisations, for the office that took a municipality over, and what the jobs are there for."""
    roster = staff.roster
    first, last = roster.calendar[0], roster.calendar[-1]
    jobs = [roster.names[account] for account in roster.of_kind(JOB)]
    account: list[str | None] = list(jobs)
    office: list[str | None] = [None] * len(jobs)
    group: list[str | None] = [None] * len(jobs)
    kind = [5] * len(jobs)
    since, until = [first.midnight] * len(jobs), [midnight(last.date) + 2 * _DAY] * len(jobs)
    for day, low, high in roster.moves:
        for place in range(low, high):
            account.append(None)
            office.append(f"office-{low:03}")
            group.append(places[place])
            kind.append(3)
            since.append(roster.calendar[day].midnight - 5 * _DAY)
            until.append(roster.calendar[day].midnight + 2 * staff.habits.handover_days * _DAY)
    return _table(account=pa.array(account, pa.string()), office=pa.array(office, pa.string()), kind=np.array(kind),
                  since=np.array(since), until=np.array(until), group=pa.array(group, pa.string()))  # fmt: skip


def _table(
    account: pa.Array, kind: NDArray[np.int64], since: NDArray[np.int64], until: NDArray[np.int64],
    office: pa.Array | None = None, record_no: pa.Array | None = None, group: pa.Array | None = None,
) -> pa.Table:  # fmt: skip
    size = len(kind)
    labels = pa.DictionaryArray.from_arrays(pa.array(kind.astype(np.int32)), pa.array(_KINDS)).cast(LABEL)
    columns = [
        account, pa.nulls(size, pa.string()) if office is None else office, labels,
        pa.nulls(size, pa.uint32()) if record_no is None else record_no,
        pa.nulls(size, pa.string()) if group is None else group,
        pa.array(since.astype(np.int64)).cast(TIME), pa.array(until.astype(np.int64)).cast(TIME),
    ]  # fmt: skip
    return pa.table(columns, schema=EXPLANATIONS)
