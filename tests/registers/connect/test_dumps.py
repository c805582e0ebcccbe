"""Rows out of plain dumps: made-up ones, and those that pg_dump writes."""

from __future__ import annotations

import subprocess

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pgserver import Server, binaries

from kulla.errors import InputError, UnsafeInput
from kulla.registers.connect.dumps import DumpReport, dump_batches, names_of, unescaped

Row = tuple[str | None, ...]
HEAD = "SET client_encoding = 'UTF8';\nCOPY public.other (a) FROM stdin;\nCOPY public.t (a) FROM stdin;\n\\.\n"


def rows(text: str, table: str = "public.t", columns: tuple[str, ...] = ("a", "b")) -> tuple[list[Row], DumpReport]:
    report = DumpReport()
    batches = dump_batches(text.encode().splitlines(keepends=True), table, columns, "old.sql", report)
    found = [tuple(row[name] for name in columns) for batch in batches for row in batch.to_pylist()]
    return found, report


def test_only_the_rows_of_the_table_are_read() -> None:
    found, report = rows(HEAD + "COPY public.t (a, b) FROM stdin;\n1\t\\N\n\t\\.\n\\.\nDROP TABLE t;\n")
    assert found == [("1", None), ("", ".")]
    assert (report.tables, report.bad_lines) == (1, [])


def test_columns_go_by_name_and_missing_ones_are_null() -> None:
    assert rows("COPY t (b, c) FROM stdin;\n1\t2\n\\.\n", "any.t", ("c", "a", "b"))[0] == [("2", None, "1")]


def test_lines_that_do_not_fit_are_told() -> None:
    found, report = rows("COPY t (a, b) FROM stdin;\n1\t2\n1\n1\t2\t3\n5\t6\n\\.\n")
    assert found == [("1", "2"), ("5", "6")]
    assert report.bad_lines == [3, 4]


def test_what_proves_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="ends within the table's rows"):
        rows("COPY t (a, b) FROM stdin;\n1\t2\n")
    with pytest.raises(InputError, match=r"no rows of table public\.t"):
        rows("COPY public.tt (a, b) FROM stdin;\n1\t2\n\\.\n")
    with pytest.raises(InputError, match="custom format"):
        rows("PGDMP\x01\x0e")
    with pytest.raises(InputError, match="encoding not known"):
        rows("SET client_encoding = 'MULE_INTERNAL';\n")


def test_an_endless_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.registers.connect.dumps.LONGEST", 100)
    with pytest.raises(UnsafeInput, match="line 2 is longer"):
        rows("COPY t (a, b) FROM stdin;\n" + "x" * 101 + "\n")


def test_other_encodings_are_read_as_they_are_declared() -> None:
    lines = ["SET client_encoding = 'LATIN2';\n", "COPY t (a, b) FROM stdin;\n", "\xeb\t\\N\n", "\\.\n"]
    encoded = [line.encode("iso8859-2") for line in lines]
    batches = list(dump_batches(encoded, "t", ["a"], "x", DumpReport()))
    assert batches[0].to_pylist() == [{"a": "ë"}]


@given(st.lists(st.one_of(st.none(), st.text(st.sampled_from('ab"\\\t\n\r\b\v.N1xë'))), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_cells_survive_copy_s_text_format(cells: list[str | None]) -> None:
    escapes = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\v": "\\v"}
    written = ["\\N" if c is None else "".join(escapes.get(x, x) for x in c) for c in cells]
    assert [unescaped(each) for each in written] == cells
    names = [f"c{n}" for n in range(len(cells))]
    dump = f"COPY t ({', '.join(names)}) FROM stdin;\n" + "\t".join(written) + "\n\\.\n"
    assert rows(dump, "t", tuple(names))[0] == [tuple(cells)]


def test_names_are_read_as_sql_quotes_them() -> None:
    assert names_of('"a.b".c') == ("a.b", "c")
    assert names_of('"a, b", C') == ("a, b", "c")


def test_a_real_dump_gives_the_rows_that_the_server_holds(pg: Server, database: str) -> None:
    folder = binaries()
    if folder is None:
        pytest.skip("no pg_dump here")
    pg.execute('CREATE SCHEMA s; CREATE TABLE s."Odd ""t" (a int, "B (x)" text, c timestamptz, d text[]);'
               "CREATE TABLE s.other AS SELECT 1 AS a;"
               "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", database)  # fmt: skip
    values = [
        (1, "tab\there\nnew \\ line", "2026-05-01 10:00:00+02", "{a,NULL}"),
        (2, None, None, None),
        (3, "", None, "{}"),
        (4, "\\N", None, None),
        (5, "\\.", None, None),
    ]
    with psycopg.connect(pg.dsn(database=database)) as connection:
        connection.cursor().executemany('INSERT INTO s."Odd ""t" VALUES (%s, %s, %s, %s)', values)
    command = [folder / "pg_dump", "-d", pg.dsn(database=database)]
    done = subprocess.run(list(map(str, command)), capture_output=True, check=True, env={"PGTZ": "UTC"})
    found, _ = rows(done.stdout.decode(), 's."Odd ""t"', ("a", "B (x)", "c", "d"))
    expected = [(str(a), b, "2026-05-01 08:00:00+00" if c else None, d) for a, b, c, d in values]
    assert found == expected
