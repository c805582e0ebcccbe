from __future__ import annotations

import pytest
from replaying import COLUMNS

from kulla.registers.replay import shape as shapes
from kulla.registers.replay.shape import Apart, Link, Order, Refused, Shape, Slot, Understood
from kulla.registers.replay.skeleton import taken
from kulla.registers.replay.statement import Declared, Vocabulary, understand

CIVIL = ("nid", "given_name", "family_name", "municipality")
VOCABULARY = Vocabulary((Declared("payroll", "reg.payroll", tuple(COLUMNS)), Declared("civil", "civil", CIVIL)))


def understood(text: str) -> Understood:
    found = taken(text)
    assert found is not None
    return understand(found.skeleton, VOCABULARY)


def shape(text: str) -> Shape:
    found = understood(text)
    assert isinstance(found, Shape), found
    return found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT * FROM payroll WHERE nid = 'X'", "equality"),
        ("select p.nid from reg.payroll AS p where p.nid = $1;", "equality"),
        ('SELECT "nid" FROM "payroll" WHERE "nid" IN (\'a\', \'b\')', "list"),
        ("SELECT nid FROM payroll WHERE nid = ANY($1)", "list"),
        ("SELECT nid FROM payroll WHERE born BETWEEN '2000-01-01' AND '2001-01-01'", "range"),
        ("SELECT nid FROM payroll WHERE full_name LIKE 'Ag%'", "range"),
        ("SELECT nid FROM payroll ORDER BY nid LIMIT 50 OFFSET 100", "page"),
        ("SELECT nid FROM payroll ORDER BY nid FETCH FIRST 5 ROWS ONLY", "page"),
        ("TABLE payroll", "whole table"),
        ("COPY payroll TO STDOUT WITH (FORMAT csv)", "whole table"),
        ("COPY (SELECT nid FROM payroll WHERE nid = 'X') TO PROGRAM 'cat'", "equality"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM payroll", "whole table"),
        ("PREPARE q (text) AS SELECT * FROM payroll WHERE nid = $1", "equality"),
        ("SELECT c.nid, p.pay FROM civil c JOIN payroll p ON p.nid = c.nid WHERE c.nid = 'X'", "join"),
        ("SELECT * FROM civil c, payroll p WHERE c.nid = p.nid", "join"),
        ("SELECT pay FROM civil LEFT JOIN payroll USING (nid)", "join"),
    ],
)
def test_proven_shapes(text: str, name: str) -> None:
    assert shape(text).name == name


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM payroll WHERE nid = 'X' AND lower(full_name) = 'a'",
        "SELECT * FROM payroll WHERE nid = 'X' OR pay > 5",
        "SELECT * FROM payroll WHERE nid > 'X' COLLATE \"de-x-icu\"",
        "SELECT * FROM payroll WHERE NOT (nid = 'X')",
        "SELECT count(*) FROM payroll",
        "SELECT DISTINCT employer_id FROM payroll",
        "SELECT employer_id, sum(pay) FROM payroll GROUP BY employer_id",
        "SELECT unknown_function(nid) FROM payroll",
        "SELECT nid FROM payroll TABLESAMPLE SYSTEM (1)",
        "SELECT nid FROM payroll WHERE nid = 'X' FOR UPDATE",
        "SELECT * INTO mine FROM payroll",
        "INSERT INTO mine SELECT * FROM payroll",
        "CREATE TEMP TABLE mine AS SELECT * FROM payroll",
        "SELECT p.* FROM payroll p JOIN other o ON o.id = p.nid",
        "SELECT p.* FROM payroll p CROSS JOIN civil c",
        "SELECT nid FROM payroll ORDER BY nid FETCH FIRST 5 ROWS WITH TIES",
        "SELECT nid FROM payroll LIMIT 5 + 5",
    ],
)
def test_shapes_that_only_bound(text: str) -> None:
    assert shape(text).name == "bounded"


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM payroll UNION SELECT * FROM payroll",
        "WITH a AS (SELECT * FROM payroll) SELECT * FROM a",
        "SELECT (SELECT pay FROM payroll LIMIT 1)",
        "SELECT * FROM civil WHERE EXISTS (SELECT 1 FROM payroll)",
        "SELECT 1; SELECT * FROM payroll",
        "UPDATE payroll SET pay = 1 RETURNING *",
        "SELEC * FROM payroll",
        "SELECT * FROM payroll, generate_series(1, 9)",
        "SELECT * FROM payroll AS p (a, b)",
        "WITH RECURSIVE r AS (SELECT * FROM payroll UNION ALL SELECT * FROM r) SELECT * FROM r",
        "SELECT " + "(" * 200 + "1" + ")" * 200 + " FROM payroll",
        "SELECT " + "ARRAY[" * 30 + "1" + "]" * 30 + " FROM payroll",
    ],
)
def test_statements_that_stay_unknown(text: str) -> None:
    found = understood(text)
    assert isinstance(found, Refused)
    assert "payroll" in found.registers


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1", "elsewhere"),
        ("SELECT * FROM pg_class", "elsewhere"),
        ("SELECT * FROM backup.payroll_2024", "elsewhere"),
        ("SELECT * FROM other.payroll", "elsewhere"),
        ("COPY payroll FROM STDIN", "write"),
        ("INSERT INTO payroll VALUES ('a')", "write"),
        ("UPDATE payroll SET pay = 1 WHERE nid = 'X'", "write"),
        ("EXPLAIN ANALYZE SELECT * FROM payroll", "no data"),
        ("SET ROLE payroll", "no data"),
    ],
)
def test_statements_that_read_no_record(text: str, reason: str) -> None:
    assert understood(text) == Apart(reason)


def test_conditions_become_tests_with_slots() -> None:
    found = shape(
        "SELECT nid FROM payroll WHERE nid = $2 AND pay >= -5 AND 3 < grade AND born IS NOT NULL AND period='p'"
    )
    assert found.sources[0].tests == (
        shapes.Test("nid", "eq", (Slot("bound", 2),)),
        shapes.Test("pay", "ge", (Slot("literal", 0, negative=True),)),
        shapes.Test("grade", "gt", (Slot("literal", 1),)),
        shapes.Test("born", "not_null"),
        shapes.Test("period", "eq", (Slot("literal", 2),)),
    )
    assert not found.doubts


def test_order_limits_and_links() -> None:
    found = shape(
        "SELECT * FROM civil c LEFT JOIN payroll p ON c.nid = p.nid"
        " ORDER BY c.nid DESC, p.pay NULLS FIRST LIMIT 5 OFFSET $1"
    )
    assert found.links == (Link(0, "nid", 1, "nid", outer=True),)
    assert found.order == (Order(0, "nid", True, True), Order(1, "pay", False, True))
    assert (found.limit, found.offset) == (Slot("literal", 0), Slot("bound", 1))
    assert found.sources[1].outer


def test_order_by_an_alias_is_not_taken_for_a_column() -> None:
    assert not shape("SELECT upper(full_name) AS nid FROM payroll ORDER BY nid LIMIT 5").order


@pytest.mark.parametrize(
    ("projection", "columns"),
    [
        ("*", tuple(COLUMNS)),
        ("p.*", tuple(COLUMNS)),
        ("p", tuple(COLUMNS)),
        ("count(*)", ()),
        ("pay * 12, upper(full_name) AS f", ("full_name", "pay")),
        ("1", ()),
        ("avg(pay)", ("pay",)),
        ("hidden_column", ()),
    ],
)
def test_projected_columns(projection: str, columns: tuple[str, ...]) -> None:
    assert shape(f"SELECT {projection} FROM payroll p").sources[0].columns == columns
