"""The payroll register of the exercise, bitemporal: a declaration for each job and month, kept, and corrected later.

An employer's declarations of a period are committed together in the month after it. A declaration is amended when its
person's phone changes while it is the latest one, and corrected, alone or with all of its employer's, up to nine months
later. `period` says what a row is about, `valid_from` and `valid_to` when its values could be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from kulla.exercise import columns, draw
from kulla.exercise.changes import Events, arrivals, before, history
from kulla.exercise.draw import Ints
from kulla.exercise.employers import Employers
from kulla.exercise.jobs import LEAST, POSITIONS, Jobs, main_jobs, periods, second_jobs, workers
from kulla.exercise.names import places
from kulla.exercise.population import Population
from kulla.exercise.slices import Slice

PAYROLL: Final = pa.schema([
    ("nid", pa.string()), ("full_name", pa.string()), ("employer_id", pa.string()), ("employer", pa.string()),
    ("position", pa.string()), ("municipality", pa.string()), ("period", pa.string()),
    ("gross_salary", pa.decimal128(12, 2)), ("phone", pa.string()),
])  # fmt: skip
"""The register's columns. period: YYYY-MM; gross_salary in lek a month; phone: null where none is known."""

_LATEST = 9
"""Months after which no correction comes."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Declarations of a slice of persons, one item each.

    Attributes:
        row: place of the person in the slice.
        column: which of the declared months.
        employer, position, salary: as declared at first.
        filed: commit time; the span's beginning for those kept from before it.
        moves, phones: how often the household had moved, and the phone had changed, when it was filed.
    """

    row: Ints
    column: Ints
    employer: Ints
    position: Ints
    salary: Ints
    filed: Ints
    moves: Ints
    phones: Ints


def payroll(people: Population, person: Ints, employers: Employers, filed: Ints) -> Slice:
    """The versions of these persons' declarations; none for who never has a job in the span.

    filed: `filings` of all employers, made once.
    """
    person = workers(people, person)
    phones = arrivals(people.calendar, people.seed, "payroll", "phone", person, people.habits.phone_changes)
    main = main_jobs(people, person, employers)
    jobs = (main, second_jobs(people, person, main, employers))
    parts = [_declared(people, person, each, phones, filed) for each in jobs]
    fields = Declared.__dataclass_fields__
    told = Declared(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})
    # Two sorted runs, which a stable sort of one number merges in a single pass.
    order = np.argsort(told.row << 32 | told.column << 24 | told.employer, kind="stable")
    told = Declared(**{name: getattr(told, name)[order] for name in fields})
    events = [_amended(told, phones, person.size), *_corrections(people, person, told)]
    story = history(told.filed, [Events(e.kind, e.record, e.time) for e in events])
    at = story.record
    salary = _corrected(people, person, told, story.count["correction"], story.count["employer"], at)
    who, row = person[told.row[at]], pa.array(told.row[at].astype(np.int32))
    period = [people.calendar.month(int(m)).strftime("%Y-%m") for m in periods(people)]
    municipality = people.municipality(who, told.moves[at])
    table = pa.table({
        "nid": pa.DictionaryArray.from_arrays(row, people.nid(person)),
        "full_name": pa.DictionaryArray.from_arrays(row, people.full_text(person, "payroll")),
        "employer_id": columns.labels(told.employer[at], employers.ids),
        "employer": columns.labels(told.employer[at], employers.names),
        "position": columns.labels(told.position[at], tuple(p[0] for p in POSITIONS)),
        "municipality": columns.labels(municipality, tuple(places().municipalities)),
        "period": columns.labels(told.column[at], period),
        "gross_salary": columns.money(salary),
        "phone": _phones(people, person, told.row[at], told.phones[at] + story.count["phone"]),
        **columns.intervals(story),
    })  # fmt: skip
    return Slice(table, who)


def filings(people: Population, employers: int) -> Ints:
    """When each employer's declarations of each declared month are committed, employers × months; `OPEN`: never.

    What was declared before the span stands there from its beginning; the last month's come after its end.
    """
    calendar, period = people.calendar, periods(people)
    number = np.arange(employers)[:, None] * 1024 + period + 512
    month = np.broadcast_to(np.maximum(period + 1, 0), number.shape)
    return np.where(period < -1, calendar.begins, calendar.moments(people.seed, "payroll/filing", number, month))


def _declared(people: Population, person: Ints, jobs: Jobs, phones: Events, filings_: Ints) -> Declared:
    filed = filings_[jobs.employer, np.arange(jobs.works.shape[1])]
    moves, called = before(people.moves(person), filed), before(phones, filed)
    row, column = np.nonzero(jobs.works)
    cells = (jobs.employer, jobs.position, jobs.salary, filed, moves, called)
    return Declared(row, column, *(cell[row, column].astype(np.int64) for cell in cells))


def _phones(people: Population, person: Ints, row: Ints, changes: Ints) -> pa.Array:
    """Phones by person and count of changes, made once for each pair that occurs."""
    most = int(changes.max(initial=0)) + 1
    pairs, place = np.arange(person.size * most), pa.array(row * most + changes)
    return columns.phones(people.phone_number(person[pairs // most], pairs % most)).take(place)


def _amended(told: Declared, phones: Events, persons: int) -> Events:
    """Phone changes as they amend the declaration that was filed last before them."""
    first = np.searchsorted(told.row, np.arange(persons + 1))
    record, time = [], []
    for who, when in zip(phones.record.tolist(), phones.time.tolist(), strict=True):
        filed = told.filed[first[who] : first[who + 1]]
        earlier = np.flatnonzero(filed < when)
        if earlier.size:
            record.append(int(first[who]) + int(earlier[np.argmax(filed[earlier])]))
            time.append(when)
    return Events("phone", np.array(record, dtype=np.int64), np.array(time, dtype=np.int64))


def _corrections(people: Population, person: Ints, told: Declared) -> tuple[Events, Events]:
    """Late corrections of single declarations, and of all declarations of an employer's month in one transaction."""
    habits, seed, calendar = people.habits, people.seed, people.calendar
    month = periods(people)[told.column]
    single = person[told.row] * 2**24 + told.employer % 2**16 * 256 + told.column
    whole = told.employer * 1024 + told.column
    found = []
    for kind, key, share in (("correction", single, habits.late_corrections),
                             ("employer", whole, habits.employer_corrections)):  # fmt: skip
        late = month + 2 + draw.below(seed, f"payroll/{kind}/late", key, _LATEST - 1)
        within = (late >= 0) & (late < calendar.months)
        which = np.flatnonzero(draw.chance(seed, f"payroll/{kind}", key, share) & within)
        number, at = key[which], late[which]
        found.append(Events(kind, which, calendar.moments(seed, f"payroll/{kind}/when", number, at)))
    return found[0], found[1]


def _corrected(people: Population, person: Ints, told: Declared, single: Ints, whole: Ints, at: Ints) -> Ints:
    """The salary after the corrections: single ones by −15 to +20 %, an employer's by up to 4 % for all alike."""
    base = told.salary[at]
    one = 0.85 + 0.35 * draw.uniform(people.seed, "payroll/correction/by", person[told.row[at]] * 256 + told.column[at])
    all_ = 1.005 + 0.035 * draw.uniform(people.seed, "payroll/employer/by", told.employer[at] * 1024 + told.column[at])
    new = base * np.where(single > 0, one, 1.0) * np.where(whole > 0, all_, 1.0)
    changed = np.maximum(np.rint(new / 100).astype(np.int64) * 100, np.minimum(base, LEAST))
    changed = np.where(changed == base, base + 1000, changed)  # the least paid cannot be paid less
    return np.where((single > 0) | (whole > 0), changed, base)
