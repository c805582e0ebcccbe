"""Text in columns parted by `,` `;` tab or `|`, in any encoding.

Arrow's reader takes what is well formed, at a third of the cost; rows that have another number of cells (titles,
totals) are read apart and put back in their places. What it refuses is read line by line (`careful`), which decides
in doubt.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from kulla.errors import InputError
from kulla.leaks.intake import careful
from kulla.leaks.intake._api import WIDEST, Blob, Fact, Found, Grid, Task
from kulla.leaks.intake.cells import named, without_blanks
from kulla.leaks.intake.encoding import encoding
from kulla.leaks.intake.separator import separator, usual_width

_SAMPLE: Final = 1 << 16
_BLOCK: Final = 1 << 23
_MOST_ODD: Final = 20_000
_LONG_CELL: Final = 1 << 15
_FAST: Final = frozenset({"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"})


class Delimited:
    """CSV and its kin; any text is at least a table of one column."""

    name = "csv"

    def sniff(self, blob: Blob) -> bool:
        if blob.head(64).lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").replace(b"\0", b"").startswith(b"<?xml"):
            return False
        return bool(len(blob)) and encoding(memoryview(blob.data)) is not None

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        codec = encoding(memoryview(blob.data)) or "utf-8"
        yield Fact("encoding", codec)
        sample = sampled(blob, codec)
        parted = separator(sample)
        yield Fact("separator", {"\t": "tab"}.get(parted, parted))
        found = fast(blob, codec, parted, sample) or slow(blob, codec, parted)
        if not found.table.num_rows:
            raise InputError("holds no rows")
        yield Grid(blob.name.rpartition("/")[2], found.table, notes=tuple(found.notes))


def sampled(blob: Blob, codec: str) -> str:
    """The first lines, decoded; whole ones where the sample ends within one."""
    text = blob.head(_SAMPLE).decode(codec, "replace").replace("\0", "")
    return text if len(blob) <= _SAMPLE else text.rpartition("\n")[0] or text


def slow(blob: Blob, codec: str, parted: str) -> careful.Read:
    """Line by line."""
    with open(blob.path, "rb") as raw, io.TextIOWrapper(raw, codec, "replace", newline="") as stream:
        return careful.read(stream, parted)


def fast(blob: Blob, codec: str, parted: str, sample: str) -> careful.Read | None:
    """Through Arrow; None for what it cannot take, or might take otherwise than line by line."""
    quoted = '"' in sample or blob.data.find(b'"') >= 0
    if codec not in _FAST or "\r" in sample.replace("\r\n", ""):
        return None
    width = usual_width(list(csv.reader(io.StringIO(sample, newline=""), delimiter=parted)))
    if width > WIDEST:
        return None
    odd: list[tuple[int, list[str]]] = []

    def keep(row: pacsv.InvalidRow) -> str:
        odd.append((row.number, next(csv.reader([row.text], delimiter=parted), [])))
        return "error" if len(odd) > _MOST_ODD or "\n" in row.text or "\0" in row.text else "skip"

    try:
        with open(blob.path, "rb") as raw:
            table = pacsv.read_csv(
                raw,
                pacsv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, encoding="utf8" if codec.startswith("utf-8") else codec,
                    column_names=[f"c{at}" for at in range(width)],
                ),
                pacsv.ParseOptions(
                    delimiter=parted, newlines_in_values=quoted, ignore_empty_lines=False, invalid_row_handler=keep
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys([f"c{at}" for at in range(width)], pa.string()), null_values=[""],
                    strings_can_be_null=True, check_utf8=True,
                ),
            )  # fmt: skip
    except (pa.ArrowException, UnicodeError, csv.Error, OSError):
        return None
    return _joined(table, odd)


def _joined(table: pa.Table, odd: Sequence[tuple[int, list[str]]]) -> careful.Read | None:
    """The regular rows and the others in the order of the text."""
    columns: list[Any] = []
    for column in table.columns:
        one = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        if not isinstance(one, pa.Array) or (pc.max(pc.binary_length(one)).as_py() or 0) > _LONG_CELL:
            return None
        if pc.any(pc.match_substring(one, "\0")).as_py() or careful.swallowed(one):
            return None
        columns.append(without_blanks(one))
    if not odd:
        return careful.Read(named(columns, table.num_rows))
    most = max(careful.NARROW, careful.SPREAD * len(columns))
    wide = min(most, max(len(columns), *(len(row) for _, row in odd)))
    cut = sum(1 for _, row in odd if len(row) > most)
    rows = pa.array([number for number, _ in odd], pa.int64())
    regular = np.setdiff1d(np.arange(1, table.num_rows + len(odd) + 1), rows.to_numpy(), assume_unique=True)
    order = pa.array(np.argsort(np.concatenate([regular, rows.to_numpy()]), kind="stable"))
    joined = []
    for at in range(wide):
        others = pa.array([row[at] if at < len(row) else None for _, row in odd], pa.string())
        body = columns[at] if at < len(columns) else pa.nulls(table.num_rows, pa.string())
        joined.append(pa.concat_arrays([body, without_blanks(others)]).take(order))
    return careful.Read(named(joined, len(order)), [f"{cut} rows much wider than the others, cut"] if cut else [])
