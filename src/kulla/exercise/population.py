"""The people of the exercise: what is told of person i, by person and by how often it has changed.

Every answer is a function of (seed, person, count of changes), so registers agree with each other without a table of
persons, and any slice of them can be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kulla.exercise import columns, draw
from kulla.exercise.changes import Calendar, Events, arrivals
from kulla.exercise.draw import Ints
from kulla.exercise.frame import START, ZONE, Frame
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.names import names, places, spellings


@dataclass(frozen=True)
class Population:
    """The country with its calendar and habits. `person` is always an array of person numbers, 0 and up."""

    frame: Frame
    habits: RegisterHabits
    calendar: Calendar

    @property
    def seed(self) -> int:
        """The exercise's seed."""
        return self.frame.seed

    def nid(self, person: Ints) -> pa.Array:
        """National ids."""
        frame = self.frame
        return columns.ids(frame.born[person], frame.is_woman[person], frame.serial[person])

    def age(self, person: Ints) -> Ints:
        """Whole years at the start."""
        return (np.datetime64(START) - self.frame.born[person]).astype(np.int64) * 4 // 1461

    def head(self, person: Ints) -> Ints:
        """The head of each person's household."""
        return person - self.frame.member[person]

    def given_name(self, person: Ints) -> Ints:
        """Index of the given name among those of the person's sex: see `given_text`."""
        known = names()
        men = draw.choice(self.seed, "given/man", person, known.men_weight)
        women = draw.choice(self.seed, "given/woman", person, known.women_weight)
        return np.where(self.frame.is_woman[person], women, men)

    def given_text(self, person: Ints, plain: NDArray[np.bool_] | None = None) -> pa.DictionaryArray:
        """Given names; without diacritics where told."""
        men, women = spellings("men"), spellings("women")
        woman = self.frame.is_woman[person]
        index = self.given_name(person)
        if plain is not None:
            index = index + np.where(plain, np.where(woman, len(women) // 2, len(men) // 2), 0)
        return columns.labels(np.where(woman, len(men) + index, index), pa.concat_arrays([men, women]))

    def father_text(self, person: Ints) -> pa.DictionaryArray:
        """Given names of the fathers: for children of a household that of its man, else one of his own."""
        known = names()
        head = self.head(person)
        man = np.where(self.frame.is_woman[head], head + 1, head)
        of_him = draw.choice(self.seed, "given/man", man, known.men_weight)
        own = draw.choice(self.seed, "father", person, known.men_weight)
        return columns.labels(np.where(self.frame.member[person] > 1, of_him, own), spellings("men"))

    def family_name(self, person: Ints, renames: Ints | int = 0) -> Ints:
        """Index of the family name: the household's for most of its members, another after a change of name."""
        weight = names().surname_weight
        home = draw.choice(self.seed, "family", self.frame.household[person], weight)
        own = draw.choice(self.seed, "family/own", person * 64 + renames, weight)
        apart = draw.chance(self.seed, "family/apart", person, np.where(self.frame.member[person] == 1, 0.08, 0.02))
        return np.where(apart | (np.asarray(renames) > 0), own, home)

    def family_text(self, person: Ints, renames: Ints | int = 0,
                    plain: NDArray[np.bool_] | None = None) -> pa.DictionaryArray:  # fmt: skip
        """Family names; without diacritics where told."""
        index, known = self.family_name(person, renames), spellings("surnames")
        return columns.labels(index if plain is None else index + plain * (len(known) // 2), known)

    def plain(self, person: Ints, register: str) -> NDArray[np.bool_]:
        """Whose name that register writes without diacritics."""
        return draw.chance(self.seed, f"{register}/plain", person, self.habits.plain_names)

    def full_text(self, person: Ints, register: str) -> pa.Array:
        """Given and family name as that register writes them."""
        plain = self.plain(person, register)
        return columns.joined(self.given_text(person, plain), self.family_text(person, 0, plain))

    def phone_number(self, person: Ints, changes: Ints | int = 0) -> Ints:
        """The phone as a number for `columns.phones`; -1 for who has none. Some share that of the household's head."""
        habits = self.habits
        shares = draw.chance(self.seed, "phone/shared", person, habits.phone_shared)
        owner = np.where(shares & (np.asarray(changes) == 0), self.head(person), person)
        none = draw.chance(self.seed, "phone/none", person, habits.phone_missing) & (np.asarray(changes) == 0)
        return np.where(none, -1, draw.below(self.seed, "phone", owner * 64 + changes, 3 * 10**7))

    def municipality(self, person: Ints, moves: Ints) -> Ints:
        """Index of the municipality after so many moves of the household."""
        weights = tuple(places().municipalities.values())
        now = self.frame.municipality[person].astype(np.int64)
        for k in range(1, int(moves.max(initial=0)) + 1):
            at = np.flatnonzero(moves >= k)
            key = self.frame.household[person[at]].astype(np.int64) * 64 + k
            far = draw.chance(self.seed, "move/far", key, self.habits.far_moves)
            now[at] = np.where(far, draw.choice(self.seed, "move/to", key, weights), now[at])
        return now

    def address(self, person: Ints, moves: Ints) -> pa.Array:
        """Street and house number of the household after so many moves; some with entrance and flat."""
        words = places()
        streets = [f"{kind} {name}, nr. " for kind in words.street_kinds for name in words.street_names]
        key = self.frame.household[person].astype(np.int64) * 64 + moves
        street = draw.below(self.seed, "street", key, len(streets))
        number = np.exp(1 + 4 * draw.uniform(self.seed, "house", key)).astype(np.int64)
        flats = ["", *(f", sh. {s}, ap. {a}" for s in range(1, 5) for a in range(1, 31))]
        flat = draw.below(self.seed, "flat", key, len(flats))
        flat[draw.chance(self.seed, "flat/none", key, 0.4)] = 0
        parts = (columns.labels(street, streets), columns.labels(number, [str(n) for n in range(160)]),
                 columns.labels(flat, flats))  # fmt: skip
        return columns.joined(*parts, by="")

    def moves(self, person: Ints) -> Events:
        """When the households of the persons move: at the same commit for all members."""
        household = self.frame.household[person].astype(np.int64)
        return arrivals(self.calendar, self.seed, "civil", "move", household, self.habits.moves)

    def deaths(self, person: Ints) -> Events:
        """When persons die, as the civil register learns it: at most once; more likely with age (Gompertz 1825)."""
        hazard = np.exp(self.age(person) / 11.0) / self._mean_hazard
        die = draw.chance(self.seed, "death", person, -np.expm1(-self.habits.deaths * self.calendar.months * hazard))
        who = np.flatnonzero(die)
        return Events("death", who, self.calendar.commits(self.seed, "civil", "death/when", person[who]))

    @cached_property
    def _mean_hazard(self) -> float:
        return float(np.exp(self.age(np.arange(self.frame.persons)) / 11.0).mean())


def population(frame: Frame, habits: RegisterHabits, months: int) -> Population:
    """The people of a frame through so many months. Raises UsageError for a number of months out of range."""
    return Population(frame, habits, Calendar(START, months, habits, ZONE))
