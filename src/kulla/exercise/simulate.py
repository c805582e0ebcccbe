"""An exercise's staff and reads as tables in memory: what benches and tests ask for.

Everything follows from (frame, profile, accounts, days, start, seed): the same arguments give the same tables. Honest
reads do not depend on the misdeeds switched on, so that a run with and a run without differ in these alone.

    staff = simulate.staff(frame, profile, accounts=2000, days=120, start=date(2026, 1, 5), seed=1)
    orders = [Misdeed("low_and_slow", start=60, days=60, rate=10)]
    for day, reads in simulate.days(frame, staff, profile, 1, 120, date(2026, 1, 5), orders):
        ...
    truth = simulate.truth(frame, staff, profile, 1, 120, date(2026, 1, 5), orders)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from kulla.exercise.explaining import explained
from kulla.exercise.frame import Frame
from kulla.exercise.misdeeds import Done, Misdeed
from kulla.exercise.profile import Profile
from kulla.exercise.readtable import ReadMaker
from kulla.exercise.staff import ADMINISTRATOR, JOB, PERSON, POOL, Roster, roster
from kulla.exercise.truth import truth_of
from kulla.exercise.workdays import midnight
from kulla.exercise.world import World
from kulla.registers.schema import EXPLANATIONS, GROUPS, LABEL, STAFF, TIME


def staff(frame: Frame, profile: Profile, accounts: int, days: int, start: date, seed: int) -> pa.Table:
    """The owner's list of accounts in schema STAFF: `accounts` of people, then pools, jobs and administrators.

    An account has a line for each time span (role change, office move, reorganisation); the list lags behind what
    people do by the profile's measure, as lists of staff do. Remits are names of municipalities.
    """
    return staff_table(roster(frame, profile, accounts, days, start, seed), frame.municipalities, start)


def days(
    frame: Frame,
    staff: pa.Table,
    profile: Profile,
    seed: int,
    days: int,
    start: date,
    misdeeds: Sequence[Misdeed] = (),
    register: str = "payroll",
) -> Iterator[tuple[date, pa.Table]]:
    """Each day's reads of one register in schema READ, ordered by time; days without a read give an empty table.

    Memory holds one day. Reads of cursors and COPY are upper bounds with `rows` null; a statement that ended in an
    error or was cancelled has kind `error` and extent `unknown`; a look-up of someone who has no record has rows 0.
    read_id and line_hash are random, not hashes of a file that does not exist. Raises ValueError when `staff` was made
    with other arguments, or a misdeed is unknown or names an account that is not there.
    """
    world = _world(frame, staff, profile, seed, days, start, misdeeds, register)
    maker = ReadMaker(register, world.roster, world.shelves, seed)
    for day, acts in world.days():
        yield day.date, maker.table(day, acts)


def truth(
    frame: Frame, staff: pa.Table, profile: Profile, seed: int, days: int, start: date, misdeeds: Sequence[Misdeed],
    register: str = "payroll",
) -> tuple[Done, ...]:  # fmt: skip
    """What each misdeed did, in the order given. Cheap: the honest reads are not made for it."""
    return truth_of(_world(frame, staff, profile, seed, days, start, misdeeds, register))


def explanations(
    frame: Frame, staff: pa.Table, profile: Profile, seed: int, days: int, start: date, register: str = "payroll"
) -> pa.Table:
    """The case files, appointments, audits and reorganisations on file, in schema EXPLANATIONS.

    Most honest reads have one; some are opened after the read, some never, by the profile's measure.
    """
    world = _world(frame, staff, profile, seed, days, start, (), register)
    parts = list(explained(world.honest(), frame.municipalities))
    return pa.concat_tables(parts) if parts else EXPLANATIONS.empty_table()


def groups(frame: Frame) -> pa.Table:
    """The municipality of each record, in schema GROUPS: record numbers 1 to the number of persons."""
    numbers = pa.array(np.arange(1, frame.persons + 1, dtype=np.uint32))
    names = pa.DictionaryArray.from_arrays(frame.municipality.astype(np.int32), pa.array(frame.municipalities))
    return pa.table([numbers, names.cast(LABEL)], schema=GROUPS)


def staff_table(people: Roster, places: Sequence[str], start: date) -> pa.Table:
    """The staff list of a roster in schema STAFF. places: names of municipalities."""
    rows: list[tuple[object, ...]] = []
    spans = people.spans
    for at, span in enumerate(spans):
        last = at + 1 == len(spans) or spans[at + 1].account != span.account
        until = span.stop if last else spans[at + 1].stated
        whole = (span.low, span.high) == (0, len(places))
        remit = None if whole else list(places[span.low : span.high])
        ends = None if last and span.stop >= len(people.calendar) else _midnight(start, until)
        role = people.roles[span.role].name
        if span.stated != until or last:
            rows.append((people.names[span.account], role, span.office, remit, _midnight(start, span.stated), ends,
                         False, False, False))  # fmt: skip
    for account in np.flatnonzero(people.kind != PERSON).tolist():
        kind = people.kind[account]
        role = {POOL: "application", JOB: "job", ADMINISTRATOR: "administrator"}[int(kind)]
        rows.append((people.names[account], role, "computing-centre", None, _midnight(start, 0), None,
                     kind == ADMINISTRATOR, kind == POOL, kind == JOB))  # fmt: skip
    columns = zip(*rows, strict=True)
    types = [field.type for field in STAFF]
    made = [pa.array(list(column), pa.int64()).cast(TIME) if kind == TIME else pa.array(list(map(_plain, column)), kind)
            for column, kind in zip(columns, types, strict=True)]  # fmt: skip
    return pa.table(made, schema=STAFF)


def _plain(value: object) -> object:
    return bool(value) if isinstance(value, np.bool_) else value


def _midnight(start: date, day: int) -> int:
    return midnight(start + timedelta(days=day))


def _world(
    frame: Frame, staff: pa.Table, profile: Profile, seed: int, days: int, start: date, misdeeds: Sequence[Misdeed],
    register: str,
) -> World:  # fmt: skip
    """The world to which the staff list belongs: it is drawn again, and must come out the same."""
    others = profile.staff.pools + profile.staff.jobs + profile.staff.administrators
    accounts = len(staff["account"].unique()) - others
    world = World(frame, profile, accounts, days, start, seed, misdeeds, register)
    if not staff_table(world.roster, frame.municipalities, start).equals(staff):
        raise ValueError("the staff list was made with another frame, profile, number of days, start or seed")
    return world
