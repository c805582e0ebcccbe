from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.sqltemplate import command, hints, tables, template


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("select * from t where a='x''y' and b = 1.5e-3", "select * from t where a=? and b = ?"),
        ("SELECT E'a\\'b', U&'d\\0061t', x'1F', B'01', N'n', 'q'", "SELECT ?, ?, ?, ?, ?, ?"),
        (
            "SELECT $1, $22 FROM a$b.c1 WHERE d$e = $$x$$ OR f = $q$ $$ $q$",
            "SELECT $1, $22 FROM a$b.c1 WHERE d$e = ? OR f = ?",
        ),
        ('SELECT "A ""b""", U&"x" FROM "t"', 'SELECT "A ""b""", U&"x" FROM "t"'),
        ("SELECT /* a /* b */ c */ 1 -- rest\n, 2", "SELECT ? , ?"),
        ("SELECT 1 /* a /* b /* c */ */ */ + secret", "SELECT ? ?"),
        ("a IN (1, 2, 3) or b in ('x') or c = any(array[1,2])", "a IN (?…) or b in (?…) or c = any(array[?…])"),
        ("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3,'c')", "INSERT INTO t VALUES (?…)…"),
        ("x LIKE 'a%' ESCAPE '\\' AND y = 'z'", "x LIKE ? ESCAPE ? AND y = ?"),
        ("x = 'a\\' OR y = 'z'", "x = ?"),
        ("x = 'a\\\\' OR y = 'z'", "x = ? OR y = ?"),
        ("COPY t (a) FROM stdin;\n1\tAgron", "COPY t (a) FROM stdin;"),
        ("a-1, a - -1, 5/2, .5, t.1, 123abc, 1_000", "a-?, a - -?, ?/?, ?, t.?, ?, ?"),
        ("select 'x", "select ?"),
        ('select "x', "select ?"),
        ("select $a$ x $b$", "select ?"),
        ("select /* x", "select ?"),
        ("SELECT $123456789", "SELECT ?"),
        (
            "SET app.nid TO X00012Q; set row_security = off; SET a='b'",
            "SET app.nid TO ?; set row_security = off; SET a=?",
        ),
        ("UPDATE t SET a = b", "UPDATE t SET a = b"),
        ("", ""),
    ],
)
def test_template(sql: str, wanted: str) -> None:
    assert template(sql) == wanted


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT a FROM payroll p, reg.plates WHERE x IN (1,2) AND y = $1 LIMIT 5", ("payroll", "reg.plates")),
        ("SELECT * FROM (SELECT * FROM inner_t) s JOIN LATERAL (SELECT 1 FROM deep) d ON true", ("deep", "inner_t")),
        ("COPY public.payroll (id, nid) TO stdout;", ("public.payroll",)),
        ("COPY (SELECT * FROM payroll WHERE id < 5) TO STDOUT WITH (FORMAT csv);", ("payroll",)),
        ("DECLARE cur CURSOR FOR SELECT nid FROM payroll WHERE a > 1", ("payroll",)),
        ("PREPARE one(text) AS SELECT salary FROM payroll WHERE nid = $1;", ("payroll",)),
        ("INSERT INTO t VALUES (1,'a'),(2,'b')", ("t",)),
        ("UPDATE t SET a = 1 FROM u WHERE t.id = u.id", ("t", "u")),
        ("SELECT FROM WHERE", ()),
        ("SELECT " + "(" * 9_000, ()),
        ("SELECT " + "ARRAY[" * 30 + "a" + "]" * 30 + " FROM t", ()),
        ("SELECT ARRAY[ARRAY[a, b], c] FROM t", ("t",)),
        ("DO $$ x $$", ()),
        ("", ()),
    ],
)
def test_tables(sql: str, wanted: tuple[str, ...]) -> None:
    assert tables(template(sql)) == wanted


def test_command() -> None:
    assert command("/* x */ (select 1)") == "SELECT"
    assert command("SELEC 1") == "?"
    assert command("") == "?"


def test_hints_come_from_comments_alone() -> None:
    assert hints("SELECT '/* user=x */' -- case: 2021/881") == {"case": "2021/881"}
    assert hints("/* id=123456, user=a.b */ SELECT 1") == {"user": "a.b"}
    assert hints("/* user=O'Neil Smith */ SELECT 1") == {}
    assert hints("SELECT 1 /* user=never ended") == {}


@given(st.text("ab1.'\"\\$-/*\n eEuU&;()[],é", max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_digit_survives_but_in_names_and_placeholders(sql: str) -> None:
    bare = re.sub(r'"(?:[^"]|"")*"', "", template(sql))
    assert not re.search(r"(?<![\w$\x80-\U0010ffff])[0-9]", bare)


@pytest.mark.parametrize(
    "sql", ["'" * 40_001, "/*" * 20_000, "$a" * 20_000, "'\\" * 20_000, '"' * 40_001, "(?," * 20_000]
)
def test_hostile_text_takes_no_longer(sql: str) -> None:
    before = time.process_time()
    template(sql)
    assert time.process_time() - before < 2
