"""One line of PostgreSQL's csvlog, made from the fields a test cares for."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from kulla.events.formats.postgres_csvlog import COLUMNS as COLUMNS_OF_26

__all__ = ["COLUMNS_OF_26", "csv_line"]

DEFAULTS = {
    "log_time": "2026-05-11 02:44:02.875 UTC",
    "user": "clerk7",
    "database": "reg",
    "pid": "4711",
    "client": "10.1.2.3:5000",
    "session": "6b04c4ae.48e6",
    "line_num": "3",
    "command_tag": "SELECT",
    "session_start": "2026-05-11 02:40:00 UTC",
    "virtual_transaction": "3/6",
    "transaction": "0",
    "severity": "LOG",
    "sqlstate": "00000",
    "message": "hello",
    "application": "psql",
    "backend_type": "client backend",
    "query_id": "0",
}
_BARE = (
    "log_time",
    "pid",
    "session",
    "line_num",
    "session_start",
    "virtual_transaction",
    "transaction",
    "severity",
    "sqlstate",
    "cursor_position",
    "leader_pid",
    "query_id",
)


def csv_line(record: Mapping[str, str], columns: int = 26) -> str:
    """The record as PostgreSQL writes it: texts quoted, absent ones empty."""
    values = DEFAULTS | dict(record)
    cells: list[str] = []
    for name in COLUMNS_OF_26[:columns]:
        value = values.get(name)
        bare = value is None or name in _BARE
        cells.append(value or "" if bare else _quoted(str(value)))
    return ",".join(cells) + "\n"


def _quoted(value: str) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow([value])
    return out.getvalue()
