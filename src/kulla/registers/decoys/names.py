"""Names and phones for decoys, drawn from those that the owner's registers hold. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.crowd import unlike
from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.roll import Roll
from kulla.registers.nationalid import birth_date
from kulla.registers.normalise import SEPARATOR

_TRIES: Final = 400
_EVEN: Final = 0.1
"""Between names whose counts differ by less, in doublings, chance decides."""
_YEARS: Final = 7
"""How far apart in age two persons are whose given names may stand for each other."""


@dataclass(frozen=True)
class Namebook:
    """Persons' ids, names, households and towns (null: unknown), row by row: what names are drawn from."""

    ids: pa.Array
    given: pa.Array
    family: pa.Array
    homes: pa.Array
    towns: pa.Array

    @cached_property
    def _signs(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Year of birth and sex, row by row; year 0 where the id tells none."""
        texts = np.array(["".ljust(10) if t is None or len(t) != 10 else t for t in self.ids.to_pylist()], "U10")
        letters = texts.view("U1").reshape(-1, 10).view(np.uint32).reshape(-1, 10).astype(np.int64)
        decade = np.where(letters[:, 0] >= 65, letters[:, 0] - 55, letters[:, 0] - 48)
        month = 10 * (letters[:, 2] - 48) + letters[:, 3] - 48
        return np.where(letters[:, 0] == 32, 0, 1800 + 10 * decade + letters[:, 1] - 48), month > 50

    def given_like(self, draw: Draw, born: date, woman: bool) -> str:
        """The given name of some person of that sex and about that age."""
        years, women = self._signs
        name = ""
        for _ in range(_TRIES):
            at = draw.below(len(years))
            if women[at] == woman and abs(int(years[at]) - born.year) <= _YEARS and (found := self.given[at].as_py()):
                return str(found)
            name = name or self.given[at].as_py() or ""
        return name

    def any_family(self, draw: Draw, town: str = "") -> str:
        """A family name that so many persons have, in the town and at all, as of some person's live outside his home.

        town: which it is for; empty, or not in the book: any.
        """
        if not len(self._codes[1]):
            return ""
        place = self._town[1].index(town).as_py() if town else -1
        here = self._here(place)
        if not len(here):
            return ""
        at = int(here[draw.below(len(here))])
        own, home = int(self._codes[0][at]), self.homes[at].as_py()
        mine = f"{home}{SEPARATOR}{self._codes[1][own].as_py()}"
        inside = self._inside[mine] if home else 1
        everywhere = self._everywhere
        others = int(everywhere[own]) - inside
        if not others and (rare := self._spliced(draw)):
            return rare
        cost = unlike(everywhere, others)
        if place >= 0:
            local = np.bincount(self._codes[0][here], minlength=len(everywhere))
            cost = cost + unlike(local, int(local[own]) - inside, exact=1)
        cost += _EVEN * np.random.default_rng(draw.word()).random(len(cost))
        return str(self._codes[1][int(np.argmin(cost))])

    def any_town(self, draw: Draw) -> str:
        """The town in which some person lives; empty where towns are not known."""
        towns = self._town[0]
        at = int(towns[draw.below(len(towns))]) if len(towns) else -1
        return str(self._town[1][at].as_py()) if at >= 0 else ""

    def _here(self, place: int) -> npt.NDArray[np.int64]:
        """Rows with family names of those in the town of that number; all such rows for -1."""
        if place not in self._rows:
            self._rows[place] = np.flatnonzero((self._codes[0] >= 0) & ((self._town[0] == place) | (place < 0)))
        return self._rows[place]

    @cached_property
    def _rows(self) -> dict[int, npt.NDArray[np.int64]]:
        return {}

    @cached_property
    def _codes(self) -> tuple[npt.NDArray[np.int64], pa.Array]:
        """Row by row the number of the family name, -1 for none; and the names."""
        return _numbered(self.family)

    @cached_property
    def _town(self) -> tuple[npt.NDArray[np.int64], pa.Array]:
        """Row by row the number of the town, -1 for none; and the towns."""
        return _numbered(self.towns)

    @cached_property
    def _everywhere(self) -> npt.NDArray[np.int64]:
        return np.bincount(self._codes[0][self._codes[0] >= 0], minlength=len(self._codes[1]))

    def _spliced(self, draw: Draw) -> str:
        """A family name that nobody has, of the beginning of one rare name and the end of another that share a letter.

        Some households are the only ones of their name; a decoy household must be so as often. Empty: none was found.
        """
        names = self._rare
        for _ in range(_TRIES):
            first, second = draw.pick(names), draw.pick(names)
            at = draw.between(2, max(len(first) - 2, 2))
            end = second.find(first[at - 1 : at], 2)
            made = first[:at] + second[end + 1 :] if end >= 0 else ""
            if len(second) - end >= 3 and abs(len(made) - len(second)) <= 2 and made not in self._known:
                return made
        return ""

    @cached_property
    def _inside(self) -> Mapping[str, int]:
        """Persons of each household and family name."""
        return _counted(pc.binary_join_element_wise(self.homes, self.family, SEPARATOR))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._codes[1].to_pylist())

    @cached_property
    def _rare(self) -> list[str]:
        """The rarer half of the family names."""
        names = sorted(zip(self._everywhere.tolist(), self._codes[1].to_pylist(), strict=True))
        return [name for _, name in names[: max(len(names) // 2, 1)]]

    def is_real(self, given: str, family: str, born: date) -> bool:
        """Whether a person with that pair of names was born on that day."""
        same = pc.and_kleene(pc.equal(self.given, given), pc.equal(self.family, family))
        ids = self.ids.filter(same, null_selection_behavior="drop").to_pylist()
        return any(birth_date(text or "") == born for text in ids)


def namebook(rolls: Sequence[Roll]) -> Namebook:
    """From the first register with given and family names, else from whole names, split at their last blank."""
    for roll in rolls:
        given, family = roll.first("given_name"), roll.first("family_name")
        if given and family:
            homes = roll.home if roll.first("address") else pa.nulls(len(roll.persons), pa.string())
            return Namebook(roll.persons, roll.texts(given), roll.texts(family), homes, roll.towns)
    for roll in rolls:
        if roll.full_name:
            parts = pc.extract_regex(roll.texts(roll.full_name), r"^(?P<given>.*\S)\s+(?P<family>\S+)\s*$")
            homes = pa.nulls(len(roll.persons), pa.string())
            family_names = pc.struct_field(parts, "family")
            return Namebook(roll.persons, pc.struct_field(parts, "given"), family_names, homes, roll.towns)
    nothing = pa.array([], pa.string())
    return Namebook(nothing, nothing, nothing, nothing, nothing)


def _numbered(values: pa.Array) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Values by numbers, -1 for null, and what the numbers stand for."""
    encoded = values.dictionary_encode()
    return np.asarray(pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False), np.int64), encoded.dictionary


def _counted(values: pa.Array) -> dict[str, int]:
    counts = pc.value_counts(values.drop_null())
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def is_woman(text: str) -> bool:
    """Whether an id is a woman's: its month is 51-62 or 81-92."""
    return len(text) == 10 and text[2:4].isdigit() and int(text[2:4]) in (*range(51, 63), *range(81, 93))


def is_citizen(text: str) -> bool:
    """Whether an id is a citizen's, and tells a day of birth."""
    return birth_date(text) is not None and (int(text[2:4]) <= 12 or 51 <= int(text[2:4]) <= 62)


def new_phone(draw: Draw, like: str, taken: set[str]) -> str:
    """A phone number written like another, with other last six digits, that nobody has. Adds it to `taken`."""
    places = [m.start() for m in re.finditer(r"\d", like)][-6:]
    for _ in range(_TRIES):
        letters = list(like)
        for place in places:
            letters[place] = str(draw.below(10))
        key = phone_key("".join(letters))
        if key and key not in taken:
            taken.add(key)
            return "".join(letters)
    return ""


def phone_key(text: str) -> str:
    """A phone number as it is compared, one at a time: its last eight digits; empty for what is none.

    >>> phone_key("+355 69 123 4567"), phone_key("none")
    ('91234567', '')
    """
    digits = re.sub(r"\D", "", text)
    return digits[-8:] if len(digits) >= 6 else ""


def whole_name(given: str, family: str, like: tuple[str, str, str]) -> str:
    """Given and family name put together as in another person's (whole, given, family)."""
    whole, other_given, other_family = like
    folded, first, last = (bare(text).casefold() for text in like)
    made = f"{given} {family}"
    if folded == f"{last} {first}":
        made = f"{family} {given}"
    elif folded == f"{last}, {first}":
        made = f"{family}, {given}"
    if whole.isascii() and not (other_given + other_family).isascii():
        made = bare(made)
    return made.upper() if whole.isupper() else made


def bare(text: str) -> str:
    """Without diacritics."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
