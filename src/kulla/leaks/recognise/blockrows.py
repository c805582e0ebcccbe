"""Rows without a record key to records, by block keys that hold together in one version.

A block key is the same for all persons of that name and value, so several records may have it. A row goes to the one
record that has more of its keys in one version than any other; a tie stays a tie. Where only one key agrees, nobody
else may have any of the row's keys. How sure a link is, `surety` measures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.recognise.blocks import Values
from kulla.leaks.recognise.hashing import same
from kulla.leaks.recognise.register import Ints, Mask, Register
from kulla.leaks.recognise.rows import Bits
from kulla.leaks.recognise.versions import Pairs, paired
from kulla.registers.records import Numbers
from kulla.registers.tokens import Blocks, gather

MOST: Final = 64
"""Records of one key that are looked at. Keys of more (a common name in the capital) decide nothing by themselves."""
_ROWS: Final = 1 << 18
"""Rows linked at a time: each time columns of the imprint are read, which took half of the time with 2^16."""


@dataclass(slots=True)
class Linked:
    """Rows by blocks; an item for each row.

    Attributes:
        record: 0 for none or a tie.
        agreeing: how many keys hold together at best; comparable: how many keys the row has.
        tied: whether several records fit equally, or too many have its keys to look at them all.
        agree: bits of the blocks that hold in all best versions; differing: of those that do not in some.
        holders: the product over its keys of how many records have each (1 for none).
        whole_row, whole_version: the versions in which all keys of a row hold.
    """

    record: Numbers
    agreeing: npt.NDArray[np.uint8]
    comparable: npt.NDArray[np.uint8]
    tied: Mask
    agree: Bits
    differing: Bits
    holders: npt.NDArray[np.float64]
    whole_row: Ints
    whole_version: Ints

    @property
    def exact(self) -> Mask:
        """Which rows have a record in which all their keys hold together."""
        return np.asarray((self.record != 0) & (self.agreeing == self.comparable))


def linked(values: Values, register: Register, rows: Ints, fewest: int = 1) -> Linked:
    """Link some rows; the result is in their order. fewest: keys that must agree at least."""
    parts = [_linked(values, register, rows[at : at + _ROWS], fewest) for at in range(0, len(rows), _ROWS)]
    if not parts:
        parts = [_linked(values, register, rows, fewest)]
    for number, part in enumerate(parts):
        part.whole_row += number * _ROWS
    return Linked(*(np.concatenate([getattr(part, name) for part in parts]) for name in Linked.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Pairs of a row and a record that has at least one of its keys, by row; each pair once."""

    row: Ints
    record: Numbers


def _linked(values: Values, register: Register, rows: Ints, fewest: int) -> Linked:
    places = range(len(values.others))
    keys = [values.keys(place, rows) for place in places]
    some = [values.some(place)[rows] for place in places]
    counts = np.array([np.where(s, register.holders(values.others[p][0], keys[p], 0)[0], 0)
                       for p, s in zip(places, some, strict=True)])  # fmt: skip
    found, unseen = _candidates(values, register, keys, counts)
    bits = [np.uint64(1 << place) for place in places]
    has = np.zeros(len(rows), np.uint64)
    for bit, there in zip(bits, some, strict=True):
        has[there] |= bit
    best, differing, whole = _agreements(values, register, keys, found, has)
    made = Linked(
        np.zeros(len(rows), np.uint32), np.zeros(len(rows), np.uint8), np.bitwise_count(has).astype(np.uint8),
        np.zeros(len(rows), bool), has, np.zeros(len(rows), np.uint64), np.maximum(counts, 1).prod(axis=0, dtype=float),
        *(np.empty(0, np.int64),) * 2,
    )  # fmt: skip
    _choose(made, found, best, differing, unseen)
    weak = made.agreeing < fewest
    made.tied |= weak & (made.record != 0)
    made.record[weak] = 0
    held = made.record[found.row[whole[0]]] == found.record[whole[0]]
    made.whole_row, made.whole_version = found.row[whole[0]][held], whole[1][held]
    return made


def _candidates(values: Values, register: Register, keys: list[Blocks], counts: Ints) -> tuple[_Candidates, Ints]:
    """Who may be meant, and how many keys each row has whose holders are not looked at.

    A record with two of a row's keys has one beside the key that most records have: that one is left out.
    """
    common = np.argmax(counts, axis=0)
    others = counts.sum(axis=0) - counts.max(axis=0, initial=0)
    row, record = [], []
    unseen = (counts > 0).sum(axis=0)
    for place in range(len(keys)):
        few = (common != place) | (others == 0) | (counts[place] == 1)
        wanted = (counts[place] > 0) & (counts[place] <= MOST) & few
        unseen -= wanted
        at = np.flatnonzero(wanted)
        _, which, who = register.holders(values.others[place][0], keys[place][at], MOST)
        row.append(at[which])
        record.append(who)
    both = np.unique(np.concatenate(row).astype(np.uint64) << np.uint64(32) | np.concatenate(record))
    found = _Candidates((both >> np.uint64(32)).astype(np.int64), (both & np.uint64(0xFFFFFFFF)).astype(np.uint32))
    return found, unseen


def _agreements(
    values: Values, register: Register, keys: list[Blocks], found: _Candidates, has: Bits
) -> tuple[npt.NDArray[np.uint8], Bits, tuple[Ints, Ints]]:
    """Of each candidate how many keys hold together at best, which differ in some best version, and where all hold."""
    best, differing = np.zeros(len(found.row), np.uint8), np.zeros(len(found.row), np.uint64)
    whole: list[tuple[Ints, Ints]] = [(np.empty(0, np.int64),) * 2]
    for pairs in paired(register, np.arange(len(found.row)), found.record):
        rows = found.row[pairs.rows][pairs.row]
        agree = _held(values, register, keys, pairs, rows) & has[rows]
        number = np.bitwise_count(agree)
        most = np.maximum.reduceat(number, pairs.starts)
        best[pairs.rows] = most
        missing = np.where(number == most[pairs.row], has[rows] & ~agree, np.uint64(0))
        differing[pairs.rows] = np.bitwise_or.reduceat(missing, pairs.starts)
        full = agree == has[rows]
        whole.append((pairs.rows[pairs.row[full]], pairs.versions[pairs.version[full]]))
    return best, differing, (np.concatenate([w[0] for w in whole]), np.concatenate([w[1] for w in whole]))


def _held(values: Values, register: Register, keys: list[Blocks], pairs: Pairs, rows: Ints) -> Bits:
    agree = np.zeros(len(rows), np.uint64)
    for place, own in enumerate(keys):
        held, missing = register.hashes(values.hashed(place), pairs.versions)
        hit = same(gather(own, rows), gather(held, pairs.version)) & ~missing[pairs.version]
        agree[hit] |= np.uint64(1 << place)
    return agree


def _choose(made: Linked, found: _Candidates, best: npt.NDArray[np.uint8], differing: Bits, unseen: Ints) -> None:
    """Give each row its best record, if one alone is best. One not looked at may have as many keys as were not."""
    if len(found.row):
        order = np.lexsort((best, found.row))
        row = found.row[order]
        last = np.append(row[1:] != row[:-1], True)
        top = order[last]
        second = np.zeros(len(order), bool)
        second[1:] = (row[1:] == row[:-1]) & (best[order][1:] == best[order][:-1])
        rows, tie = found.row[top], second[last]
        made.agreeing[rows] = best[top]
        made.tied[rows] = tie
        made.differing[rows] = differing[top]
        made.agree = made.agree & ~made.differing
        made.record[rows] = np.where(tie, 0, found.record[top])
    hidden = (unseen > 0) & (made.agreeing <= unseen)
    made.tied |= hidden
    made.record[hidden] = 0
