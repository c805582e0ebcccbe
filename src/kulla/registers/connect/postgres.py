"""A live PostgreSQL, met here alone: reads in one consistent state, typed rows, catalogs, settings.

Every failure becomes an InputError that names the condition (SQLSTATE and its name) and what was being done, never a
value, a statement or a password: PostgreSQL's own messages quote values of rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

import psycopg
import pyarrow as pa
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.datetime import DateLoader, TimestampLoader, TimestamptzLoader
from psycopg.types.string import TextLoader

from kulla.errors import ConfigError, InputError
from kulla.registers.connect import auditsettings, catalog
from kulla.registers.connect.auditsettings import AuditSettings
from kulla.registers.connect.catalog import Reader, SourceColumn
from kulla.registers.connect.pgtypes import arrow_type, bounded, from_csv, to_csv
from kulla.registers.manifest import Copy

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
Parameters: TypeAlias = Sequence[object] | Mapping[str, object] | None

_CONNECT_SECONDS = 10
_AS_TEXT = ("json", "jsonb", "uuid", "inet", "cidr", "time", "timetz", "interval", "bytea")


def connect(dsn: str, read_only: bool = False, application: str = "kulla", timeout: float = 600.0) -> Connection:
    """A connection; use it in a `with`, which commits at its end, rolls back on an error, and closes.

    Args:
        dsn: libpq's connection string or URI. A password comes from PGPASSWORD or a pgpass file.
        read_only: nothing can be written, and each transaction sees one state (REPEATABLE READ).
        timeout: seconds after which a statement is given up; 0: never.

    Raises: ConfigError for a string that is none; InputError when nobody answers or refuses.
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise ConfigError("connection: not a PostgreSQL connection string; write host=… dbname=… user=…") from None
    place = place_of(dsn)
    chosen = {"connect_timeout": _CONNECT_SECONDS, **given, "application_name": application, "client_encoding": "UTF8"}
    try:
        connection = psycopg.connect(make_conninfo("", **chosen))
    except psycopg.Error as error:
        raise InputError(
            f"PostgreSQL {place}: no connection ({_condition(error)}); check server, user and pgpass"
        ) from None
    _prepare(connection)
    if read_only:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with told("preparing the session"):
        connection.execute(
            "SELECT set_config('statement_timeout', %s, false), set_config('timezone', 'UTC', false), "
            "set_config('datestyle', 'ISO, YMD', false), set_config('extra_float_digits', '1', false), "
            # Rows hidden by a policy would be missed in silence; so it is an error.
            "set_config('row_security', 'off', false)",
            (str(round(timeout * 1000)),),
        )
        connection.commit()
    return connection


def place_of(dsn: str) -> str:
    """Host, port and database of a connection string, for messages: no user, no password.

    >>> place_of("postgresql://clerk:secret@db.example:5433/reg")
    'db.example:5433/reg'
    """
    try:
        given = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        return "?"
    host = given.get("host") or given.get("hostaddr") or "local"
    return f"{host}:{given.get('port') or 5432}/{given.get('dbname') or ''}"


def user_of(dsn: str) -> str:
    """The user that a connection string names; empty when it names none."""
    try:
        return str(conninfo_to_dict(dsn).get("user") or "")
    except psycopg.ProgrammingError:
        return ""


def as_user(dsn: str, user: str) -> str:
    """The connection string for another user, without the password that was meant for the first."""
    try:
        given = {name: value for name, value in conninfo_to_dict(dsn).items() if name not in ("user", "password")}
    except psycopg.ProgrammingError as error:
        raise ConfigError("the connection string cannot be read; write host=… dbname=… user=…, or a URI") from error
    return make_conninfo("", user=user, **given)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into an InputError that says what was being done, and holds no value."""
    try:
        yield
    except psycopg.Error as error:
        raise InputError(f"PostgreSQL: {doing}: {_condition(error)}") from None
    except pa.ArrowInvalid:
        # Its text quotes the value.
        raise InputError(f"PostgreSQL: {doing}: a value does not fit its column's type") from None


def _condition(error: psycopg.Error) -> str:
    names = [each for each in (error.diag.schema_name, error.diag.table_name, error.diag.column_name) if each]
    where = f" at {'.'.join(names)}" if names else ""
    if error.sqlstate:
        return f"{type(error).__name__}, SQLSTATE {error.sqlstate}{where}"
    return type(error).__name__


def table_id(connection: Connection, table: str) -> tuple[int, sql.Identifier]:
    """A table's or view's object number and its quoted, schema-qualified name. Raises InputError when there is none.

    table: as SQL writes it: `payroll`, `public.payroll`, `"My Schema"."Payroll"`.
    """
    number, _, schema, name = _relation(connection, table)
    return number, sql.Identifier(schema, name)


def relation(connection: Connection, table: str) -> tuple[str, str, str]:
    """A table's or view's schema, name and kind (PostgreSQL's letter: r table, p partitioned, v view, m stored view).

    Raises InputError when there is none.
    """
    _, kind, schema, name = _relation(connection, table)
    return schema, name, kind


def _relation(connection: Connection, table: str) -> tuple[int, str, str, str]:
    with told(f"looking for table {table}"):
        row = connection.execute(
            "SELECT c.oid, c.relkind, n.nspname, c.relname FROM pg_catalog.pg_class c "
            "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = pg_catalog.to_regclass(%s)",
            (table,),
        ).fetchone()
    if row is None:
        raise InputError(
            f"PostgreSQL: no table or view {table}, or no right to see its schema; name it as schema.table"
        )
    return int(row[0]), str(row[1]), str(row[2]), str(row[3])


def columns(connection: Connection, table: str) -> tuple[SourceColumn, ...]:
    """The columns of a table or view, in order. Raises InputError when there is none."""
    number, _ = table_id(connection, table)
    with told(f"reading the columns of {table}"):
        rows = connection.execute(catalog.COLUMNS, (number,)).fetchall()
    return tuple(SourceColumn(name, kind, null, place, made) for name, kind, null, place, made in rows)


def sample(connection: Connection, table: str, rows: int) -> pa.Table:
    """About `rows` rows from all over a table, at most that many; of a view the first ones."""
    number, name = table_id(connection, table)
    with told(f"sampling {table}"):
        found = connection.execute(
            "SELECT relkind, reltuples FROM pg_catalog.pg_class WHERE oid = %s", (number,)
        ).fetchone()
    kind, count = found or ("v", 0.0)
    spread: sql.Composable = sql.SQL("")
    if kind in ("r", "m", "p") and count > 4 * rows:
        # Half as many again, since whole pages are drawn and the count is an estimate.
        spread = sql.SQL(" TABLESAMPLE SYSTEM ({})").format(sql.Literal(min(100.0, 150.0 * rows / count)))
    got = _rows(connection, name, columns(connection, table), spread, rows)
    return (
        got if got.num_rows or kind == "v" else _rows(connection, name, columns(connection, table), sql.SQL(""), rows)
    )


def _rows(
    connection: Connection, name: sql.Identifier, chosen: Sequence[SourceColumn], spread: sql.Composable, most: int
) -> pa.Table:
    source = sql.SQL("{}{} LIMIT {}").format(name, spread, sql.Literal(most))
    return pa.Table.from_batches(list(_copied(connection, source, chosen)), _schema(chosen))


def read_table(connection: Connection, table: str, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    """All rows of a table or view as typed record batches; of the columns named, else of all. Memory stays bounded.

    Raises InputError when the table or a column is missing.
    """
    _, name = table_id(connection, table)
    there = {each.name: each for each in columns(connection, table)}
    if missing := [each for each in names if each not in there]:
        raise InputError(f"PostgreSQL: {table} has no column {missing[0]}; compare the manifest with the table")
    yield from _copied(connection, name, [there[each] for each in names or there])


def _copied(connection: Connection, source: sql.Composable, chosen: Sequence[SourceColumn]) -> Iterator[pa.RecordBatch]:
    cells = sql.SQL(", ").join(
        sql.SQL(bounded("{0}", each.type)).format(sql.Identifier(each.name)) for each in chosen
    )  # fmt: skip
    yield from _copy_out(connection, sql.SQL("SELECT {} FROM {}").format(cells, source), _schema(chosen))


def stream(connection: Connection, select: str | sql.Composable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The rows of a SELECT without parameters as record batches of `schema`, in order. Memory stays bounded."""
    yield from _copy_out(connection, sql.SQL(select) if isinstance(select, str) else select, schema)


def _copy_out(connection: Connection, select: sql.Composable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(select)
    with told("reading rows"), connection.cursor() as cursor, cursor.copy(statement) as copy:
        chunks = map(bytes, copy)
        if (first := next(chunks, None)) is not None:
            yield from from_csv(itertools.chain((first,), chunks), schema)


def _schema(chosen: Sequence[SourceColumn]) -> pa.Schema:
    return pa.schema([pa.field(each.name, arrow_type(each.type)) for each in chosen])


def copy_in(connection: Connection, table: str, names: Sequence[str], batches: Iterable[pa.RecordBatch]) -> int:
    """Append record batches to a table's columns of these names, in this order; how many rows. Does not commit."""
    _, name = table_id(connection, table)
    into = sql.SQL(", ").join(map(sql.Identifier, names))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(name, into)
    rows = 0
    with told(f"writing rows to {table}"), connection.cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            copy.write(to_csv(batch.select(list(names))))
            rows += batch.num_rows
    return rows


def query(connection: Connection, statement: str | sql.Composable, parameters: Parameters = None) -> pa.Table:
    """The typed rows of a statement with bound parameters (%s or %(name)s, bound by the server).

    A result column without a name counterpart in Arrow is text. Raises InputError when it fails or yields no rows.
    """
    with told("running a query"), connection.cursor() as cursor:
        cursor.execute(_as_query(statement), parameters)
        described = cursor.description
        if described is None:
            raise InputError("PostgreSQL: running a query: it returns no rows")
        rows = cursor.fetchall()
    names = [each.name for each in described]
    cells = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [_array(list(values), each) for values, each in zip(cells, described, strict=True)]
    return pa.Table.from_arrays(arrays, names=names)


def execute(connection: Connection, statement: str | sql.Composable, parameters: Parameters = None) -> int:
    """Run a statement (several when there are no parameters); how many rows it touched. Does not commit."""
    with told("running a statement"):
        return connection.execute(_as_query(statement), parameters).rowcount


def _as_query(statement: str | sql.Composable) -> Any:
    return statement


def _array(values: list[Any], described: Any) -> pa.Array:
    name = described.type_display
    kind = arrow_type(_FULL_NAMES.get(name, name).replace(", ", ","))
    if name.startswith("numeric") and not pa.types.is_decimal(kind):
        values = [None if each is None else str(each) for each in values]
    if kind != pa.string():
        return pa.array([None if each != each else each for each in values], kind)  # a number that is none: null
    if any(isinstance(each, list) for each in values):
        return pa.array([None if each is None else [str(part) for part in each] for each in values])
    return pa.array([each if each is None or isinstance(each, str) else str(each) for each in values], pa.string())


_FULL_NAMES = {
    "bool": "boolean", "int2": "smallint", "int4": "integer", "int8": "bigint", "oid": "bigint", "xid8": "bigint",
    "float4": "real", "float8": "double precision", "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
}  # fmt: skip


def copies(connection: Connection, table: str) -> tuple[Copy, ...]:
    """What the server itself tells of copies of the table: replicas, slots, publications, foreign servers, archives.

    Backups and test copies made by other means are not in its catalogs: their owner must name them.
    """
    number, _ = table_id(connection, table)
    with told("looking for copies"):
        run = connection.execute
        found = [catalog.replica(*row) for row in run(catalog.REPLICAS).fetchall()]
        found += [catalog.slot(*row) for row in run(catalog.SLOTS).fetchall()]
        found += [catalog.publication(*row) for row in run(catalog.PUBLICATIONS, (number,)).fetchall()]
        found += [catalog.subscription(*row) for row in run(catalog.SUBSCRIPTIONS).fetchall()]
        found += [catalog.foreign_server(*row) for row in run(catalog.FOREIGN_SERVERS, ()).fetchall()]
        found += [catalog.derived(*row) for row in run(catalog.DERIVED, (number,)).fetchall()]
        mode, archived = run(catalog.ARCHIVE).fetchone() or ("off", 0)
    return (*found, catalog.archive(int(archived or 0))) if mode != "off" else tuple(found)


def readers(connection: Connection, table: str) -> tuple[Reader, ...]:
    """The roles that can read the table by some means, by name. Built-in roles (pg_…) are left out."""
    number, _ = table_id(connection, table)
    with told(f"reading who may read {table}"):
        rows = connection.execute(catalog.READERS, {"table": number}).fetchall()
    return tuple(Reader(role, login, tuple(means), tuple(through)) for role, login, means, through in rows)


def audit_settings(connection: Connection) -> AuditSettings:
    """The settings that decide what the audit tells, and which of them are weak."""
    with told("reading the audit's settings"):
        values = {str(name): str(value) for name, value in connection.execute(auditsettings.SETTINGS, ()).fetchall()}
        rows = connection.execute(auditsettings.OVERRIDES, ()).fetchall()
    overrides = tuple((str(role), str(database), str(name), str(value)) for role, database, name, value in rows)
    return AuditSettings(values, overrides, auditsettings.weak(values, overrides))


def statement_rows(connection: Connection) -> pa.Table | None:
    """What pg_stat_statements counted in this database: account, query (its constants as $1 …), calls, rows.

    None when the extension is not there. Texts of other accounts need the rights of pg_read_all_stats.
    """
    found = query(
        connection,
        "SELECT n.nspname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'pg_stat_statements'",
    )
    if not found.num_rows:
        return None
    return query(
        connection,
        sql.SQL(
            "SELECT r.rolname AS account, s.query, s.calls, s.rows FROM {}.pg_stat_statements s "
            "LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.userid WHERE s.dbid = "
            "(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) ORDER BY s.rows DESC, s.query"
        ).format(sql.Identifier(found.column(0)[0].as_py())),
    )


def server_time(connection: Connection) -> datetime:
    """The server's clock now, UTC."""
    with told("reading the clock"):
        row = connection.execute("SELECT pg_catalog.clock_timestamp()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment.astimezone(UTC)


def version(connection: Connection) -> int:
    """The server's version as PostgreSQL numbers it: 150020 is 15.20."""
    return connection.info.server_version


def _prepare(connection: Connection) -> None:
    """Loaders that keep every value: days that Python lacks become its first or last, the rest is text."""
    adapters = connection.adapters
    adapters.register_loader("date", _Date)
    adapters.register_loader("timestamp", _Timestamp)
    adapters.register_loader("timestamptz", _Timestamptz)
    for name in _AS_TEXT:
        adapters.register_loader(name, TextLoader)


def _extreme(data: Any) -> bool:
    """Whether a day that Python lacks lies before all of Python's."""
    text = bytes(data)
    return text.startswith(b"-") or text.endswith(b"BC")


class _Date(DateLoader):
    def load(self, data: Any) -> date:
        try:
            return super().load(data)
        except psycopg.DataError:
            return date.min if _extreme(data) else date(9999, 12, 31)


class _Timestamp(TimestampLoader):
    def load(self, data: Any) -> datetime:
        try:
            return super().load(data)
        except psycopg.DataError:
            return datetime(1, 1, 1) if _extreme(data) else datetime(9999, 12, 31)


class _Timestamptz(TimestamptzLoader):
    def load(self, data: Any) -> datetime:
        try:
            return super().load(data)
        except psycopg.DataError:
            return datetime(1, 1, 1, tzinfo=UTC) if _extreme(data) else datetime(9999, 12, 31, tzinfo=UTC)
