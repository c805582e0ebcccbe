from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest
from pgserver import Server
from psycopg import sql

from kulla.errors import ConfigError, InputError
from kulla.registers.connect import postgres
from kulla.registers.schema import TIME

TABLE = """
CREATE SCHEMA "Odd ""Name";
CREATE TABLE "Odd ""Name"."Pay; DROP" (
    "Nid" text, period date, gross numeric(12,2), n int, ok boolean, seen timestamptz, note text, tags text[], j jsonb,
    PRIMARY KEY (period, "Nid"));
INSERT INTO "Odd ""Name"."Pay; DROP" VALUES
    ('A', '2026-01-01', 12.30, 1, true, '2026-01-02 03:04:05.678901+01', '', '{a,b}', '{"k": 1}'),
    ('B', 'infinity', 'NaN', NULL, NULL, '-infinity', NULL, NULL, NULL),
    ('C', '2026-03-01', -0.5, -7, false, NULL, E'two\nlines, "quoted" \\\\N ë', '{}', 'null');
"""
NAME = '"Odd ""Name"."Pay; DROP"'


@pytest.fixture
def connection(pg: Server, database: str) -> Iterator[postgres.Connection]:
    pg.execute(TABLE, database)
    with postgres.connect(pg.dsn(database=database)) as made:
        yield made


def test_columns_tell_type_and_key(connection: postgres.Connection) -> None:
    found = {each.name: each for each in postgres.columns(connection, NAME)}
    assert list(found)[:3] == ["Nid", "period", "gross"]
    assert (found["Nid"].key, found["period"].key, found["gross"].key) == (2, 1, 0)
    assert found["gross"].type == "numeric(12,2)"
    assert not found["Nid"].nullable
    assert found["note"].nullable


def test_rows_keep_nulls_line_breaks_and_far_days(connection: postgres.Connection) -> None:
    table = pa.Table.from_batches(list(postgres.read_table(connection, NAME)))
    rows = table.sort_by("Nid").to_pylist()
    assert table.schema.field("gross").type == pa.decimal128(12, 2)
    assert table.schema.field("seen").type == TIME
    assert [r["note"] for r in rows] == ["", None, 'two\nlines, "quoted" \\N ë']
    assert [r["gross"] for r in rows] == [Decimal("12.30"), None, Decimal("-0.50")]
    assert [r["ok"] for r in rows] == [True, None, False]
    assert [r["n"] for r in rows] == [1, None, -7]
    assert rows[1]["period"] == dt.date(9999, 12, 31)
    assert rows[0]["seen"] == dt.datetime(2026, 1, 2, 2, 4, 5, 678901, tzinfo=dt.UTC)
    assert rows[0]["tags"] == "{a,b}"


def test_a_query_says_the_same_as_a_whole_read(connection: postgres.Connection) -> None:
    names = ["Nid", "period", "gross", "n", "ok", "seen", "note", "j"]
    copied = pa.Table.from_batches(list(postgres.read_table(connection, NAME, names))).sort_by("Nid")
    chosen = sql.SQL(", ").join(map(sql.Identifier, names))
    _, name = postgres.table_id(connection, NAME)
    statement = sql.SQL('SELECT {} FROM {} WHERE n > %s OR n IS NULL ORDER BY "Nid"').format(chosen, name)
    queried = postgres.query(connection, statement, (-100,))
    assert queried.schema == copied.schema
    assert queried.to_pylist() == copied.to_pylist()


def test_what_is_copied_in_reads_back_alike(connection: postgres.Connection) -> None:
    before = pa.Table.from_batches(list(postgres.read_table(connection, NAME))).sort_by("Nid")
    postgres.execute(connection, sql.SQL("DELETE FROM {}").format(postgres.table_id(connection, NAME)[1]))
    assert list(postgres.read_table(connection, NAME)) == []
    labelled = before.set_column(0, "Nid", before.column("Nid").dictionary_encode())
    assert postgres.copy_in(connection, NAME, labelled.column_names, labelled.to_batches()) == 3
    after = pa.Table.from_batches(list(postgres.read_table(connection, NAME))).sort_by("Nid")
    assert after.to_pylist() == before.to_pylist()


def test_a_sample_is_spread_and_bounded(connection: postgres.Connection) -> None:
    postgres.execute(connection, "CREATE TABLE big AS SELECT i FROM generate_series(1, 60000) i; ANALYZE big")
    got = postgres.sample(connection, "big", 500).column("i").to_pylist()
    assert 0 < len(got) <= 500
    assert len(set(got)) == len(got)
    postgres.execute(connection, "CREATE VIEW few AS SELECT i FROM big WHERE i <= 20")
    assert sorted(postgres.sample(connection, "few", 50).column("i").to_pylist()) == list(range(1, 21))


def test_read_only_writes_nothing_and_sees_one_state(pg: Server, database: str) -> None:
    pg.execute("CREATE TABLE t AS SELECT 1 AS a", database)
    with postgres.connect(pg.dsn(database=database), read_only=True) as connection:
        assert postgres.query(connection, "SELECT a FROM t").num_rows == 1
        pg.execute("INSERT INTO t VALUES (2)", database)
        assert postgres.query(connection, "SELECT a FROM t").num_rows == 1
        with pytest.raises(InputError, match="ReadOnlySqlTransaction, SQLSTATE 25006"):
            postgres.execute(connection, "DELETE FROM t")


def test_errors_hold_no_value_and_no_password(pg: Server, connection: postgres.Connection) -> None:
    with pytest.raises(InputError) as caught:
        postgres.query(connection, "SELECT %s::text::int", ("J00101999W",))
    assert "J00101999W" not in str(caught.value) + repr(caught.value.__cause__)
    assert "22P02" in str(caught.value)
    connection.rollback()
    with pytest.raises(InputError, match="23505"):
        postgres.execute(connection, "CREATE TABLE u (a text PRIMARY KEY); INSERT INTO u VALUES ('x'), ('x')")
    connection.rollback()
    with pytest.raises(InputError, match="no table or view missing"):
        postgres.columns(connection, "missing")
    with pytest.raises(ConfigError) as wrong:
        postgres.connect("host=a secret word")
    assert "secret" not in str(wrong.value)
    with pytest.raises(InputError) as refused:
        postgres.connect("host=127.0.0.1 port=1 user=u password=geheim dbname=d")
    assert "geheim" not in str(refused.value)
    assert "127.0.0.1:1/d" in str(refused.value)


def test_a_statement_that_takes_too_long_is_given_up(pg: Server, database: str) -> None:
    with postgres.connect(pg.dsn(database=database), timeout=0.05) as connection:
        with pytest.raises(InputError, match="QueryCanceled, SQLSTATE 57014"):
            postgres.query(connection, "SELECT pg_sleep(20)::text")
        connection.rollback()


def test_readers_are_found_with_their_means(pg: Server, database: str) -> None:
    tail = database[-12:]
    owner, clerk, boss, admin, other = (f"{name}_{tail}" for name in ("owner", "clerk", "boss", "admin", "other"))
    pg.execute(f"CREATE ROLE {owner}; CREATE ROLE {clerk} LOGIN; CREATE ROLE {boss} LOGIN IN ROLE {clerk}; "
               f"CREATE ROLE {admin} LOGIN REPLICATION; CREATE ROLE {other} LOGIN")  # fmt: skip
    try:
        pg.execute(f"CREATE TABLE t (a int, b int); ALTER TABLE t OWNER TO {owner}; GRANT SELECT (a) ON t TO {other}; "
                   f"GRANT SELECT ON t TO {clerk}", database)  # fmt: skip
        with postgres.connect(pg.dsn(database=database)) as connection:
            found = {each.role: each for each in postgres.readers(connection, "t")}
        assert found[owner].means == ("owner",)
        assert found[clerk].means == ("grant",)
        assert found[boss].means == ("grant",)
        assert found[boss].through == (clerk,)
        assert found[other].means == ("columns",)
        assert found[admin].means == ("replication",)
        assert any("superuser" in each.means for each in found.values())
    finally:
        pg.execute(f"DROP TABLE IF EXISTS t; DROP OWNED BY {owner}, {clerk}, {boss}, {admin}, {other}", database)
        pg.execute(f"DROP ROLE {owner}, {clerk}, {boss}, {admin}, {other}")


def test_copies_that_the_server_knows_are_listed(pg: Server, database: str) -> None:
    pg.execute("CREATE TABLE t (a int PRIMARY KEY); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; "
               "CREATE PUBLICATION p FOR TABLE t; CREATE FOREIGN DATA WRAPPER w; "
               "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'far.example')", database)  # fmt: skip
    pg.execute(f"SELECT pg_create_logical_replication_slot('slot_{database[-12:]}', 'pgoutput')", database)
    with postgres.connect(pg.dsn(database=database)) as connection:
        found = {each.name: each for each in postgres.copies(connection, "t")}
    assert found["foreign server s"].place == "far.example"
    assert found["materialised view public.m"].place == "public.m"
    assert "publication p" in found
    assert found[f"slot slot_{database[-12:]}"].place == database
    assert all(not each.read_log for each in found.values())


def test_audit_settings_and_what_is_weak(pg: Server, database: str) -> None:
    if not pg.own:
        pytest.skip("the settings of a given server are not ours")
    with postgres.connect(pg.dsn(database=database)) as connection:
        assert postgres.audit_settings(connection).values["pgaudit.log"] == "read,write,ddl,role"
        assert postgres.audit_settings(connection).weak == (
            "pgaudit.log lacks misc: FETCH of a cursor and SET are not seen",
        )
        pg.execute(f"ALTER DATABASE {database} SET pgaudit.log = 'none'")
        found = postgres.audit_settings(connection)
        assert ("", database, "pgaudit.log", "none") in found.overrides
        assert any(f"'none' for database {database} alone" in each for each in found.weak)


def test_statement_rows_time_and_version(pg: Server, database: str) -> None:
    with postgres.connect(pg.dsn(database=database)) as connection:
        assert postgres.statement_rows(connection) is None
        assert postgres.version(connection) >= 130000
        assert postgres.server_time(connection).tzinfo == dt.UTC
    if not pg.own:
        return
    pg.execute("CREATE EXTENSION pg_stat_statements", database)
    pg.execute(f"ALTER DATABASE {database} SET compute_query_id = 'on'")
    pg.execute("SELECT generate_series(1, 77)", database)
    with postgres.connect(pg.dsn(database=database)) as connection:
        rows = postgres.statement_rows(connection)
    assert rows is not None
    assert ("SELECT generate_series($1, $2)", 1, 77) in [(r["query"], r["calls"], r["rows"]) for r in rows.to_pylist()]


def test_a_select_streams_in_order(pg: Server, database: str) -> None:
    schema = pa.schema([("n", pa.int64()), ("half", pa.string())])
    with postgres.connect(pg.dsn(database=database), read_only=True) as connection:
        rows = postgres.stream(connection, "SELECT i, i / 2 FROM generate_series(1, 50000) i ORDER BY 1", schema)
        table = pa.Table.from_batches(list(rows))
        some = next(postgres.stream(connection, "SELECT i, '' FROM generate_series(1, 300000) i", schema))
        assert some.column("n")[0].as_py() == 1
    assert table.column("n").to_pylist() == list(range(1, 50001))
    assert table.column("half")[-1].as_py() == "25000"


def test_tables_views_and_connection_strings_are_told_apart(connection: postgres.Connection) -> None:
    assert postgres.relation(connection, NAME) == ('Odd "Name', "Pay; DROP", "r")
    postgres.execute(connection, "CREATE VIEW v AS SELECT 1 AS a")
    assert postgres.relation(connection, "v") == ("public", "v", "v")
    assert postgres.user_of("postgresql://clerk:secret@db/reg") == "clerk"
    assert (postgres.user_of("host=db"), postgres.user_of("no string")) == ("", "")
    assert postgres.place_of("no string") == "?"
