"""A leaked file as intake hands it on: tables of text, where each row stood, and what the file says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class LeakTable:
    """One table of a leaked file: a sheet, a table of a database, a page's table, a file of lines.

    Attributes:
        name: the sheet's or table's name; in an archive after the member's path (`a.zip/b.xlsx/Sheet1`).
        headers: one text for each column; empty where the file has none. A header is a hint, never believed.
        data: columns `c0`, `c1` … of strings; null for an empty cell. Dates are ISO texts, numbers are written
            without exponent and without `.0`, as a person would write them. Headers that repeat down the table, title
            rows and totals are left out.
        lines: the 1-based row in the sheet or file of each row of `data`; ascending.
        blocks: for each row, which run of rows between repeated headers, blank rows or totals it stands in; from 0.
        notes: what was undone or left out, in words and counts, never values (`3 repeated headers left out`).
    """

    name: str
    headers: tuple[str, ...]
    data: pa.Table
    lines: npt.NDArray[np.int64]
    blocks: npt.NDArray[np.int32]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows of data it has."""
        return int(self.data.num_rows)


@dataclass(frozen=True, slots=True)
class LeakFile:
    """One file as it was handed over.

    Attributes:
        name: the file's name, without its folder.
        sha256: of its bytes, hexadecimal; size: in bytes.
        form: xlsx, xls, csv, json, ndjson, parquet, sqlite, access, ods, html, pdf, zip, chat …
        metadata: what the file says of itself (author, application, created, modified, last_saved_by, sheet names,
            embedded paths); keys are fixed words. Evidence, never believed, and never in a report for the public.
        tables: what is in it; empty for a chat export without tables.
        problems: what could not be read, and why; the rest stands.
        sightings: of chat exports: when the file with this hash was seen, in which kind of channel. No sender.
    """

    name: str
    sha256: str
    size: int
    form: str
    metadata: dict[str, str] = field(default_factory=dict)
    tables: tuple[LeakTable, ...] = ()
    problems: tuple[str, ...] = ()
    sightings: tuple[Sighting, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """When a file was seen in a channel. `file_sha256` is empty when the export only tells the file's name.

    channel: whatsapp, telegram …; kind: private, group, channel; sender: sealed (a keyed hash), never a name.
    """

    time: datetime
    channel: str
    kind: str
    file_sha256: str = ""
    sender: str = ""
