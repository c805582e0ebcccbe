"""Findings as CSV (RFC 4180, UTF-8, every cell quoted), one hit a line, for spreadsheets.

A spreadsheet takes a cell that begins with one of `= + - @`, a tab or a line break (also in their full-width forms)
for a formula, and runs it (CWE-1236; OWASP: CSV Injection). Such a cell gets an apostrophe in front, as does one that
begins with an apostrophe, so that taking one leading apostrophe away gives every value back exactly.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from kulla.hunt.findings import Findings
from kulla.hunt.words import moment

COLUMNS = (
    "time", "time_quality", "level", "rule_title", "host", "entity", "file", "record", "rule_id", "tags",
    "kind", "product",
    "category", "service", "channel", "event_code", "constituent", "zone", "event_id", "event", "why",
)  # fmt: skip
"""The columns, in this order in every file. An absent value is an empty cell; tags are joined by blanks."""

_RISKY = tuple("=+-@\t\r\n'＝＋－＠")


class CsvWriter:
    """Comma-separated values."""

    suffix = ".csv"

    def write(self, out: BinaryIO, findings: Findings) -> None:
        text = io.TextIOWrapper(out, "utf-8", errors="backslashreplace", newline="")
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for table in findings.hits:
            writer.writerows(_rows(table))
        text.flush()
        text.detach()


def harmless(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula.

    >>> harmless("=1+1"), harmless("cmd.exe"), harmless("'x")
    ("'=1+1", 'cmd.exe', "''x")
    """
    return f"'{cell}" if cell.startswith(_RISKY) or cell.lstrip(" \u00a0").startswith(_RISKY) else cell


def _rows(table: pa.Table) -> Iterator[Sequence[str]]:
    times = [moment(t, "microseconds") if t is not None else "" for t in table["time"].cast(pa.int64()).to_pylist()]
    columns = [times if name == "time" else table[name].to_pylist() for name in COLUMNS]
    for row in zip(*columns, strict=True):
        yield [harmless(_text(value)) for value in row]


def _text(value: object) -> str:
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
