"""The only place here that knows DuckDB: joins of register states by equal columns.

It gets Arrow tables of versions that met the shape's conditions (found by our own indexes) and joins them. Its SQL is
made from a fixed pattern with numbers for names: no word and no value of a statement ever gets into it. It has no reach
to files, network or extensions, is limited in memory, rows and time, and cannot change its settings.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa

from kulla.registers.replay.shape import Link

MEMORY = "512MB"
SECONDS = 20.0
MOST_ROWS = 50_000_000


@dataclass(frozen=True, slots=True)
class Joined:
    """The result of a join of states.

    Attributes:
        rows: how many rows.
        steady: every row of it was made of versions visible throughout.
        records: for each source the record numbers, distinct.
    """

    rows: int
    steady: bool
    records: tuple[pa.Array, ...]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "enable_external_access": False,
        "memory_limit": MEMORY,
    }
    config |= {"max_temp_directory_size": "0KB"}
    connection = duckdb.connect(config=config)
    connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    connection.execute("SET allow_community_extensions = false; SET enable_progress_bar = false")
    connection.execute("SET python_enable_replacements = false; SET lock_configuration = true")
    return connection


def joined(states: Sequence[pa.Table], links: Sequence[Link]) -> Joined | None:
    """The join of states: tables with `record`, `steady` and the linked columns, these named as in `columns_of`.

    None when it takes more memory, rows or time than allowed.
    """
    connection = _connection().cursor()
    timer = threading.Timer(SECONDS, connection.interrupt)
    timer.start()
    try:
        for number, state in enumerate(states):
            connection.register(f"state{number}", state)
        return _asked(connection, len(states), links)
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        return None
    finally:
        timer.cancel()
        connection.close()


def _asked(connection: duckdb.DuckDBPyConnection, count: int, links: Sequence[Link]) -> Joined | None:
    body = "FROM state0 t0"
    for number in range(1, count):
        mine = [link for link in links if link.right == number]
        equal = [
            f"t{link.left}.c{place} = t{link.right}.c{place}" for place, link in enumerate(links) if link in mine
        ]  # fmt: skip
        side = "LEFT JOIN" if any(link.outer for link in mine) else "JOIN"
        body += f" {side} state{number} t{number} ON {' AND '.join(equal) or 'true'}"
    flags = " AND ".join(f"coalesce(t{number}.steady, true)" for number in range(count))
    rows, steady = connection.execute(f"SELECT count(*), coalesce(bool_and({flags}), true) {body}").fetchall()[0]
    if rows > MOST_ROWS:
        return None
    records = tuple(
        connection.sql(f"SELECT DISTINCT t{number}.record {body} WHERE t{number}.record IS NOT NULL")
        .to_arrow_table()
        .column(0)
        .combine_chunks()
        for number in range(count)
    )
    return Joined(int(rows), bool(steady), records)


def columns_of(links: Sequence[Link], source: int) -> list[tuple[str, str]]:
    """(register column, its name in the state's table) for each link that the source takes part in."""
    found = []
    for place, link in enumerate(links):
        if source in (link.left, link.right):
            found.append((link.left_column if link.left == source else link.right_column, f"c{place}"))
    return found
