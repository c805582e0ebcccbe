"""A register's audit, hunted with every output: what it says of persons appears in none of them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shared_postgres import DEFAULTS, csv_line

from kulla.cli import main

SAMPLES = Path(__file__).parents[1] / "events" / "formats" / "samples"

RULES = """
title: Anything in %condition%
id: 00000000-0000-4000-8000-000000000001
name: anything
status: test
level: low
logsource: {category: database}
detection:
  selection: ['*']
  condition: selection
---
title: Read
id: 00000000-0000-4000-8000-000000000002
name: read
status: test
level: high
logsource: {product: postgresql}
detection:
  selection: [{statement|contains: select}, {message|re: '.*'}, {detail|re: '.*'}]
  condition: selection
---
title: Many
id: 00000000-0000-4000-8000-000000000003
status: test
level: medium
correlation:
  type: value_count
  rules: [read]
  group-by: [user, statement, message, detail]
  timespan: 5m
  generate: true
  condition: {field: message, gte: 1}
"""
TABLE = '[[source]]\npath = "*"\nproduct = "postgresql"\ncategory = "database"\naudit = true\n'
SUFFIXES = (".csv", ".jsonl", ".parquet", ".html", ".navigator.json")


def everything(folder: Path, logs: list[Path], jobs: str) -> bytes:
    """All that a hunt and a look say, in every output, the spool and the cache of rules."""
    (folder / "rules.yml").write_text(RULES)
    (folder / "table.toml").write_text(TABLE)
    outs = [folder / f"x{suffix}" for suffix in SUFFIXES]
    wanted = [word for path in outs for word in ("-o", str(path))]
    table, rejects = ["--logsources", str(folder / "table.toml")], folder / "rejects"
    hunted = ["hunt", *map(str, logs), "-r", str(folder / "rules.yml"), "-j", jobs, *table, *wanted]
    said = [
        called(*hunted, "--rejects", str(rejects)),
        called(*hunted, "--json", "--show", "0", "--debug"),
        called("events", "show", *map(str, logs), "--json", "--raw", *table),
        called("events", "show", *map(str, logs), "--raw", *table),
        called("events", "stats", *map(str, logs), *table),
        called("rules", "explain", "read", str(logs[0]), "-r", str(folder / "rules.yml"), *table),
    ]
    import pyarrow.parquet as pq

    said.append(json.dumps(pq.read_table(outs[2]).to_pylist(), default=str))
    written = [path for path in folder.rglob("*") if path.is_file() and path not in logs]
    return "\n".join(said).encode() + b"".join(path.read_bytes() for path in written)


def called(*arguments: str) -> str:
    """What a call prints, on either stream."""
    printed = io.BytesIO()
    out = io.TextIOWrapper(printed, "utf-8")
    before, sys.argv = sys.argv, ["kulla", *arguments]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), contextlib.suppress(SystemExit):
            main.run()
    finally:
        sys.argv = before
    out.flush()
    return printed.getvalue().decode()


@contextlib.contextmanager
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        before = dict(os.environ)
        os.environ.update({"XDG_CACHE_HOME": f"{name}/cache", "KULLA_SPOOL_FOLDER": name})
        try:
            yield Path(name)
        finally:
            os.environ.clear()
            os.environ.update(before)


def made(kind: str, values: list[str], broken: str) -> bytes:
    """A log with personal values in literals, bound values, details, hints, contexts and broken halves."""
    one, two, three = (value.replace("'", "''") for value in values)
    statement = f"SELECT * FROM citizens WHERE id = '{one}' AND name LIKE '%{two}%'"
    records = [
        {"message": f"statement: {statement}"},
        {"message": "execute <unnamed>: SELECT * FROM c WHERE id = $1", "detail": f"parameters: $1 = '{one}'"},
        {"message": f'invalid input syntax for type integer: "{three}"', "error_severity": "ERROR",
         "sql_state_code": "22P02", "query": statement, "context": f"at {two}", "hint": three},
        {"message": "duplicate key value violates unique constraint", "error_severity": "ERROR",
         "sql_state_code": "23505", "detail": f"Key (id)=({one}) already exists.", "query": statement},
        {"message": f'AUDIT: SESSION,1,1,READ,SELECT,,,"{statement}","{two}",1'.replace('"', "")},
        {"message": f'relation "{two}" does not exist', "error_severity": "ERROR", "sql_state_code": "42P01",
         "query": f'SELECT "{two}" FROM {three!r}'},
        {"message": f"anything else about {one}"},
    ]  # fmt: skip
    if kind == "csv":
        text = "".join(csv_line({**DEFAULTS, **record}) for record in records)
    elif kind == "json":
        text = "".join(json.dumps({**JSON, **{NAMES.get(k, k): v for k, v in r.items()}}) + "\n" for r in records)
    else:
        text = "".join(_stderr(record) for record in records)
    return (text + broken + two + "\n" + text + text[: -len(text) // 9] + broken + one).encode()


JSON = {"timestamp": "2026-05-01 10:00:00.000 UTC", "user": "clerk7", "dbname": "reg", "pid": 7,
        "session_id": "a.b", "line_num": 1, "error_severity": "LOG", "state_code": "00000",
        "backend_type": "client backend"}  # fmt: skip
NAMES = {"query": "statement", "sql_state_code": "state_code"}


def _stderr(record: dict[str, str]) -> str:
    head = "2026-05-01 10:00:00.000 UTC [7] clerk7@reg "
    text = f"{head}{record.get('error_severity', 'LOG')}:  {record['message']}\n"
    for name, word in (("detail", "DETAIL"), ("hint", "HINT"), ("context", "CONTEXT"), ("query", "STATEMENT")):
        if name in record:
            text += f"{head}{word}:  {record[name]}\n"
    return text


personal = st.tuples(
    st.from_regex(r"J[0-9]{8}[A-Z]", fullmatch=True),
    st.from_regex(r"Xh[a-z]{6}zq", fullmatch=True),
    st.from_regex(r"\+3556[0-9]{8}", fullmatch=True),
).map(list)


@pytest.mark.parametrize("kind", ["csv", "json", "log"])
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(values=personal, broken=st.sampled_from(['{"timestamp": "', '2026-05-01 10:00:00.000 UTC,"a","', "", "\x00"]))
def test_no_planted_value_comes_out(kind: str, values: list[str], broken: str) -> None:
    with place() as folder:
        log = folder / f"postgresql.{kind}"
        log.write_bytes(made(kind, values, broken))
        said = everything(folder, [log], "0")
    assert b"Anything in" in said
    assert b"clerk7" in said
    for value in values:
        assert value.encode() not in said
        assert value.lower().encode() not in said.lower()


def test_the_sample_logs_give_nothing_away_and_workers_neither() -> None:
    with place() as folder:
        logs = []
        for name in ("postgres.csv", "postgres.json", "postgres.log"):
            path = folder / name
            path.write_bytes((SAMPLES / name).read_bytes())
            logs.append(path)
        marks = sorted(_literals(b"".join(path.read_bytes() for path in logs)))
        said = everything(folder, logs, "2")
    assert len(marks) > 3
    for mark in marks:
        assert mark not in said, mark


def _literals(text: bytes) -> set[bytes]:
    """Values within single quotes in the samples' statements that are long enough to be told from other words."""
    import re

    found = set(re.findall(rb"= ?'{1,2}([A-Za-z0-9+ ]{6,40})'", text))
    return {each for each in found if not each.isalpha() or b" " in each}
