"""Which lines of which logs are sealed, kept beside the accesses: `state/sealed/<sha256>.parquet`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.registers.folder import RegisterFolder, made
from kulla.registers.schema import TIME
from kulla.registers.seals.cover import Covered, covered
from kulla.registers.seals.grade import WITHIN, Grades, grades
from kulla.registers.seals.seal import Seal

_SCHEMA: Final = pa.schema([
    pa.field("line_from", pa.int64(), nullable=False),
    pa.field("line_to", pa.int64(), nullable=False),
    pa.field("sealed", TIME, nullable=False),
    pa.field("within", pa.duration("us")),
])  # fmt: skip


def note(folder: RegisterFolder, sha256: str, stream: BinaryIO, seals: Sequence[Seal]) -> int:
    """Keep what of a log is sealed, under the hash of its content by which accesses know it. Lines covered."""
    found = covered(stream, seals)
    if not found:
        return 0
    columns = {name: [getattr(each, name) for each in found] for name in _SCHEMA.names}
    path = made(folder.state / "sealed") / f"{sha256}.parquet"
    waiting = path.with_suffix(".new")
    pq.write_table(pa.table(columns, schema=_SCHEMA), waiting)
    waiting.chmod(0o600)
    waiting.replace(path)
    return sum(each.line_to - each.line_from + 1 for each in found)


def known(folder: RegisterFolder) -> dict[str, list[Covered]]:
    """What is kept, by the hash of the log's content."""
    return {
        path.stem: [Covered(**row) for row in pq.read_table(path).to_pylist()]
        for path in sorted((folder.state / "sealed").glob("*.parquet"))
    }


def grades_of(folder: RegisterFolder, within: timedelta = WITHIN) -> Grades:
    """The grade of each read's line, by what is kept here."""
    return grades(known(folder), within)
