"""The vehicle register of the exercise: one record for each plate, issued in order, kept through sales to scrapping.

Vehicle v has the v-th plate and record number v + 1. The owner's name and municipality are written at the sale and
not kept up to date, as in many real registers.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kulla.exercise import columns, draw
from kulla.exercise.changes import arrivals, history
from kulla.exercise.draw import Ints
from kulla.exercise.frame import START
from kulla.exercise.names import places
from kulla.exercise.population import Population
from kulla.exercise.slices import Slice

VEHICLE: Final = pa.schema([
    ("plate", pa.string()), ("nid", pa.string()), ("owner_name", pa.string()), ("make", pa.string()),
    ("model", pa.string()), ("first_registration", pa.date32()), ("municipality", pa.string()),
])  # fmt: skip
"""The register's columns. A scrapped vehicle is no longer in it."""

_YEARS = 13
"""How many years back the plates at the start were issued."""


def vehicles(people: Population) -> tuple[int, int]:
    """How many vehicles there are at the start, and how many at the end counting those scrapped."""
    at_start = max(1, round(people.frame.persons * people.habits.vehicles))
    return at_start, at_start + int(at_start * people.habits.registered * people.calendar.months)


def vehicle(people: Population, number: Ints) -> Slice:
    """The versions of these vehicles' records."""
    habits, calendar, seed = people.habits, people.calendar, people.seed
    since = registered(people, number)
    sales = arrivals(calendar, seed, "vehicle", "sale", number, habits.sales)
    scrapped = arrivals(calendar, seed, "vehicle", "scrap", number, habits.scrapped)
    story = history(since, [sales, scrapped], ending="scrap")
    which = number[story.record]
    owner = owners(people, which, story.count["sale"])
    made = places().vehicles
    kinds = [(make, model) for make, models in made for model in models]
    popular = [weight / len(models) for (_, models), weight in zip(made, draw.zipf(len(made), 1.1, 0.3), strict=True)
               for _ in models]  # fmt: skip
    kind = draw.choice(seed, "vehicle/kind", which, popular)
    home = people.frame.municipality[owner].astype(np.int64)
    table = pa.table({
        "plate": columns.plates(which),
        "nid": people.nid(owner),
        "owner_name": people.full_text(owner, "vehicle"),
        "make": columns.labels(kind, [make for make, _ in kinds]).cast(pa.string()),
        "model": columns.labels(kind, [model for _, model in kinds]),
        "first_registration": columns.days(_first(people, number)[story.record]),
        "municipality": columns.labels(home, tuple(places().municipalities)),
        **columns.intervals(story),
    })  # fmt: skip
    return Slice(table, which)


def owners(people: Population, number: Ints, sales: Ints | int = 0) -> Ints:
    """The person who owns each vehicle after so many sales: an adult; heads of households own more."""
    person = draw.below(people.seed, "vehicle/owner", number * 64 + sales, people.frame.persons)
    minor = (people.age(person) < 18) | draw.chance(people.seed, "vehicle/head", number * 64 + sales, 0.3)
    return np.where(minor, people.head(person), person)


def registered(people: Population, number: Ints) -> Ints:
    """When each vehicle's record begins: the span's beginning, or, for new ones, in the order of their plates."""
    calendar = people.calendar
    at_start, total = vehicles(people)
    share = (number - at_start + draw.uniform(people.seed, "vehicle/new", number)) / max(1, total - at_start)
    new = calendar.timed(people.seed, "vehicle/new/hour", number, np.clip(share, 0, 1) * calendar.weights[-1])
    return np.where(number < at_start, calendar.begins, new)


def _first(people: Population, number: Ints) -> NDArray[np.datetime64]:
    """The first registration: the day the plate was issued; earlier and abroad for the many that were imported used."""
    at_start, _ = vehicles(people)
    since = registered(people, number).astype("datetime64[us]").astype("datetime64[D]")
    ago = ((1 - number / at_start) * 365.25 * _YEARS).astype(np.int64)
    issued = np.where(number < at_start, np.datetime64(START) - ago - 1, since)
    imported = draw.chance(people.seed, "vehicle/imported", number, 0.8)
    return issued - np.where(imported, draw.below(people.seed, "vehicle/older", number, 5000) + 700, 0)
