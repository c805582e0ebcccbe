"""Verdicts of single rows, at the register's owner only: whose each row is, and what is false in it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import OutputError
from kulla.leaks.desk.request import Made
from kulla.leaks.matched import SURETIES, VERDICTS
from kulla.leaks.plain import iso
from kulla.registers.desk.recordmap import replaced
from kulla.registers.extracts.formats import write_csv

_SCHEMA: Final = pa.schema([
    *((name, pa.string()) for name in ("file", "table")), ("row", pa.int64()), ("register", pa.string()),
    ("record_no", pa.uint32()), *((name, pa.string()) for name in ("verdict", "surety", "altered_column")),
    ("piece", pa.int64()), ("from", pa.string()), ("to", pa.string()),
])  # fmt: skip


def write_rows(made: Made, path: Path) -> int:
    """Write a table of file, table, row, register, record_no, verdict, surety, altered_column, piece, from, to.

    row: 1-based, in the sheet or file; piece: 1-based number in the trace, null for none; from, to: of the first and
    the last interval in which the row stood so, ISO, null when it never did or has not ended. How many were written.
    """
    table = pa.concat_tables([_SCHEMA.empty_table(), *(_table(made, at) for at in range(len(made.compared)))])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as waiting:
            if path.suffix.lower() == ".csv":
                with waiting.open("wb") as file:
                    write_csv(file, table)
            else:
                pq.write_table(table, waiting, compression="zstd")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    return int(table.num_rows)


def _table(made: Made, at: int) -> pa.Table:
    compared = made.compared[at]
    matched, count = compared.matched, compared.table.rows
    names = [match.register_column for match in matched.columns]
    piece = np.zeros(count, np.int64)
    for number, (place, each) in enumerate(made.pieces, 1):
        if place == at:
            piece[each.rows] = number
    some, standing = np.flatnonzero(matched.intervals.some), matched.intervals
    began, ended = np.full(count, None, object), np.full(count, None, object)
    began[some] = [iso(int(first)) for first in standing.first[standing.offsets[some]]]
    ended[some] = [iso(int(last)) for last in standing.last[standing.offsets[some + 1] - 1]]
    return pa.table({
        "file": pa.array([made.trace.inputs[compared.file].name] * count, pa.string()),
        "table": pa.array([compared.table.name] * count, pa.string()),
        "row": pa.array(compared.table.lines, pa.int64()),
        "register": pa.array([matched.register] * count, pa.string()),
        "record_no": pa.array(matched.record, pa.uint32(), mask=matched.record == 0),
        "verdict": pa.array([VERDICTS[v] for v in matched.verdict], pa.string()),
        "surety": pa.array([SURETIES[s] for s in matched.surety], pa.string()),
        "altered_column": pa.array([names[a] if a >= 0 else None for a in matched.altered], pa.string()),
        "piece": pa.array(piece, pa.int64(), mask=piece == 0),
        "from": pa.array(began, pa.string()),
        "to": pa.array(ended, pa.string()),
    }).cast(_SCHEMA)  # fmt: skip
