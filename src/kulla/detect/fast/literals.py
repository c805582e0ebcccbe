"""Many literals in many values at once: which of them occur where, by grams of four bytes, in NumPy alone.

The values lie in one buffer, each between 0xFF bytes, which UTF-8 never has, so that an anchored literal is one that
begins or ends with 0xFF. Each literal is entered into a hash table under a gram that is rare among rules.
A literal of seven bytes or more contains a whole aligned gram wherever it lies, so it is entered under four adjacent
grams and only every fourth position of the data is looked up; shorter ones (four to six) cost all positions, and then
longer ones that have common grams go under a single rare one, too. What a slot of the table proposes is compared as
whole words. After Wu and Manber (1994) and the q-gram filters.

Why not Hyperscan: its Python binding calls back for each match, it has to be compiled (0.5 s for the 10,585 literals
of command lines) and its databases fit one CPU; building here takes 0.08 s. Over command lines of 200 bytes with
13 matches each, Hyperscan took 8.0 µs where an earlier state of this took 7.5 and this takes 5.9. Without the 45
commonest literals (2.6 matches each) Hyperscan took 2.9 and this 6.8: worth it only once those are asked lazily.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

SEPARATOR: Final = b"\xff"
PAD: Final = 8
"""Separators before the first and after the last value, so that a word can be read at any position of a match."""
SHORTEST: Final = 4
_GRAM: Final = 4
_WORD: Final = 8
_CHUNK: Final = 1 << 17  # bytes looked up at once: hashes and flags stay in the second-level cache
_MAX_PAIRS: Final = 1 << 15  # (position, literal) pairs compared at once: few calls, arrays that stay in the cache
_MULTIPLIER: Final = np.uint32(0x9E3779B1)  # Knuth's multiplicative hashing

_COMMON: Final = np.frombuffer(
    rb"""c:\windows\system32\cmd.exe /c c:\windows\syswow64\rundll32.exe svchost.exe -k explorer.exe" .exe -
c:\program files (x86)\microsoft\ c:\programdata\microsoft\windows\start menu\programs\ c:\users\public\ .dll,
\appdata\local\temp\ \appdata\roaming\microsoft\windows\ windowspowershell\v1.0\powershell.exe -noprofile -file
-executionpolicy bypass -command -type process /processid: http://www. https:// .com .ps1 .txt .dll .log
hklm\software\microsoft\windows nt\currentversion\ hkey_local_machine\system\currentcontrolset\services\ -channel""",
    np.uint8,
)
"""Text whose grams are in so many values that literals had better be found by others. It decides speed alone."""
_PENALTY: Final = 1000
"""A common gram counts as shared by so many literals."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A hash table of grams, looked up at every `step`-th position. Entries `starts[slot]:starts[slot + 1]` propose
    `literal` at gram position − `delta`, if the word at gram position + `offset` equals `word` under `mask`."""

    step: int
    shift: int
    used: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int32]
    literal: npt.NDArray[np.int32]
    delta: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int32]
    word: npt.NDArray[np.uint64]
    mask: npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Scanner:
    """Literals ready to be looked for."""

    count: int
    lengths: npt.NDArray[np.int32]
    words: npt.NDArray[np.uint64]
    word_at: npt.NDArray[np.int32]
    word_start: npt.NDArray[np.int32]
    layers: tuple[_Layer, ...]

    def scan(self, data: Bytes) -> tuple[Ints, Ints]:
        """The literals found in `data` and the position of the last byte of each, in no order.

        `data` begins and ends with `PAD` separators (see `join`)."""
        found: list[tuple[Ints, Ints]] = []
        for layer in self.layers:
            for position, slot in _gathered(_lookup(layer, data)):
                self._confirm(layer, data, position, slot, found)
        if not found:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([literal for literal, _ in found]), np.concatenate([end for _, end in found])

    def _confirm(self, layer: _Layer, data: Bytes, position: Ints, slot: Ints, found: list[tuple[Ints, Ints]]) -> None:
        first = layer.starts.take(slot)
        counts = layer.starts.take(slot + 1) - first
        total = np.cumsum(counts, dtype=np.int64)
        low = 0
        while low < len(position):
            base = int(total[low - 1]) if low else 0
            high = max(low + 1, int(np.searchsorted(total, base + _MAX_PAIRS, "right")))
            taken = counts[low:high]
            proposed = np.repeat(np.arange(low, high, dtype=np.int32), taken)
            entry: Ints = np.arange(base, int(total[high - 1]), dtype=np.int64) + (first - (total - counts)).take(
                proposed
            )
            self._compare(layer, data, position.take(proposed), entry, found)
            low = high

    def _compare(self, layer: _Layer, data: Bytes, position: Ints, entry: Ints, found: list[tuple[Ints, Ints]]) -> None:
        reader = _reader(data)
        word = reader[position + layer.offset.take(entry)]  # not by take, which would copy what is unaligned
        word ^= layer.word.take(entry)
        word &= layer.mask.take(entry)
        good = np.flatnonzero(word == 0)
        entry = entry.take(good)
        literal = layer.literal.take(entry)
        start = position.take(good) - layer.delta.take(entry)
        inside = (start >= 0) & (start + self.lengths.take(literal) <= len(data))
        if not inside.all():
            literal, start = literal[inside], start[inside]
        literal, start = self._whole(reader, literal, start)
        if len(literal):
            found.append((literal.astype(np.int64), start + self.lengths.take(literal) - 1))

    def _whole(
        self, reader: npt.NDArray[np.uint64], literal: npt.NDArray[np.int32], start: Ints
    ) -> tuple[npt.NDArray[np.int32], Ints]:
        """Those whose every word agrees. Literals of at most a word were compared whole already and have none."""
        at = self.word_start.take(literal)
        stop = self.word_start.take(literal + 1)
        todo = np.flatnonzero(stop > at)
        if not len(todo):
            return literal, start
        keep = np.ones(len(literal), bool)
        at, stop, begin = at.take(todo), stop.take(todo), start.take(todo)
        while len(todo):
            same = reader[begin + self.word_at.take(at)] == self.words.take(at)
            keep[todo[~same]] = False
            at += 1
            more = np.flatnonzero(same & (stop > at))
            todo, at, stop, begin = todo.take(more), at.take(more), stop.take(more), begin.take(more)
        kept = np.flatnonzero(keep)
        return literal.take(kept), start.take(kept)


def join(values: pa.LargeStringArray) -> tuple[Bytes, Ints]:
    """Values (no nulls) as one buffer to scan, and the position of the separator after each.

    >>> buffer, ends = join(pa.array(["a", "bcd"], pa.large_string()))
    >>> bytes(buffer[8:-8]), ends.tolist()
    (b'a\\xffbcd\\xff', [9, 13])
    """
    binary = pa.large_binary()
    joined = pc.binary_join_element_wise(values.cast(binary), pa.scalar(b"", binary), pa.scalar(SEPARATOR, binary))
    _, offsets, data = joined.buffers()
    ends = np.frombuffer(offsets, np.int64, len(joined) + 1, joined.offset * 8)
    buffer = np.empty(int(ends[-1] - ends[0]) + 2 * PAD, np.uint8)
    buffer[:PAD] = 0xFF
    buffer[-PAD:] = 0xFF
    if data is not None:
        buffer[PAD:-PAD] = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]
    return buffer, ends[1:] - ends[0] + (PAD - 1)


def occurrences(data: Bytes, literal: bytes) -> Ints:
    """The position of the last byte of each occurrence of one short literal: 0.2 ns a byte for each byte of it, where
    Arrow's `match_substring` takes 4."""
    found = []
    last = len(data) - len(literal) + 1
    for low in range(0, last, _CHUNK):
        high = min(low + _CHUNK, last)
        mask = data[low:high] == literal[0]
        for ahead, byte in enumerate(literal[1:], 1):
            mask &= data[low + ahead : high + ahead] == byte
        found.append(_places(mask) + (low + len(literal) - 1))
    return np.concatenate(found) if found else np.empty(0, np.int64)


def build(literals: Sequence[bytes]) -> Scanner:
    """A scanner for distinct literals of at least `SHORTEST` bytes. Raises ValueError for a shorter one."""
    lengths = np.array([len(literal) for literal in literals], np.int64)
    if len(literals) and lengths.min() < SHORTEST:
        raise ValueError(f"a literal is shorter than {SHORTEST} bytes")
    text = np.frombuffer(b"".join(literals) + bytes(_WORD), np.uint8)
    # a step of eight positions needs literals that hold an aligned gram wherever they lie, so it is for long ones alone
    step = _WORD if len(lengths) and lengths.min() >= _WORD + _GRAM - 1 else _GRAM
    begins = np.cumsum(lengths) - lengths
    long = lengths >= _GRAM + _GRAM - 1
    if not long.all():  # all positions are looked up anyway: there a literal needs one gram, not four with common ones
        long[long] = _choose(text, begins[long], lengths[long], step)[1] < _PENALTY
    layers = tuple(
        _layer(text, begins[chosen], lengths[chosen], np.flatnonzero(chosen).astype(np.int32), width)
        for chosen, width in ((long, step), (~long, 1))
        if chosen.any()
    )
    counts = np.where(lengths > _WORD, -(-lengths // _WORD), 0)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    owner = np.repeat(np.arange(len(literals)), counts)
    places = np.minimum((np.arange(len(owner)) - starts[owner]) * _WORD, lengths[owner] - _WORD)
    words = _reader(text)[begins[owner] + places]
    return Scanner(len(literals), lengths.astype(np.int32), words, places.astype(np.int32), starts, layers)


def _layer(text: Bytes, begins: Ints, lengths: Ints, numbers: npt.NDArray[np.int32], step: int) -> _Layer:
    """The table for some literals (`numbers`, at `begins` of `text`), each under the `step` adjacent grams that
    together fewest literals share."""
    delta = _choose(text, begins, lengths, step)[0]
    owner = np.repeat(np.arange(len(begins)), step)
    delta = np.repeat(delta, step) + np.tile(np.arange(step), len(begins))
    at = np.clip(delta - 2, 0, np.maximum(lengths[owner] - _WORD, 0))
    width = np.minimum(lengths[owner], _WORD).astype(np.uint64)
    mask = np.uint64(0xFFFFFFFFFFFFFFFF) >> (np.uint64(64) - width * np.uint64(8))
    reader = _reader(text)
    grams = (reader[begins[owner] + delta] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    bits = min((64 * len(grams)).bit_length(), 18)  # 256 KiB of flags: beyond, misses in cache cost more
    slot = ((grams * _MULTIPLIER) >> np.uint32(32 - bits)).astype(np.int64)
    order = np.argsort(slot, kind="stable")
    starts = np.zeros((1 << bits) + 1, np.int32)
    np.cumsum(np.bincount(slot, minlength=1 << bits), out=starts[1:])
    return _Layer(
        step, 32 - bits, starts[1:] > starts[:-1], starts, numbers[owner][order], delta[order].astype(np.int32),
        (at - delta)[order].astype(np.int32), (reader[begins[owner] + at] & mask)[order], mask[order],
    )  # fmt: skip


def _choose(text: Bytes, begins: Ints, lengths: Ints, step: int) -> tuple[Ints, Ints]:
    """For each literal, the offset of its `step` adjacent grams that fewest literals share, and by how many."""
    counts = lengths - (_GRAM - 1)
    first = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(begins)), counts)
    inside = np.arange(len(owner)) - first[owner]
    grams = _reader(text)[begins[owner] + inside] & np.uint64(0xFFFFFFFF)
    _, which, shared = np.unique(grams, return_inverse=True, return_counts=True)
    weight = np.where(np.isin(grams, _reader(_COMMON) & np.uint64(0xFFFFFFFF)), shared[which] + _PENALTY, shared[which])
    total = np.concatenate([[0], np.cumsum(weight)])
    end = np.minimum(np.arange(len(owner)) + step, len(owner))
    cost = total[end] - total[:-1]
    cost[inside > counts[owner] - step] = 1 << 32
    best = np.minimum.reduceat(cost * (1 << 20) + inside, first)
    return best & ((1 << 20) - 1), best >> 20


def _lookup(layer: _Layer, data: Bytes) -> Iterable[tuple[Ints, Ints]]:
    """Positions whose gram is in the table, and its slot, chunk by chunk."""
    shift = np.uint32(layer.shift)
    stride = max(1, layer.step // _GRAM)
    margin = PAD - _GRAM  # no literal has a gram in the outer four bytes, and words around any other can be read
    for phase in range(margin, margin + (_GRAM if layer.step == 1 else 1)):
        stop = phase + (len(data) - margin - phase) // _GRAM * _GRAM
        for low in range(phase, stop, _CHUNK):
            part = data[low : min(low + _CHUNK, stop)]
            grams = (part if not low % _GRAM else part.copy()).view(np.uint32)[::stride]
            hashes = (grams * _MULTIPLIER) >> shift
            hit = _places(layer.used.take(hashes))
            if len(hit):
                yield hit * (_GRAM * stride) + low, hashes[hit].astype(np.int64)


def _gathered(parts: Iterable[tuple[Ints, Ints]]) -> Iterable[tuple[Ints, Ints]]:
    """The same in larger pieces: what follows costs by the call where few positions are proposed."""
    waiting: list[tuple[Ints, Ints]] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part[0])
        if count >= _MAX_PAIRS:
            yield np.concatenate([position for position, _ in waiting]), np.concatenate([slot for _, slot in waiting])
            waiting, count = [], 0
    if waiting:
        yield np.concatenate([position for position, _ in waiting]), np.concatenate([slot for _, slot in waiting])


def _places(flags: npt.NDArray[np.bool_]) -> Ints:
    """Where flags are set, for few set ones: looked for eight at a time. Their number is a multiple of two."""
    whole = len(flags) // _WORD * _WORD
    words = np.flatnonzero(flags[:whole].view(np.uint64))
    within = np.flatnonzero(flags[:whole].reshape(-1, _WORD)[words])
    places: Ints = words[within >> 3] * _WORD + (within & 7)
    if whole == len(flags):
        return places
    return np.concatenate([places, np.flatnonzero(flags[whole:]) + whole])


def _reader(data: Bytes) -> npt.NDArray[np.uint64]:
    """The eight bytes at each position as one little-endian word."""
    return np.ndarray((len(data) - _WORD + 1,), "<u8", data.data, strides=(1,))
