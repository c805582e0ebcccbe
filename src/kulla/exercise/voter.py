"""The voter register of the exercise: electoral, brought up to date once a month in one long transaction.

Moves, deaths and those who come of age are taken over from the civil register by that monthly transaction; phones and
preferences are noted anew at any time (now and then as they were). Names stand as written when the voter was entered.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from kulla.exercise import columns, draw
from kulla.exercise.changes import OPEN, Events, arrivals, history
from kulla.exercise.draw import Ints
from kulla.exercise.names import places
from kulla.exercise.population import Population
from kulla.exercise.slices import Slice

VOTER: Final = pa.schema([
    ("nid", pa.string()), ("full_name", pa.string()), ("birth_date", pa.date32()), ("polling_station", pa.string()),
    ("municipality", pa.string()), ("phone", pa.string()), ("preference", pa.string()),
])  # fmt: skip
"""The register's columns. polling_station: four digits, a stroke and the room; preference: null where none is noted."""

PREFERENCES: Final = ("Lista 1", "Lista 2", "Lista 3", "Lista 4", "i pavendosur", "nuk voton")
_PREFERRED = (0.27, 0.24, 0.07, 0.04, 0.25, 0.13)
_NONE_NOTED = 0.35
_PER_STATION = 900
"""Voters for each polling station, about."""


def voter(people: Population, person: Ints) -> Slice:
    """The versions of these persons' records, of those who may vote."""
    frame, habits, calendar, seed = people.frame, people.habits, people.calendar, people.seed
    phones = arrivals(calendar, seed, "voter", "phone", person, habits.voter_phones)
    preferences = arrivals(calendar, seed, "voter", "preference", person, habits.preferences)
    later = [_monthly(people, people.moves(person)), _monthly(people, people.deaths(person))]
    story = history(_entered(people, person), [phones, preferences, *later], ending="death")
    who, moves = person[story.record], story.count["move"]
    municipality = people.municipality(who, moves)
    table = pa.table({
        "nid": people.nid(who),
        "full_name": people.full_text(who, "voter"),
        "birth_date": columns.days(frame.born[who]),
        "polling_station": _station(people, who, moves, municipality),
        "municipality": columns.labels(municipality, tuple(places().municipalities)),
        "phone": _phone(people, who, story.count["phone"]),
        "preference": _preference(people, who, story.count["preference"]),
        **columns.intervals(story),
    })  # fmt: skip
    return Slice(table, who)


def batches(people: Population) -> Ints:
    """When each month's long transaction of the voter register was committed."""
    month = np.arange(people.calendar.months)
    return people.calendar.moments(people.seed, "voter/batch", month, month)


def _monthly(people: Population, changes: Events) -> Events:
    """The changes as the next month's transaction brings them in; those of the last month never come."""
    month = people.calendar.month_of(changes.time) + 1
    kept = month < people.calendar.months
    return Events(changes.kind, changes.record[kept], batches(people)[month[kept]])


def _entered(people: Population, person: Ints) -> Ints:
    """When each was entered: from the beginning, with the month after the 18th birthday, or not at all (`OPEN`)."""
    first = np.datetime64(people.calendar.start, "M")
    month = (people.frame.born[person].astype("datetime64[M]") + 18 * 12 - first).astype(np.int64) + 1
    times = np.concatenate([batches(people), [people.calendar.begins, OPEN]])
    last = people.calendar.months
    return times[np.where(month <= 0, last, np.where(month < last, month, last + 1))]


def _station(people: Population, person: Ints, moves: Ints, municipality: Ints) -> pa.Array:
    weights = np.array(list(places().municipalities.values()), dtype=np.float64)
    stations = np.ceil(weights / weights.sum() * people.frame.persons / _PER_STATION).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(stations)])[:-1]
    home = people.frame.household[person].astype(np.int64) * 64 + moves
    station = first[municipality] + draw.below(people.seed, "station", home, stations[municipality])
    room = draw.below(people.seed, "station/room", home, 3)
    texts = [f"{number:04}/{part}" for number in range(int(stations.sum())) for part in (1, 2, 3)]
    return columns.labels(station * 3 + room, texts)


def _phone(people: Population, person: Ints, changes: Ints) -> pa.Array:
    """Most voters' phones are those of the payroll; a quarter are written with the country's code."""
    differs = draw.chance(people.seed, "voter/other", person, 0.2)
    number = people.phone_number(person, np.where(differs, changes + 16, changes))
    return columns.phones(number, draw.chance(people.seed, "voter/international", person, 0.25))


def _preference(people: Population, person: Ints, changes: Ints) -> pa.Array:
    noted = draw.choice(people.seed, "preference", person * 64 + changes, _PREFERRED)
    none = draw.chance(people.seed, "preference/none", person, _NONE_NOTED) & (changes == 0)
    return columns.labels(np.where(none, -1, noted), PREFERENCES)
