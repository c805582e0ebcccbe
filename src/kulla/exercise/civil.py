"""The civil register of the exercise: one record for each person, kept through moves, new names and deaths."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from kulla.exercise import columns
from kulla.exercise.changes import arrivals, history
from kulla.exercise.draw import Ints
from kulla.exercise.names import places
from kulla.exercise.population import Population
from kulla.exercise.slices import Slice

CIVIL: Final = pa.schema([
    ("nid", pa.string()), ("given_name", pa.string()), ("family_name", pa.string()), ("father_name", pa.string()),
    ("birth_date", pa.date32()), ("sex", pa.string()), ("municipality", pa.string()), ("address", pa.string()),
])  # fmt: skip
"""The register's columns. A person who has died is no longer in it."""


def civil(people: Population, person: Ints) -> Slice:
    """The versions of these persons' records."""
    frame, habits, calendar = people.frame, people.habits, people.calendar
    since = np.full(person.size, calendar.begins, dtype=np.int64)
    adult_woman = frame.is_woman[person] & (people.age(person) >= 18)
    renames = arrivals(calendar, people.seed, "civil", "rename", person, np.where(adult_woman, habits.renames, 0.0))
    story = history(since, [people.moves(person), renames, people.deaths(person)], ending="death")
    who, moves = person[story.record], story.count["move"]
    municipality = people.municipality(who, moves)
    table = pa.table({
        "nid": people.nid(who),
        "given_name": people.given_text(who),
        "family_name": people.family_text(who, story.count["rename"]),
        "father_name": people.father_text(who),
        "birth_date": columns.days(frame.born[who]),
        "sex": columns.labels(frame.is_woman[who].astype(np.int64), ("M", "F")),
        "municipality": columns.labels(municipality, tuple(places().municipalities)),
        "address": people.address(who, moves),
        **columns.intervals(story),
    })  # fmt: skip
    return Slice(table, who)
