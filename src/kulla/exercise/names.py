"""The exercise's words: names of persons and places, and how often each occurs.

The lists are our own and lie beside this file; surnames beyond the common ones are built from stems and endings, as
Albanian surnames are. Frequencies fall by Zipf's law, as those of real names do.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kulla.exercise import draw

SURNAMES: Final = 4000
"""Distinct surnames in use."""

_VOWELS = "aeiouyë"
_FOLDED = str.maketrans("ëçËÇ", "ecEC")


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Names, most frequent first, and their weights.

    Attributes:
        men, women, surnames: as people write them, in Albanian letters.
        men_weight, women_weight, surname_weight: relative frequencies.
    """

    men: tuple[str, ...]
    women: tuple[str, ...]
    surnames: tuple[str, ...]
    men_weight: NDArray[np.float64]
    women_weight: NDArray[np.float64]
    surname_weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Places:
    """Municipalities with their weight, and the words that addresses, employers and vehicles are made of."""

    municipalities: dict[str, int]
    street_kinds: tuple[str, ...]
    street_names: tuple[str, ...]
    public: tuple[str, ...]
    local: tuple[str, ...]
    brands: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    vehicles: tuple[tuple[str, tuple[str, ...]], ...]


@cache
def names() -> Names:
    """The names of persons."""
    table = _words("names.toml")
    men, women = _distinct(table["men"].split()), _distinct(table["women"].split())
    surnames = _surnames(table)
    return Names(
        men, women, surnames,
        draw.zipf(len(men), 0.75, 5), draw.zipf(len(women), 0.75, 5), draw.zipf(len(surnames), 0.85, 12),
    )  # fmt: skip


@cache
def places() -> Places:
    """The words of places."""
    table = _words("places.toml")
    streets, employers = table["streets"], table["employers"]
    pairs = (line.split(": ") for line in table["vehicles"]["makes"])
    makes = tuple((make, tuple(models.split(", "))) for make, models in pairs)
    return Places(
        table["municipalities"], tuple(streets["kinds"]), tuple(streets["names"]), tuple(employers["public"]),
        tuple(employers["local"]), tuple(employers["brands"]), tuple(employers["trades"]), tuple(employers["forms"]),
        makes,
    )  # fmt: skip


def plain(name: str) -> str:
    """The name as a clerk without an Albanian keyboard writes it.

    >>> plain("Gëzim Çela")
    'Gezim Cela'
    """
    return name.translate(_FOLDED)


@cache
def spellings(kind: str) -> pa.Array:
    """Names of a kind (men, women, surnames), then again without diacritics: of n names, n + i spells name i."""
    given = getattr(names(), kind)
    return pa.array([*given, *(plain(name) for name in given)], pa.string())


def _words(file: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "words" / file).read_text("utf-8"))


def _distinct(words: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def _surnames(table: dict[str, Any]) -> tuple[str, ...]:
    """The common surnames, then those built from stems and endings in an order that mixes them."""
    common = _distinct(table["surnames"].split())
    stems, endings = _distinct(table["stems"].split()), table["endings"]
    built = _distinct([_joined(stem, ending) for stem in stems for ending in endings])
    rest = [name for name in built if name not in common]
    order = np.argsort(draw.bits(0, "surnames", np.arange(len(rest))), kind="stable")
    return (*common, *(rest[i] for i in order.tolist()))[:SURNAMES]


def _joined(stem: str, ending: str) -> str:
    trunk = stem[:-1] if stem[-1] in _VOWELS and ending[0] in _VOWELS else stem
    return trunk + ending
