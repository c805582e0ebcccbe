"""Which rows at the top of a table are its header: told by how they differ from the rows below. Pure.

A header is words where the column holds numbers, or a word that heads columns in the region's tables. When neither
speaks, the table has no header: a row taken for data costs one row that matches nothing, a data row taken for a header
costs a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Final

import pyarrow as pa

from kulla.registers.fold import folded

Row = Sequence[str | None]

DEEPEST: Final = 30
"""A header begins within so many rows that are not blank."""

_HIGHEST: Final = 4
_SHARE: Final = 0.8
_FEWEST: Final = 0.3
_COMMON: Final = 0.2
_ENOUGH: Final = 20
_MOST_CELLS: Final = 2_000

WORDS: Final = frozenset(
    """
    emri emer emr mbiemri mbiemer atesia atesi babai amesia nid nipt id nr numri personal kodi kod telefon telefoni tel
    cel celular mobil datelindja ditelindja datelindje lindja vendlindja gjinia gjini adresa adrese rruga qyteti bashkia
    komuna njesia qarku paga page rroga bruto neto punedhenesi punedhenes institucioni profesioni pozicioni detyra
    targa marka modeli viti muaji data llogaria banka email posta partia preferenca kombesia shtetesia kategoria
    statusi shenime qendra votimit lista

    name names first last middle given family surname forename father mother fullname identity number no num code key
    phone mobile mail address street city town district region municipality birth birthday dob date born place gender
    sex salary wage gross net employer company organisation organization office department job title position
    profession role plate make model colour color year month account bank iban nationality citizenship category
    status notes remarks polling party username user

    nome cognome indirizzo telefono nascita codice stipendio datore sesso citta ime prezime adresa jmbg grad plata pol
    datum rodjenja poslodavac
    """.split()  # noqa: SIM905
)
"""Words that head columns, folded."""


@dataclass(frozen=True, slots=True)
class Header:
    """Rows of a header: `first` to before `after`, places among the rows given. `main` is the one told by its form.

    `under_data`: rows above it are as full as those below, so they are no titles.
    """

    first: int
    after: int
    main: int
    under_data: bool = False


def find(top: Sequence[Row], below: Sequence[Row]) -> Header | None:
    """The header among `top`, the first rows of a table that are not blank; None when there is none.

    `below` is a sample of the rows after those of `top`; empty in a short table.
    """
    seen = {tuple(row) for row in top}
    below = [row for row in below if tuple(row) not in seen]
    enough = _Below(below) if len(below) >= _ENOUGH else None
    width = max(map(len, top), default=1)
    for at, row in enumerate(top[: max(3, min(DEEPEST, _MOST_CELLS // max(width, 1)))]):
        under = enough or _Below([each for each in top[at + 1 :] if each != row] + below)
        if under.heads(row):
            first = _group_rows(top, at)
            after = at + 1
            while after < min(len(top), at + _HIGHEST) and top[after] != row and under.heads(top[after]):
                after += 1
            return Header(first, after, at, any(under.is_full(each) for each in top[:first]))
    return None


def words_of(top: Sequence[Row], header: Header, width: int) -> tuple[str, ...]:
    """One text for each column: the parts of a header of several rows joined by blanks."""
    found = []
    for at in range(width):
        parts = [row[at] for row in top[header.first : header.after] if at < len(row)]
        found.append(" ".join(dict.fromkeys(" ".join(part.split()) for part in parts if part)))
    return tuple(found)


def shape(text: str) -> str:
    """What a text is made of: `n` figures and marks, `m` figures and letters, `l` letters, `-` neither.

    >>> [shape(t) for t in ("691234567", "J00101999W", "Agron", "2021-01-05", "1.5E+11", "?")]
    ['n', 'm', 'l', 'n', 'n', '-']
    """
    figures = any(c.isdigit() for c in text)
    letters = any(c.isalpha() for c in text)
    if figures and letters and re.fullmatch(r"[\d.,]+[eE]\+?\d+", text):
        letters = False
    return ("m" if letters else "n") if figures else ("l" if letters else "-")


class _Below:
    """The rows that a header would stand above."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._columns = [_Column(cells) for cells in zip_longest(*rows)]
        counts = sorted(sum(1 for cell in row if cell) for row in rows)
        self._usual = counts[len(counts) // 2] if counts else 0

    def heads(self, row: Row) -> bool:
        """Whether `row` differs from these rows as a header does."""
        cells = [(at, cell.strip()) for at, cell in enumerate(row) if cell and cell.strip()]
        if not cells or len(cells) < min(max(2, -(-self._usual // 2)), max(self._usual, 1)):
            return False
        known = _known([cell for _, cell in cells])
        if not self._columns:  # nothing stands below: only words can tell
            return all(known)
        nothing = _Column(())
        votes = sum(
            (self._columns[at] if at < len(self._columns) else nothing).vote(cell, is_known)
            for (at, cell), is_known in zip(cells, known, strict=True)
        )
        return votes > 0 and votes >= _FEWEST * len(cells)

    def is_full(self, row: Row) -> bool:
        """Whether `row` has about as many cells as these rows."""
        return sum(1 for cell in row if cell) >= max(2, _SHARE * self._usual)


class _Column:
    """The cells under one cell of a row that may be a header."""

    def __init__(self, cells: Sequence[str | None]) -> None:
        self._values = [cell.strip() for cell in cells if cell]
        self._different = frozenset(self._values)
        shapes = Counter(map(shape, self._values))
        most = shapes.most_common(1)
        self._shape = most[0][0] if most and most[0][1] >= _SHARE * shapes.total() else ""

    @cached_property
    def _words_are_common(self) -> bool:
        """Whether words that head columns stand in its values too: addresses begin with `Rruga`."""
        return sum(_known(self._values)) > _COMMON * len(self._values)

    def vote(self, cell: str, known: bool) -> int:
        """1 for, -1 or -2 against `cell` being the head of the column."""
        if known and not self._words_are_common:
            return 1
        if cell in self._different:
            return -2
        own = shape(cell)
        if own == "l" and self._shape in ("n", "m"):
            return 1
        return -1 if own in ("n", "m") and own == self._shape else 0


def _known(cells: Sequence[str]) -> list[bool]:
    """For each cell, whether it is few words, and one of them heads columns in tables of the region."""
    parted = [re.sub(r"(?<=[a-zë])(?=[A-ZË])", " ", cell) if len(cell) <= 60 else "" for cell in cells]
    words = [re.split(r"[\W_\d]+", text) for text in folded(pa.array(parted, pa.string())).to_pylist()]
    return [len(each) <= 6 and any(word in WORDS for word in each) for each in words]


def _group_rows(top: Sequence[Row], at: int) -> int:
    """The first row of the header whose main row is `at`: rows of words right above it that span several columns."""
    first = at
    while first > 0 and at - first < _HIGHEST - 1:
        cells = [cell for cell in top[first - 1] if cell]
        if len(set(cells)) < 2 or any(shape(cell) == "n" or len(cell) > 60 or ":" in cell for cell in cells):
            break
        first -= 1
    return first
