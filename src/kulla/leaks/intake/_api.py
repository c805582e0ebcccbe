"""What a form of file gets and gives. To add one: one file with a class, one line in `forms.py`, one test case."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.rejects import readable
from kulla.leaks.leaktable import Sighting
from kulla.settings import Settings

WIDEST: Final = 16_384
"""Columns of a table that are read; the most a workbook can have."""

LONGEST: Final = 1 << 20
"""Characters of a cell, and of a line that is no part of a longer cell. A spreadsheet's cell holds 32,767."""

_SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Blob:
    """A file, or a member of an archive, as bytes.

    Attributes:
        name: as the file system or the archive has it, made safe to show; the way through archives joined by `/`.
        data: the bytes; mapped, so only what is looked at is read.
        path: where it can be opened again in this process.
    """

    name: str
    data: bytes | mmap.mmap
    path: str

    def __len__(self) -> int:
        return len(self.data)

    def head(self, count: int = 4096) -> bytes:
        """The first bytes."""
        return bytes(self.data[:count])


@dataclass(frozen=True, slots=True)
class Task:
    """What the confined process is told: where the file lies, its name, the limits, and the key that seals senders.

    `again`: the quick way was tried and ended the process; go the slow way that needs less memory.
    """

    path: str
    name: str
    settings: Settings
    key: bytes = b""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as it lies in the file, not yet tidied.

    Attributes:
        name: the sheet's or table's.
        data: columns of strings, null for an empty cell.
        headers: what the form itself says the columns are called; None where that stands in a row, or nowhere.
        first: the number of the first row in its sheet or file, from 1.
        lines: the number of each row, where they are not consecutive.
        merged: merged cells, as first row, first column, last row, last column within `data`, from 0.
        notes: what was left out or undone already, in words and counts.
    """

    name: str
    data: pa.Table
    headers: tuple[str, ...] | None = None
    first: int = 1
    lines: npt.NDArray[np.int64] | None = None
    merged: tuple[tuple[int, int, int, int], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """Something a file says of itself. `key` is a fixed word."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be read, and why, without a value."""

    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside this one, to be read in its turn, before the next is asked for."""

    blob: Blob


Found: TypeAlias = Grid | Fact | Problem | Member | Sighting


class Form(Protocol):
    """One form of file."""

    @property
    def name(self) -> str:
        """The word for it, as in `LeakFile.form`."""

    def sniff(self, blob: Blob) -> bool:
        """Whether the bytes are of this form. Never raises."""

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        """Everything in it, in order. Raises InputError when it cannot go on; what was given before stands."""


@dataclass(slots=True)
class Facts:
    """Facts gathered under their words: several of a word are joined, the whole at most 500 characters a word."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, fact: Fact) -> None:
        """Keep it, unless it is empty or known."""
        text = tidy_text(fact.text)
        held = self.texts.setdefault(fact.key, [])
        if text and text not in held and sum(map(len, held)) < _SHOWN:
            held.append(text)

    def told(self) -> dict[str, str]:
        """Word → text."""
        return {key: "; ".join(texts)[:_SHOWN] for key, texts in sorted(self.texts.items()) if texts}


def tidy_text(text: str) -> str:
    """One line, safe to show, of at most 500 characters.

    >>> tidy_text(" a\\n b ")
    'a b'
    """
    return readable(" ".join(text[: 4 * _SHOWN].split()))[:_SHOWN]
