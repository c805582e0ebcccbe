"""The statements of many accesses, in groups of one skeleton with their literals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.replay.indexes import Flags, Ints
from kulla.registers.replay.skeleton import Taken, bare, literals, plain, skeletons, sound, taken

TEXT = pa.large_string()
_GROUP_BYTES = 32 << 20


@dataclass(slots=True)
class Group:
    """Accesses of one skeleton.

    Attributes:
        skeleton: None for a statement that could not be taken apart.
        at: which accesses, ascending.
        place: of each access its statement in `statements`.
        statements: distinct ones; bared: without outer comments, where plain; odd: the others taken apart.
    """

    skeleton: str | None
    at: Ints
    place: Ints
    statements: pa.Array
    bared: pa.Array
    odd: Sequence[Taken]

    @property
    def text(self) -> str:
        """The first statement."""
        return str(self.statements[0].as_py())

    def literals(self) -> list[pa.Array]:
        """The literals of each access, as written: one array for each of the skeleton."""
        if self.skeleton is None:
            return []
        told = literals(self.bared, self.skeleton) if len(self.bared) else []
        rest = [pa.array(column, TEXT) for column in zip(*(each.literals for each in self.odd), strict=True)]
        columns = [
            pa.concat_arrays([part.cast(TEXT) for part in parts])
            for parts in (zip(told, rest, strict=True) if told and rest else ((each,) for each in told or rest))
        ]
        return [pc.take(column, pa.array(self.place)) for column in columns]

    def hiding(self, mentioned: Callable[[str], tuple[str, ...]]) -> dict[str, list[int]]:
        """Accesses whose statements name a register somewhere, by register."""
        named: dict[int, tuple[str, ...]] = {}
        for number, text in enumerate(self.statements.to_pylist()):
            found = mentioned(text)
            if found:
                named[number] = found
        hidden: dict[str, list[int]] = {}
        for access, number in zip(self.at.tolist(), self.place.tolist(), strict=True) if named else ():
            for register in named.get(number, ()):
                hidden.setdefault(register, []).append(access)
        return hidden


class Statements:
    """The statements of an ACCESS table, but those of accesses whose kind is in `without`."""

    def __init__(self, accesses: pa.Table, without: Sequence[str]) -> None:
        kinds = pc.fill_null(accesses.column("kind").cast(pa.string()), "")
        texts = accesses.column("statement").combine_chunks()
        wanted = pc.and_(pc.invert(pc.is_in(kinds, pa.array(without))).combine_chunks(), texts.is_valid())
        self._at = np.flatnonzero(np.asarray(wanted))
        encoded = pc.take(texts, pa.array(self._at)).cast(TEXT).dictionary_encode()
        self._code = np.asarray(encoded.indices, np.int64)
        self._distinct = encoded.dictionary

    def groups(self) -> Iterator[Group]:
        """Each skeleton's accesses; large ones in parts."""
        if not len(self._at):
            return
        bared = bare(self._distinct)
        fit = np.array(plain(bared).fill_null(False), np.bool_)
        plain_at = np.flatnonzero(fit)
        encoded = skeletons(pc.take(bared, pa.array(plain_at)))
        names: list[str] = encoded.dictionary.to_pylist()
        number = {name: place for place, name in enumerate(names)}
        skeleton = np.full(len(fit), -1, np.int64)
        code = np.asarray(encoded.indices, np.int64)
        safe = np.array([sound(name) for name in names], np.bool_)[code]
        skeleton[plain_at] = np.where(safe, code, -1)
        fit[plain_at[~safe]] = False
        odd: dict[int, Taken] = {}
        for place in np.flatnonzero(~fit).tolist():
            found = taken(self._distinct[place].as_py())
            if found is not None:
                odd[place] = found
                skeleton[place] = number.setdefault(found.skeleton, len(number))
        yield from self._grouped(list(number), skeleton, fit, bared, odd)

    def _grouped(
        self, names: Sequence[str], skeleton: Ints, fit: Flags, bared: pa.Array, odd: dict[int, Taken]
    ) -> Iterator[Group]:
        lengths = np.asarray(pc.binary_length(self._distinct), np.int64)
        by_text = np.argsort(skeleton, kind="stable")
        edges = np.searchsorted(skeleton[by_text], np.arange(-1, len(names) + 1))
        by_access = np.argsort(self._code, kind="stable")
        first = np.searchsorted(self._code[by_access], np.arange(len(skeleton) + 1))
        for place in by_text[: edges[1]].tolist():  # not taken apart: each for itself
            mine = np.sort(self._at[by_access[first[place] : first[place + 1]]])
            only = self._distinct.slice(place, 1)
            yield Group(None, mine, np.zeros(len(mine), np.int64), only, only.slice(0, 0), ())
        for number, name in enumerate(names):
            texts = by_text[edges[number + 1] : edges[number + 2]]
            parts = np.cumsum(lengths[texts]) // _GROUP_BYTES
            for part in np.unique(parts):
                chosen = texts[parts == part]
                ordered = np.concatenate([chosen[fit[chosen]], chosen[~fit[chosen]]])
                yield self._group(name, ordered, int(fit[chosen].sum()), bared, odd, by_access, first)

    def _group(
        self, name: str, texts: Ints, plain_ones: int, bared: pa.Array, odd: dict[int, Taken], by_access: Ints,
        first: Ints,
    ) -> Group:  # fmt: skip
        counts = first[texts + 1] - first[texts]
        shift = np.repeat(first[texts] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        access = self._at[by_access[np.arange(len(shift)) + shift]]
        place = np.repeat(np.arange(len(texts)), counts)
        sorting = np.argsort(access, kind="stable")
        return Group(
            name,
            access[sorting],
            place[sorting],
            pc.take(self._distinct, pa.array(texts)),
            pc.take(bared, pa.array(texts[:plain_ones])),
            [odd[each] for each in texts[plain_ones:].tolist()],
        )
