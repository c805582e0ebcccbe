"""The citizen's question "was I in it?": a look-up set made from a leak, and its answer. Pure.

To be in a leak is itself personal data, and ids can be counted through, so this is no public service of hashes: whoever
asks has proved who they are before (a signed-in session, a letter), asks about themselves, and gets an answer that
names categories, never values, and is of one size whatever it says. Nothing of a question is kept.

The set holds, for persons who are **certain** only, a keyed hash of the id and which categories of data the leak has of
them; it is filled up to a multiple of 4,096 entries. Without the gateway's key it can be compared with nobody.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import orjson
import pyarrow as pa

from kulla.errors import ConfigError, InputError, UsageError
from kulla.registers.manifest import Meaning
from kulla.registers.normalise import normalise

FILL: Final = 4096
ANSWER_BYTES: Final = 1024
PER_DAY: Final = 5
TAG: Final = 16

CATEGORIES: Final[Mapping[str, tuple[Meaning, ...]]] = {
    "identity": ("national_id", "name", "given_name", "family_name", "birth_date"),
    "contact": ("phone", "email", "address", "municipality"),
    "work": ("employer_id", "employer", "office"),
    "money": ("money", "iban"),
    "vehicle": ("plate",),
    "sensitive": ("special",),
    "other": ("code", "other", "date", "period"),
}
"""What an answer may name, and the meanings of columns behind it."""


@dataclass(frozen=True, slots=True)
class CitizenSet:
    """A look-up set. tags: n × 16 bytes, sorted; categories: a bit for each of CATEGORIES, of each tag."""

    leak: str
    key_id: str
    tags: np.ndarray
    categories: np.ndarray


@dataclass(frozen=True, slots=True)
class Answer:
    """What a citizen is told. `found`: whether the leak certainly holds them; categories: of what, by name."""

    found: bool
    categories: tuple[str, ...] = ()

    def plain(self) -> bytes:
        """The answer as JSON of ANSWER_BYTES bytes, whatever it says."""
        body = orjson.dumps({"found": self.found, "categories": self.categories})
        room = ANSWER_BYTES - len(body) - len(b',"fill":""')
        return body[:-1] + b',"fill":"' + b" " * room + b'"}'


def bits_of(meanings: Iterable[Meaning]) -> int:
    """The categories of columns with these meanings, as bits."""
    found = set(meanings)
    return sum(1 << place for place, those in enumerate(CATEGORIES.values()) if found & set(those))


def citizen_set(leak: str, ids: Sequence[str], categories: Sequence[int], key: bytes, key_id: str) -> CitizenSet:
    """A set of persons who are certain.

    Args:
        ids: normalised national ids; one that occurs several times gets all its categories.
        categories: of each id, as `bits_of` gives them.
        key: 32 bytes of the gateway, which stand in nobody else's hands.
    """
    found: dict[bytes, int] = {}
    for one, bits in zip(ids, categories, strict=True):
        tag = _tag(key, one)
        found[tag] = found.get(tag, 0) | bits
    count = -(-max(len(found), 1) // FILL) * FILL - len(found)
    likely = list(found.values()) or [1]
    for _ in range(count):
        # Fillers have categories as the others have, so that none shows.
        found[secrets.token_bytes(TAG)] = secrets.choice(likely)
    tags = sorted(found)
    return CitizenSet(
        leak, key_id, np.frombuffer(b"".join(tags), f"V{TAG}").copy(), np.array([found[t] for t in tags], np.uint16)
    )


def check_citizen(held: CitizenSet, key: bytes, key_id: str, national_id: str) -> Answer:
    """Whether a person is in the leak, and with what.

    Raises UsageError for an id that cannot be one, ConfigError for another key than the set's.
    """
    if key_id != held.key_id:
        raise ConfigError(f"the look-up set was made with key {held.key_id}; given is key {key_id}")
    plain = normalise(pa.array([national_id], pa.string()), "national_id")[0].as_py()
    if not plain:
        raise UsageError("that is no national id")
    wanted = np.frombuffer(_tag(key, plain), f"V{TAG}")
    # Every entry is looked at, so that the time it takes tells nothing.
    equal = held.tags == wanted[0]
    bits = int(np.bitwise_or.reduce(np.where(equal, held.categories, 0)))
    return Answer(bool(equal.any()), tuple(n for place, n in enumerate(CATEGORIES) if bits >> place & 1))


@dataclass(slots=True)
class Questions:
    """How often each identity asked in the last 24 hours; held in memory alone, as keyed hashes, by the gateway."""

    key: bytes = field(repr=False)
    most: int = PER_DAY
    _asked: dict[bytes, list[datetime]] = field(default_factory=dict, repr=False)

    def allow(self, identity: str, now: datetime) -> bool:
        """Whether this identity may ask now; counts the question if so."""
        tag = _tag(self.key, identity)
        recent = [time for time in self._asked.get(tag, []) if now - time < timedelta(hours=24)]
        allowed = len(recent) < self.most
        self._asked = {t: times for t, times in self._asked.items() if now - times[-1] < timedelta(hours=24)}
        self._asked[tag] = [*recent, now] if allowed else recent
        return allowed


def to_table(held: CitizenSet) -> pa.Table:
    """The set as a table, for a file."""
    told = {b"kulla.citizens": orjson.dumps({"format": 1, "leak": held.leak, "key_id": held.key_id})}
    tags = pa.array([bytes(tag) for tag in held.tags], pa.binary(TAG))
    return pa.table({"tag": tags, "categories": pa.array(held.categories)}).replace_schema_metadata(told)


def from_table(table: pa.Table, place: str) -> CitizenSet:
    """A set from its table. Raises InputError when it is none."""
    try:
        told = orjson.loads((table.schema.metadata or {})[b"kulla.citizens"])
        if told["format"] != 1:
            raise ValueError(told["format"])
        tags = np.frombuffer(b"".join(table["tag"].to_pylist()), f"V{TAG}")
        return CitizenSet(str(told["leak"]), str(told["key_id"]), tags, table["categories"].to_numpy())
    except (KeyError, ValueError, TypeError, orjson.JSONDecodeError):
        raise InputError(f"{place}: is no look-up set of a leak; a trace makes one with --citizens") from None


def _tag(key: bytes, text: str) -> bytes:
    return hmac.digest(key, b"kulla citizens 1\0" + text.encode(), "sha256")[:TAG]
