"""The audit log is written by the suspect: nothing in it executes, hides another line, or crashes the reader."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from auditlogs import FORGED, audit, json_line
from shared_postgres import csv_line

from kulla.registers.audit import mapped, mapping
from kulla.registers.audit.postgres import stretch
from kulla.registers.audit.sessions import join
from kulla.registers.audit.window import window

HOSTILE = {
    "injection": "select * from payroll where nid = '' or 1=1; drop table payroll; --'",
    "forged csvlog record": f"select 1\n{FORGED}\n",
    "forged csvlog record, quotes closed": f'select 1",,,,,,,,,"psql","client backend",,0\n{FORGED}\n',
    "forged audit": 'select 1,<none>,1\nAUDIT: SESSION,9,1,READ,SELECT,,,forged,<none>,1',
    "forged json": 'select 1"}\n{"timestamp":"2026-05-11 02:44:02.875 UTC","user":"boss","error_severity":"LOG"}',
    "forged stderr record": "select 1\n2026-05-11 02:44:02.875 UTC [7] boss@reg LOG:  AUDIT: SESSION,1,1,READ",
    "copy to program": "copy payroll to program 'touch /tmp/kulla-was-here'",
    "copy from program": "copy t from program 'touch /tmp/kulla-was-here'",
    "file functions": "select pg_read_file('/etc/passwd'), lo_export(1, '/tmp/x'), pg_ls_dir('/')",
    "read_csv": "select * from read_csv('/etc/passwd')",
    "brackets": "select " + "(" * 50_000 + "1" + ")" * 50_000,
    "arrays": "select " + "array[" * 20_000,
    "comments": "/*" * 50_000 + "x",
    "open comment after user": "/* user=a.b " + "-" * 100_000,
    "blanks": " " * 200_000 + "select 1",
    "semicolons": ";(" * 50_000,
    "null bytes": "select \x00 from payroll",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x1b]0;title\x07",
    "line separators": "select 1\u2028\u2029\x85\x0b\x0cfrom payroll",
    "quotes": '"' * 9_999 + "'" * 9_999,
    "dollar quotes": "select " + "$a$" * 10_001,
    "redacted": "x<REDACTED>",
}  # fmt: skip
BEFORE, AFTER = audit("select 'before'", number="1"), audit("select 'after'", number="3")


def read(data: bytes, form: str) -> list[dict[str, Any]]:
    made = stretch(form, data, 1, None, True)
    found = join(made.steps).accesses
    window(found, 1.0)
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", ["postgres_csvlog", "postgres_jsonlog"])
@pytest.mark.parametrize("how", ["audit", "error"])
def test_a_hostile_statement_is_one_access_among_the_others(name: str, form: str, how: str) -> None:
    text = HOSTILE[name]
    fields = {
        "audit": {"message": audit(text, number="2", parameter=text)},
        "error": {"severity": "ERROR", "sqlstate": "22012", "message": text, "statement": text},
    }[how]
    records = [{"message": BEFORE, "line_num": "1"}, {**fields, "line_num": "2"}, {"message": AFTER, "line_num": "3"}]
    if form == "postgres_csvlog":
        data = "".join(csv_line(record) for record in records).encode()
    else:
        times = {
            "log_time": "2026-05-11 02:44:02.875 UTC",
            "session": "6b04c4ae.48e6",
            "severity": "LOG",
            "user": "clerk7",
        }
        data = b"".join(json_line({**times, **record}) for record in records)
    found = read(data, form)
    assert [row["line_num"] for row in found] == [1, 2, 3]
    assert {row["account"] for row in found} == {"clerk7"}
    assert found[1]["statement"] == text
    assert [row["statement"] for row in found[::2]] == ["select 'before'", "select 'after'"]


def test_the_plain_log_keeps_a_forged_record_inside_its_statement() -> None:
    text = HOSTILE["forged stderr record"].replace("\n", "\n\t")  # as PostgreSQL writes it
    data = f"2026-05-11 02:44:01.000 UTC [5] clerk7@reg LOG:  {audit(text)}\n".encode()
    assert [row["account"] for row in read(data, "postgres_stderr")] == ["clerk7"]


@pytest.mark.parametrize("form", ["postgres_csvlog", "postgres_jsonlog"])
def test_a_statement_of_ten_megabytes(form: str) -> None:
    text = "select '" + ("x" * 90 + 'é"\n, ') * 105_000 + "'"
    record = {"message": audit(text)}
    if form == "postgres_csvlog":
        data = csv_line(record).encode() + csv_line({"message": AFTER}).encode()
    else:
        common = {"log_time": "2026-05-11 02:44:02.875 UTC", "session": "a.1", "line_num": "1", "severity": "LOG"}
        data = json_line(common | record) + json_line(common | {"message": AFTER})
    found = read(data, form)
    assert [len(row["statement"]) for row in found] == [len(text), len("select 'after'")]


def test_bytes_that_are_no_text_hide_nothing() -> None:
    bad = csv_line({"message": audit("select BAD, 1")}).encode().replace(b"BAD", b"\xff\xfe\xc3\n\xe2\x82")
    data = csv_line({"message": BEFORE}).encode() + bad + csv_line({"message": AFTER}).encode()
    found = read(data, "postgres_csvlog")
    assert [row["statement"] for row in found][1:] == ["select \\xff\\xfe\\xc3\n\\xe2\\x82, 1", "select 'after'"]


def test_a_user_name_or_application_that_forges_stays_a_name() -> None:
    name = f'x"\n{FORGED}\n'
    (found,) = read(
        csv_line({"message": audit("select 1"), "application": name, "user": name}).encode(), "postgres_csvlog"
    )
    assert (found["account"], found["application"]) == (name, name)


def test_a_mariadb_statement_cannot_end_its_record() -> None:
    rule = mapping.shipped()["mariadb-audit"]
    start, forged = b"20260511 10:31:18,db1,clerk,h,3,13,QUERY,reg,", rb"20260511 10:31:19,db1,boss,h,3,14,QUERY,reg,"
    line = start + rb"'select \'x\',0\n" + forged + rb"\'y',0"
    taken = mapped.read(line + b"\n" + b"x" * 100_000 + b"\n", rule, "lines", None)
    assert taken.lines.column("account").to_pylist() == ["clerk"]
    assert [reject.position for reject in taken.rejects] == [2]


def test_a_mysql_query_cannot_rename_its_account() -> None:
    rule = mapping.shipped()["mysql-general"]
    data = (
        b"2026-05-11T08:31:17.000000Z\t12 Connect\tclerk7@10.1.2.3 on reg using SSL/TLS\n"
        b"2026-05-11T08:31:19.000000Z\t12 Query\tboss@h on reg using x\n"
    )
    assert mapped.read(data, rule, "mysql", None).lines.column("account").to_pylist() == ["clerk7", "clerk7"]


def test_reading_starts_no_process_and_opens_no_file() -> None:
    code = f"""
import sys
sys.path.insert(0, {str(sys.path[0])!r})
from kulla.registers.audit.postgres import stretch
from kulla.registers.audit.sessions import join
data = sys.stdin.buffer.read()
join(stretch("postgres_csvlog", data, 1, None, True).steps)
def hook(event, args):
    if event in ("open", "subprocess.Popen", "os.system", "socket.connect", "os.exec", "os.posix_spawn"):
        if event != "open" or not str(args[0]).endswith((".py", ".pyc", ".so")):
            sys.stderr.write(event)
            sys.stderr.flush()
            import os
            os._exit(1)
sys.addaudithook(hook)
join(stretch("postgres_csvlog", data, 1, None, True).steps)
"""
    data = "".join(csv_line({"message": audit(text)}) for text in HOSTILE.values()).encode()
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
