"""No planted value survives redaction, whatever it was planted in."""

from __future__ import annotations

import csv
import io

import orjson
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shared_postgres import COLUMNS_OF_26, csv_line

from kulla.events.formats._api import Context, Parsed
from kulla.events.formats.postgres_csvlog import PostgresCsvlog
from kulla.events.formats.postgres_jsonlog import PostgresJsonlog
from kulla.events.formats.postgres_stderr import PostgresStderr
from kulla.events.redact import redact, redact_event
from kulla.events.sqltemplate import template

SECRET = st.integers(10_000_000, 99_999_999).map(lambda n: f"Xq{n}Zk")
NUMBER = st.integers(10_000_000, 99_999_999).map(str)
NOISE = st.text("ab '\"\\$-/*\n,;(é\t", max_size=8)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@st.composite
def literal(draw: st.DrawFn) -> tuple[str, str]:
    """A literal or comment, and the value planted in it."""
    secret = draw(SECRET)
    before, after = draw(NOISE), draw(NOISE)
    body = before + secret + after
    plain = body.replace("\\", "/")
    kind = draw(
        st.sampled_from(
            ["plain", "slashes", "E", "U", "N", "dollar", "tag", "number", "float", "bits", "line", "block"]
        )
    )
    number = draw(NUMBER)
    made = {
        "plain": (_quoted(plain), secret),
        "slashes": (_quoted(body), secret),
        "E": ("E'" + body.replace("\\", "\\\\").replace("'", draw(st.sampled_from(["\\'", "''"]))) + "'", secret),
        "U": ("u&" + _quoted(plain), secret),
        "N": ("N" + _quoted(plain), secret),
        "dollar": ("$$" + body.replace("$", "") + "$$", secret),
        "tag": ("$të_g$" + body.replace("$të_g$", "") + "$të_g$", secret),
        "number": (number, number),
        "float": (f"-{number}.5e-{number}", number),
        "bits": (f"X'{number}'", number),
        "line": ("-- " + body.replace("\n", " ") + "\n", secret),
        "block": (
            "/* " + body.replace("*", "").replace("/", "") + draw(st.sampled_from(["", "/* in */"])) + " */ 1",
            secret,
        ),
    }
    return made[kind]


@st.composite
def statement(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A statement, whole or cut off, and the values in it."""
    pieces = draw(st.lists(literal(), min_size=1, max_size=5))
    start = draw(
        st.sampled_from(['SELECT a1, "B" FROM t$2 WHERE x = ', "INSERT INTO t VALUES (", "DO ", "COPY t FROM stdin;"])
    )
    sql = start + draw(st.sampled_from([" , ", " AND y=", "::text||"])).join(text for text, _ in pieces)
    if draw(st.booleans()):
        sql = sql[: draw(st.integers(0, len(sql)))]
    return sql, [value for _, value in pieces]


def _everything(parsed: Parsed) -> str:
    shown = [str(parsed.fields.whole().to_pylist()), str(parsed.raw.to_pylist())]
    return " ".join([*shown, *(f"{reject.reason} {reject.raw!r}" for reject in parsed.rejects)])


def _leaks(text: str, values: list[str]) -> list[str]:
    """The planted values of which six characters in a row are in the text."""
    return [v for v in values if any(v[i : i + 6] in text for i in range(len(v) - 5))]


@given(statement())
@settings(max_examples=200, deadline=None)
@example(("SELECT 'a\\', Xq12345678Zk, '", ["Xq12345678Zk"]))
@example(("SELECT E'a\\' Xq12345678Zk' , $x$ Xq12345679Zk", ["Xq12345678Zk", "Xq12345679Zk"]))
@example(("COPY t FROM STDIN;\n1\tXq12345678Zk\t'", ["Xq12345678Zk"]))
def test_template_holds_no_value(made: tuple[str, list[str]]) -> None:
    sql, values = made
    assert not _leaks(template(sql), values)


DETAILS = [
    "Key (id)=({v}) already exists.",
    "Failing row contains (1, {v}).",
    "parameters: $1 = '{v}'",
    "prepare: {s}",
    "{v}",
]
MESSAGES = [
    'invalid input syntax for type integer: "{v}"',
    "duration: 1.5 ms  execute <unnamed>: {s}",
    "statement: {s}",
    "{v}",
    'column "{v}" does not exist',
    "AUDIT: SESSION,1,1,READ,SELECT,,,{q},{p},5",
    "execute a/{v}: {s}",
    'permission denied for "{v}"',
]


@given(
    statement(),
    SECRET,
    st.sampled_from(MESSAGES),
    st.sampled_from(DETAILS),
    st.sampled_from(["ERROR", "LOG"]),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_no_planted_value_is_left(
    made: tuple[str, list[str]], secret: str, message: str, detail: str, severity: str, cut: bool
) -> None:
    sql, values = made[0].replace("\0", ""), [*made[1], secret]
    inner = io.StringIO()
    csv.writer(inner, lineterminator="").writerow([sql, secret])
    quoted, _, _ = inner.getvalue().rpartition(",")
    fill = {"v": secret, "s": sql, "q": quoted, "p": secret}
    record = {
        "severity": severity,
        "message": message.format(**fill),
        "detail": detail.format(**fill),
        "hint": secret,
        "context": f'COPY t, line 1, column a: "{secret}"',
        "statement": sql,
        "internal_query": sql,
        "sqlstate": "00000",
    }
    line = csv_line(record)
    data = (line[: len(line) * 3 // 4] if cut else line).encode()
    for parsed in PostgresCsvlog().read(io.BytesIO(data), None, Context()):
        assert not _leaks(_everything(redact(parsed)), values)
    members = {"timestamp": "2026-01-01 00:00:00.000 UTC", "pid": 1, "error_severity": severity, "surprise": secret}
    data = orjson.dumps(members | {k: v for k, v in record.items() if k not in ("severity", "sqlstate")}) + b"\n" + data
    for parsed in PostgresJsonlog().read(io.BytesIO(data), None, Context()):
        assert not _leaks(_everything(redact(parsed)), values)
    parts = [("DETAIL", "detail"), ("HINT", "hint"), ("CONTEXT", "context"), ("STATEMENT", "statement")]
    lines = [f"{severity}:  {record['message']}", *(f"{label}:  {record[name]}" for label, name in parts)]
    plain = "".join("2026-01-01 00:00:00.000 UTC [7] a@b " + text.replace("\n", "\n\t") + "\n" for text in lines)
    for parsed in PostgresStderr().read(io.BytesIO(plain.encode()), None, Context()):
        assert not _leaks(_everything(redact(parsed)), values)


def _one(record: dict[str, str]) -> dict[str, list[str]]:
    (parsed,) = PostgresCsvlog().read(io.BytesIO(csv_line(record).encode()), None, Context())
    return redact(parsed).fields.row(0)


def test_what_stays() -> None:
    sql = '/* user=a.b; case=9/1 */ select x from ""T"" where n=\'secret\''
    audit = f'AUDIT: SESSION,1,1,READ,SELECT,TABLE,public.t,"{sql}",secret,7'
    event = _one({"message": audit, "severity": "LOG", "application": "front"})
    assert event["statement"] == ['select x from "T" where n=?']
    assert (event["object_name"], event["rows"], event["application"]) == (["public.t"], ["7"], ["front"])
    assert (event["comment_user"], event["comment_case"], event["message"]) == (["a.b"], ["9/1"], ["AUDIT"])
    assert event["tables"] == ["T"]
    assert "parameter" not in event


def test_a_statement_that_never_ran_keeps_its_first_word() -> None:
    event = _one(
        {
            "message": 'column "smith" does not exist',
            "severity": "ERROR",
            "sqlstate": "42703",
            "statement": 'SELECT * FROM t WHERE name = "smith"',
        }
    )
    assert (event["statement"], event["message"]) == (["SELECT"], ["column ? does not exist"])


def test_an_error_that_points_into_the_statement_came_before_it_ran() -> None:
    event = _one(
        {
            "message": 'invalid input syntax for type integer: "x"',
            "severity": "ERROR",
            "sqlstate": "22P02",
            "cursor_position": "20",
            "statement": "SELECT * FROM t WHERE a = 'x' AND \"smith\" = b",
        }
    )
    assert event["statement"] == ["SELECT"]


def test_an_error_after_the_read_keeps_its_statement() -> None:
    event = _one(
        {"message": "division by zero", "severity": "ERROR", "sqlstate": "22012", "statement": 'SELECT 1/0 FROM "T"'}
    )
    assert event["statement"] == ['SELECT ?/? FROM "T"']


def test_rejects_lose_their_content_and_arrays_keep_their_length() -> None:
    (parsed,) = PostgresCsvlog().read(io.BytesIO(csv_line({}).encode() + b'2026 broken "secret\n'), None, Context())
    clean = redact(parsed)
    assert [reject.raw for reject in clean.rejects] == [b""]
    assert clean.raw.type == pa.large_string()
    assert len(clean.fields) == len(clean.raw) == len(clean) == 1
    assert len(COLUMNS_OF_26) == 26


def test_a_statement_of_another_database_is_reduced_to_its_first_word() -> None:
    event = {"statement": 'SELECT * FROM c WHERE name = "Hoxha"', "user": "clerk7"}
    assert redact_event(event, postgres=False) == {"user": "clerk7", "statement": "SELECT"}
    assert "FROM c" in str(redact_event({**event, "severity": "LOG"}, postgres=False)["statement"])
