"""The only place here that knows DuckDB: texts of JSON in, Arrow columns out.

DuckDB runs in this process, on one thread (parallelism is by worker process), without reach to files or network.
Its JSON reader is yyjson. Beyond RFC 8259 it takes NaN, Infinity and commas before a closing bracket.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb
import orjson
import pyarrow as pa

_NOT_JSON = (duckdb.InvalidInputException, UnicodeDecodeError)
"""The second comes when DuckDB's message quotes the text and cuts it off inside a character."""


class MalformedError(ValueError):
    """Some text of the run is not JSON."""


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 1, "enable_external_access": False})
    connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
    connection.execute("SET enable_progress_bar = false; SET preserve_insertion_order = true")
    connection.execute("SET arrow_large_buffer_size = true")
    return connection


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _select(expression: str, raw: pa.Array) -> pa.Array:
    """One value a row. The relation interface spares the copy of all rows that `execute` makes: 1 µs a row."""
    connection = _connection()
    connection.register("texts", pa.table({"raw": raw}))
    try:
        column = connection.sql(f"SELECT {expression} AS answer FROM texts").to_arrow_table().column(0)  # noqa: S608
    except _NOT_JSON as error:
        raise MalformedError("not JSON") from error
    finally:
        connection.unregister("texts")
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def extract(raw: pa.LargeStringArray, names: Sequence[str]) -> list[pa.LargeStringArray]:
    """The members of these names of each JSON object, as text.

    Names must differ in more than case, and none may be empty: DuckDB's structs ask for it. Strings come as they
    are, numbers and booleans as text, objects and arrays as compact JSON; a JSON null and a missing member are null. Of
    a repeated name the first counts. Raises MalformedError when any row is not JSON; says nothing of rows that are
    JSON but no object.
    """
    shape = orjson.dumps(dict.fromkeys(names, "VARCHAR")).decode()
    struct = _select(f"from_json(raw, {_quoted(shape)})", raw)
    return [struct.field(number) for number in range(len(names))]


def valid(raw: pa.Array) -> pa.BooleanArray:
    """Whether each text is JSON by DuckDB's measure."""
    return _select("json_valid(raw)", raw)


def compact(text: str) -> str | None:
    """The text as compact JSON, without what DuckDB takes beyond RFC 8259 but NaN and Infinity; None: not JSON."""
    try:
        return str(_connection().execute("SELECT json(?)", [text]).fetchall()[0][0])
    except _NOT_JSON:
        return None


def members(text: str) -> dict[str, str | None]:
    """The members of one JSON object as text, however deeply it nests; of a repeated name the first counts."""
    pointer = "'/' || replace(replace(key, '~', '~0'), '/', '~1')"
    query = f"SELECT key, $1 ->> ({pointer}) FROM (SELECT unnest(json_keys($1)) AS key)"  # noqa: S608
    rows = _connection().execute(query, [text]).fetchall()
    found: dict[str, str | None] = {}
    for key, value in rows:
        found.setdefault(key, value)
    return found
