"""Replayed records against a real PostgreSQL at the same state: what makes the proven shapes proven."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pgserver import Server
from replaying import COLUMNS, POOL, Version, accesses, history, manifest, quoted, records_of, replay

TYPES = {
    "nid": "text", "full_name": "text", "employer_id": "text", "period": "text", "born": "date",
    "pay": "numeric(12,2)", "grade": "integer",
}  # fmt: skip
REAL = settings(deadline=None, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
"""Without shrinking: it would take minutes against a server."""
Row = dict[str, Any]


@pytest.fixture(scope="module")
def connection(pg: Server) -> Iterator[psycopg.Connection[Any]]:
    name = pg.new_database()
    with psycopg.connect(pg.dsn(database=name), autocommit=True) as connected:
        yield connected
    pg.drop_database(name)


def row() -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries({column: st.sampled_from(list(values)) for column, values in POOL.items()})


def comparisons() -> st.SearchStrategy[str]:
    """A condition of a proven kind on any column."""

    def on(column: str) -> st.SearchStrategy[str]:
        values = st.sampled_from([value for value in POOL[column] if value is not None])
        text = values.map(quoted)
        if column == "nid":
            text = st.one_of(text, st.sampled_from(["'J00101999'", "'J00101999Wx'", "'ë'"]))
        cast = {"born": "::date[]", "pay": "::numeric[]"}.get(column, "")
        equal = st.one_of(
            text.map(lambda value: f"{column} = {value}"),
            st.lists(text, min_size=1, max_size=4).map(lambda some: f"{column} IN ({', '.join(some)})"),
            st.lists(text, min_size=1, max_size=3).map(lambda some: f"{column} = ANY (ARRAY[{', '.join(some)}]{cast})"),
            st.lists(text, min_size=2, max_size=3).map(lambda s: "(" + " OR ".join(f"{column} = {v}" for v in s) + ")"),
            st.sampled_from([f"{column} IS NULL", f"{column} IS NOT NULL"]),
            text.map(lambda value: f"{column} <> {value}"),
        )
        if column in ("nid", "full_name", "employer_id"):
            likes = st.sampled_from(["J%", "Agron%", "", "%", "O''B%", "L1", "L1%", "Ë%"])
            equal = st.one_of(equal, likes.map(lambda pattern: f"{column} LIKE '{pattern}'"))
        if column == "full_name":
            return equal
        ranged = st.one_of(
            st.tuples(st.sampled_from(["<", "<=", ">", ">="]), text).map(lambda p: f"{column} {p[0]} {p[1]}"),
            st.tuples(st.sampled_from(["<", "<=", ">", ">="]), text).map(lambda p: f"{p[1]} {p[0]} {column}"),
            st.tuples(text, text).map(lambda pair: f"{column} BETWEEN {pair[0]} AND {pair[1]}"),
        )
        return equal if column == "nid" else st.one_of(equal, ranged)

    return st.sampled_from(list(COLUMNS)).flatmap(on)


def statements() -> st.SearchStrategy[str]:
    where = st.lists(comparisons(), max_size=3).map(lambda parts: f" WHERE {' AND '.join(parts)}" if parts else "")
    order = st.lists(
        st.tuples(
            st.sampled_from(["employer_id", "period", "born", "pay", "grade"]),
            st.sampled_from(["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]),
        ).map("".join),
        min_size=1, max_size=3, unique_by=lambda part: part.split()[0],
    ).map(lambda parts: f" ORDER BY {', '.join(parts)}")  # fmt: skip
    paged = st.tuples(order, st.integers(0, 5), st.integers(0, 5)).map(lambda p: f"{p[0]} LIMIT {p[1]} OFFSET {p[2]}")
    tail = st.one_of(st.just(""), order, paged, st.integers(0, 40).map(lambda n: f" LIMIT {n}"))
    return st.tuples(where, tail).map(lambda parts: f"SELECT nid, full_name FROM payroll{parts[0]}{parts[1]}")


def filled(connection: psycopg.Connection[Any], rows: list[Row], types: dict[str, str], table: str = "payroll") -> None:
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(types))
        cursor.executemany(f"INSERT INTO {table} VALUES ({places})", [[each[name] for name in types] for each in rows])


def numbered(rows: list[Row]) -> dict[str, int]:
    return {nid: number for number, nid in enumerate(dict.fromkeys(row["nid"] for row in rows), 1)}


def versions(rows: list[Row], numbers: dict[str, int]) -> list[Version]:
    return [Version(numbers[row["nid"]], row) for row in rows]


@settings(REAL, max_examples=12)
@given(rows=st.lists(row(), max_size=14), asked=st.lists(statements(), min_size=10, max_size=20))
def test_proven_shapes_return_what_postgresql_returns(
    connection: psycopg.Connection[Any], rows: list[Row], asked: list[str]
) -> None:
    filled(connection, rows, TYPES)
    numbers = numbered(rows)
    returned = [connection.execute(statement).fetchall() for statement in asked]
    log = accesses([{"statement": s, "rows": len(found)} for s, found in zip(asked, returned, strict=True)])
    reads = replay({"payroll": history(versions(rows, numbers))}).reads(log).to_pylist()
    if not rows:
        assert {read["extent"] for read in reads} <= {"unknown"}
        return
    for statement, found, read in zip(asked, returned, reads, strict=True):
        truth = {numbers[each[0]] for each in found}
        told = records_of(read)
        assert told is not None, statement
        if read["extent"] == "exact":
            assert told == truth, statement
        else:
            assert read["extent"] == "upper_bound"
            assert told >= truth, statement
            assert "LIMIT" in statement or "nid" in statement or "employer_id" in statement, statement
        if "LIMIT" not in statement:
            assert read["extent"] == "exact", statement


JOINS = (
    "SELECT a.nid, b.nid FROM payroll a JOIN civil b ON a.nid = b.nid{where}",
    "SELECT a.nid, b.nid FROM payroll a, civil b WHERE a.employer_id = b.employer_id{more}",
    "SELECT a.nid, b.nid FROM payroll a LEFT JOIN civil b ON b.nid = a.nid AND b.grade = a.grade{where}",
    "SELECT a.nid, b.nid FROM payroll a LEFT JOIN civil b ON b.pay = a.pay{where}",
    "SELECT a.nid, b.nid FROM civil b INNER JOIN payroll a ON a.born = b.born{where}",
)


@settings(REAL, max_examples=6)
@given(
    st.lists(row(), min_size=1, max_size=8),
    st.lists(row(), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from(JOINS), comparisons()), min_size=5, max_size=12),
)
def test_joins_return_what_postgresql_returns(
    connection: psycopg.Connection[Any], rows: list[Row], others: list[Row], asked: list[tuple[str, str]]
) -> None:
    filled(connection, rows, TYPES)
    filled(connection, others, TYPES, "civil")
    numbers = numbered([*rows, *others])
    texts = []
    for pattern, condition in asked:
        on = re.sub(rf"\b({'|'.join(COLUMNS)})\b", r"a.\1", condition)
        texts.append(pattern.format(where=f" WHERE {on}", more=f" AND {on}"))
    returned = [connection.execute(text).fetchall() for text in texts]
    made = replay({
        "payroll": history(versions(rows, numbers)), "civil": history(versions(others, numbers), manifest("civil")),
    })  # fmt: skip
    log = accesses([{"statement": text, "rows": len(found)} for text, found in zip(texts, returned, strict=True)])
    reads = made.reads(log).to_pylist()
    assert len(reads) == 2 * len(texts)
    for read in reads:
        text, found = texts[read["line_from"] - 1], returned[read["line_from"] - 1]
        place = 0 if read["register"] == "payroll" else 1
        assert records_of(read) == {numbers[each[place]] for each in found if each[place] is not None}, text
        assert read["extent"] == "exact", text


IDS = [
    "J00101999W",
    "J00101999K",
    "K10229001A",
    "A00101001B",
    "9",
    "10",
    "100",
    "T9",
    "C1D2",
    "X0",
    "V0",
    "W0",
    "A9W",
    "A9V",
]


KINDS = [f'text COLLATE "{name}-x-icu"' for name in ("sq", "en", "et", "sv")]


@pytest.mark.parametrize("kind", ["text", "character(12)", "varchar(12)", *KINDS])
def test_ids_are_sorted_and_compared_alike_in_every_collation(connection: psycopg.Connection[Any], kind: str) -> None:
    made = [{**dict.fromkeys(COLUMNS), "nid": nid} for nid in IDS]
    filled(connection, made, TYPES | {"nid": kind})
    numbers = numbered(made)
    texts = [f"SELECT nid FROM payroll WHERE nid {op} '{nid}'" for op in ("<", ">=", "=", "<>") for nid in IDS[:9]]
    texts += [f"SELECT nid FROM payroll WHERE nid > '{nid}' ORDER BY nid LIMIT {n}" for nid in IDS[:9] for n in (1, 3)]
    texts += [f"SELECT nid FROM payroll ORDER BY nid DESC LIMIT 2 OFFSET {n}" for n in range(9)]
    returned = [connection.execute(text).fetchall() for text in texts]
    known = {"nid": kind.split(" ", maxsplit=1)[0]}
    log = accesses([{"statement": text, "rows": len(found)} for text, found in zip(texts, returned, strict=True)])
    reads = replay({"payroll": history(versions(made, numbers), types=known)}).reads(log).to_pylist()
    for text, found, read in zip(texts, returned, reads, strict=True):
        assert records_of(read) == {numbers[each[0].strip()] for each in found}, (kind, text)
        assert read["extent"] == "exact", (kind, text)


def test_char_ignores_trailing_blanks_and_text_does_not(connection: psycopg.Connection[Any]) -> None:
    made = [{**dict.fromkeys(COLUMNS), "nid": nid} for nid in ("a", "ab", "b")]
    for kind in ("character(4)", "text"):
        filled(connection, made, TYPES | {"nid": kind})
        texts = ["SELECT nid FROM payroll WHERE nid = 'a '", "SELECT nid FROM payroll WHERE nid LIKE 'a'",
                 "SELECT nid FROM payroll WHERE nid LIKE 'a%'", "SELECT nid FROM payroll WHERE nid LIKE 'a %'",
        ]  # fmt: skip
        returned = [connection.execute(text).fetchall() for text in texts]
        log = accesses([{"statement": text, "rows": len(found)} for text, found in zip(texts, returned, strict=True)])
        numbers = numbered(made)
        reads = replay({"payroll": history(versions(made, numbers), types={"nid": kind})}).reads(log).to_pylist()
        for text, found, read in zip(texts, returned, reads, strict=True):
            told, truth = records_of(read), {numbers[each[0].strip()] for each in found}
            assert told is not None, (kind, text)
            assert told >= truth, (kind, text)
            assert read["extent"] != "exact" or told == truth, (kind, text)
