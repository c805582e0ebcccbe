"""SQLite databases: the rows of every table, nothing else. The only file that knows sqlite3.

The file is opened read-only and as one that cannot change, so no journal beside it is looked for. A schema is the
leaker's text: views, virtual tables and generated columns are left alone, and an authoriser allows reading columns and
the few pragmas used here, no function, no attachment. https://www.sqlite.org/security.html
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from kulla.errors import InputError
from kulla.leaks.intake._api import LONGEST, WIDEST, Blob, Fact, Found, Grid, Problem, Task
from kulla.leaks.intake.cells import Collector

_MAGIC: Final = b"SQLite format 3\0"
_CELLS: Final = 200_000
_SCHEMA: Final = (
    "PRAGMA trusted_schema=off",
    "PRAGMA cell_size_check=on",
    "PRAGMA mmap_size=0",
    "PRAGMA query_only=on",
)


class Sqlite:
    """A database file."""

    name = "sqlite"

    def sniff(self, blob: Blob) -> bool:
        return blob.head(16) == _MAGIC

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        yield from _header(blob.head(100))
        try:
            with contextlib.closing(_opened(blob.path)) as database:
                tables = database.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
                ).fetchall()
                for name, sql in tables:
                    if _is_plain(name, sql):
                        yield from _table(database, name)
        except (sqlite3.Error, ValueError, OverflowError) as error:
            raise InputError(f"damaged SQLite database ({type(error).__name__})") from None


def _opened(path: str) -> sqlite3.Connection:
    place = f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1"
    database = sqlite3.connect(place, uri=True, isolation_level=None, cached_statements=0)
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 * LONGEST)
    database.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for statement in _SCHEMA:
        database.execute(statement)
    database.set_authorizer(_allowed)
    return database


def _allowed(action: int, first: str | None, *_: Any) -> int:
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first == "table_xinfo":
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _is_plain(name: object, sql: object) -> bool:
    if not isinstance(name, str) or not isinstance(sql, str) or name.startswith("sqlite_"):
        return False
    return not sql.lstrip().upper().startswith("CREATE VIRTUAL")


def _table(database: sqlite3.Connection, name: str) -> Iterator[Found]:
    """One table. A damaged one is a problem; the rows before the damage stand."""
    collector = Collector()
    columns: list[str] = []
    problem = ""
    try:
        # The last value of a column says whether it is hidden or generated (2, 3).
        found = database.execute(f"PRAGMA table_xinfo({_quoted(name)})").fetchall()
        columns = [row[1] for row in found if row[6] == 0][:WIDEST]
        if not columns:
            return
        listed = ", ".join(map(_quoted, columns))
        rows = database.execute(f"SELECT {listed} FROM {_quoted(name)}")  # noqa: S608 - quoted
        while chunk := list(islice(rows, max(1, _CELLS // len(columns)))):
            collector.add(chunk)
    except (sqlite3.Error, ValueError, OverflowError) as error:
        problem = f"table {name}: damaged ({type(error).__name__}); {collector.rows} rows were read"
    if problem:
        yield Problem(problem)
    if collector.rows:
        yield Grid(name, collector.table(), tuple(columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _header(head: bytes) -> Iterator[Fact]:
    """What the file's header says (https://www.sqlite.org/fileformat2.html, 1.3)."""
    if len(head) < 100:
        return

    def number(at: int) -> int:
        return int.from_bytes(head[at : at + 4], "big")

    yield Fact("page_count", str(number(28)))
    yield Fact("changes", str(number(24)))
    yield Fact("user_version", str(number(60)))
    yield Fact("application_id", str(number(68)))
    yield Fact("application", f"SQLite {number(96) // 1_000_000}.{number(96) // 1000 % 1000}.{number(96) % 1000}")
    if head[18] == 2:
        yield Fact("journal", "kept in a file of its own (-wal): newer rows may stand there, if it exists")
