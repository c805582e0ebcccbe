"""Leaked files made for tests: a table in each form, and how it is read back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from kulla.leaks.intake._api import Task
from kulla.leaks.intake.reader import Named, Part, read
from kulla.leaks.leaktable import LeakTable
from kulla.settings import MIB, Settings

pa.enable_signal_handlers(False)
"""Read in this process, Arrow's CSV reader would open a pipe for Ctrl-C; a process forked from one with its
descriptors closed, as the sandbox does, then aborts on it."""

Rows = Sequence[Sequence[Any]]

SMALL = replace(Settings(), worker_memory=400 * MIB, worker_seconds=20)

HEADER = ["NID", "Emri", "Mbiemri", "Paga", "Telefoni"]
PEOPLE = [
    ["J00101999W", "Agron", "Krasniqi", "45000", "0691234567"],
    ["J05115999K", "Çelë", "Hoxha", "52000.5", "0692345678"],
    ["I90212888E", "Drita", "Gjoka", "61000", "0683456789"],
    ["K11223344A", "Besnik", "Shehu", "38000", "0674567890"],
]


def xlsx(sheets: dict[str, Rows], **properties: str) -> bytes:
    """A workbook; None leaves a cell out."""
    import xlsxwriter  # type: ignore[import-untyped]

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False})
    if properties:
        book.set_properties(properties)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write(at, column, value)
    book.close()
    return out.getvalue()


def read_here(path: Path, settings: Settings = SMALL, key: bytes = b"") -> list[Any]:
    """What the confined process would send, read in this one."""
    return [sent for sent in read(Task(str(path), path.name, settings, key)) if not isinstance(sent, Named)]


def tables(path: Path) -> list[LeakTable]:
    """The tables of a file, read in this process."""
    return [sent.table for sent in read_here(path) if isinstance(sent, Part)]


def rows(table: LeakTable) -> list[list[str | None]]:
    """Its rows."""
    return [list(row.values()) for row in table.data.to_pylist()]
