"""Tables of PDF documents, as they are drawn. The only file that knows pdfplumber.

Cells are found by ruled lines. Where no page has any, columns are guessed from where words stand; a note says so.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pdfplumber

from kulla.errors import InputError
from kulla.leaks.intake._api import WIDEST, Blob, Fact, Found, Grid, Problem, Task
from kulla.leaks.intake.cells import Collector

_MOST_PAGES: Final = 20_000
_GUESSED: Final = {"vertical_strategy": "text", "horizontal_strategy": "text"}
_WORDS: Final = {
    "Author": "author", "Creator": "application", "Producer": "producer", "CreationDate": "created",
    "ModDate": "modified", "Title": "title", "Subject": "subject", "Keywords": "keywords", "Company": "company",
}  # fmt: skip

Cells = Sequence[Sequence[str | None]]


class Pdf:
    """Tables over pages of the same width are one table."""

    name = "pdf"

    def sniff(self, blob: Blob) -> bool:
        return b"%PDF-" in blob.head(1024)

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        logging.getLogger("pdfminer").setLevel(logging.CRITICAL)  # its warnings quote the document
        try:
            with pdfplumber.open(blob.path) as document:
                yield from _facts(document.metadata)
                yield Fact("page_count", str(len(document.pages)))
                if len(document.pages) > _MOST_PAGES:
                    yield Problem(f"only the first {_MOST_PAGES} pages were read")
                found = list(_tables(document.pages[:_MOST_PAGES], {}))
                notes: tuple[str, ...] = ()
                if not found:
                    found = list(_tables(document.pages[:_MOST_PAGES], _GUESSED))
                    notes = ("no ruled table; columns guessed from the places of words",)
        except Exception as error:  # noqa: BLE001 - pdfminer raises whatever its parsers meet in a damaged file
            kind = type(error).__name__
            if "Password" in kind or "Password" in repr(error):
                raise InputError("encrypted with a password; hand it over without one") from None
            raise InputError(f"a damaged PDF ({kind})") from None
        if not found:
            raise InputError("a PDF without a table that can be read; a scanned one must be typed or recognised first")
        for first, last, rows in found:
            collector = Collector()
            collector.add([row[:WIDEST] for row in rows])
            name = f"page {first}" if first == last else f"pages {first} to {last}"
            yield Grid(name, collector.table(), notes=notes)


def _facts(metadata: Mapping[str, Any]) -> Iterator[Fact]:
    for name, word in _WORDS.items():
        if isinstance(metadata.get(name), str):
            yield Fact(word, metadata[name])


def _tables(pages: Sequence[Any], settings: Mapping[str, str]) -> Iterator[tuple[int, int, list[list[str | None]]]]:
    """First page, last page and rows of each table."""
    first, last, rows = 0, 0, list[list[str | None]]()
    for number, page in enumerate(pages, 1):
        tables: list[Cells] = page.extract_tables(dict(settings))
        page.close()  # it keeps every character it has seen
        for cells in tables:
            lines = [[_joined(cell) for cell in row] for row in cells]
            if rows and len(lines[0]) == len(rows[0]) and number <= last + 1:
                rows += lines
            else:
                if rows:
                    yield first, last, rows
                first, rows = number, lines
            last = number
    if rows:
        yield first, last, rows


def _joined(cell: str | None) -> str | None:
    return " ".join(cell.split()) if cell else None
