from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pgserver import Server

from kulla.errors import ConfigError
from kulla.registers.connect.catalog import SourceColumn
from kulla.registers.connect.triggers import (
    Kept,
    apply_sql,
    baseline_sql,
    changes_sql,
    literal,
    quoted,
    remove_sql,
    untaken_sql,
)

KEPT = Kept("payroll", ("tax", "payroll"), ("nid",), ("secret",))


def test_names_and_texts_stay_names_and_texts_on_a_server(pg: Server) -> None:
    texts = ["it's", 'a"b', "back\\slash", "\\", "", "$kulla$", "x'); DROP TABLE t; --", "ë\n\t"]
    for setting in ("on", "off"):
        select = ", ".join(f"{literal(each)} AS {quoted(each or 'empty')}" for each in texts)
        (row,) = pg.execute(f"SET standard_conforming_strings = {setting}; SELECT {select}")
        assert list(row) == texts


@settings(deadline=None)
@given(st.text())
def test_quotes_are_balanced(text: str) -> None:
    inner = quoted(text)[1:-1]
    assert re.fullmatch(r'(?:[^"]|"")*', inner)
    assert inner.replace('""', '"') == text.replace("\0", "")


def test_a_column_s_name_cannot_end_the_function_and_run(pg: Server, database: str) -> None:
    name = "$kulla$; DROP TABLE victim; --"
    pg.execute(f"CREATE TABLE victim (a int); CREATE TABLE t ({quoted(name)} text PRIMARY KEY)", database)
    hostile = Kept("r", ("public", "t"), (name,), ("$kulla1$; DROP TABLE victim; --",))
    pg.execute(apply_sql(hostile, "postgres").replace("BEGIN;\n", "", 1).replace("\nCOMMIT;", ""), database)
    pg.execute("INSERT INTO t VALUES ('x'); UPDATE t SET " + quoted(name) + " = 'y'; SELECT a FROM victim", database)
    lines = pg.execute("SELECT op, was->>0 FROM kulla_history.changes_r ORDER BY seq", database)
    assert lines == [("I", None), ("U", "x")]


def test_what_is_applied_is_taken_away_again() -> None:
    made = set(
        re.findall(r"CREATE (?:OR REPLACE )?(?:TABLE|TRIGGER|FUNCTION)(?: IF NOT EXISTS)? (\S+)", apply_sql(KEPT, "a"))
    )
    gone = set(re.findall(r"DROP (?:TABLE|TRIGGER|FUNCTION) IF EXISTS (\S+?)[;\s]", remove_sql(KEPT)))
    assert {each.removesuffix("()") for each in made} == {each.removesuffix("()") for each in gone}


def test_undeclared_columns_are_not_kept() -> None:
    assert "to_jsonb(NEW) - ARRAY['secret']::text[]" in apply_sql(KEPT, "agent")
    assert "secret" not in changes_sql(KEPT, [SourceColumn("nid", "text", False)], "", True)


def test_lines_are_asked_by_snapshot_and_commit() -> None:
    assert untaken_sql("") == "true"
    assert "pg_visible_in_snapshot(c.xid, '5:9:7'::pg_snapshot)" in untaken_sql("5:9:7")
    columns = [SourceColumn("nid", "text", False), SourceColumn("tags", "text[]", True)]
    assert "pg_xact_commit_timestamp" in changes_sql(KEPT, columns, "", True)
    assert "pg_xact_commit_timestamp" not in changes_sql(KEPT, columns, "", False)
    assert "to_jsonb(t.\"tags\") #>> '{}'" in baseline_sql(KEPT, columns, True)


def test_a_name_that_postgresql_would_cut_is_refused() -> None:
    with pytest.raises(ConfigError, match="too long"):
        apply_sql(Kept("r" * 41, ("public", "t"), ("a",)), "agent")
