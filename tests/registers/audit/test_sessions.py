"""Records of one statement become one access."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from auditlogs import audit, csvlogs
from hypothesis import given, settings
from hypothesis import strategies as st
from shared_postgres import csv_line

from kulla.registers.audit import csvlog, sessions
from kulla.registers.audit.postgres import READERS, stretch
from kulla.registers.audit.sessions import ACCESSES, join
from kulla.registers.audit.steps import steps

SAMPLES = Path(__file__).parents[2] / "events" / "formats" / "samples"


def log(*records: str | dict[str, str], **common: str) -> bytes:
    """A session's log: messages, or fields, a second apart."""
    lines = []
    for number, each in enumerate(records, 1):
        fields = {"message": each} if isinstance(each, str) else each
        time = f"2026-05-11 02:44:{number:02d}.000 UTC"
        lines.append(csv_line({"log_time": time, "line_num": str(number), **common, **fields}))
    return "".join(lines).encode()


def accesses(*records: str | dict[str, str], **common: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = join(steps(csvlog.take(log(*records, **common)).lines)).accesses.to_pylist()
    return found


def told(found: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in names) for each in found]


def error(statement: str, sqlstate: str = "22012") -> dict[str, str]:
    return {"severity": "ERROR", "sqlstate": sqlstate, "message": "it failed", "statement": statement}


def test_session_and_object_audit_are_one_access() -> None:
    one = accesses(
        audit("select 1", rows=None),
        audit("select 1", kind="OBJECT", thing="TABLE", name="public.a", rows=None),
        audit("select 1", kind="OBJECT", thing="TABLE", name="public.b", rows=None),
    )
    assert told(one, "kind", "object_name", "line_from") == [("read", "public.a, public.b", 1)]


def test_what_pgaudit_has_logged_once_is_recalled() -> None:
    again = "<previously logged>"
    one = accesses(
        audit("select $1", kind="OBJECT", name="public.a", parameter="X", rows=None),
        audit(again, kind="OBJECT", name="public.b", parameter=again, rows=None),
        audit(again, number="2", rows=None),
    )
    assert told(one, "statement", "parameters", "object_name") == [
        ("select $1", '["X"]', "public.a, public.b"),
        (again, None, None),
    ]


def test_a_statement_is_not_recalled_from_another_one() -> None:
    """What stands between them may be read elsewhere, in another part of the log."""
    again = "<previously logged>"
    found = accesses(audit("select 1", rows=None), "duration: 5 ms", audit(again, parameter=again, rows=None))
    assert told(found, "statement", "line_num") == [("select 1", 1), (again, 3)]


def test_records_far_apart_are_of_two_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    text = audit("select 1", rows=None)
    assert len(accesses(text, text)) == 1
    assert len(accesses("statement: select 1", text)) == 1
    monkeypatch.setattr(sessions, "FORGET", 0)
    assert len(accesses(text, text)) == 2
    assert len(accesses("statement: select 1", text)) == 1
    monkeypatch.setattr(sessions, "FORGET_START", 0)
    assert len(accesses("statement: select 1", text)) == 2


def test_the_same_statement_asked_twice_is_two_accesses() -> None:
    assert len(accesses(audit("select 1"), audit("select 1", number="2"))) == 2


def test_copy_of_a_query_is_one_access_with_the_querys_rows() -> None:
    copy = "copy (select * from payroll) to stdout"
    both = accesses(audit(copy, rows="999"), audit(copy, inner="2", command="COPY", rows="0"))
    assert told(both, "kind", "command", "rows") == [("copy", "COPY", 999)]


def test_rows_of_copy_and_cursors_are_unknown() -> None:
    found = accesses(
        audit("copy payroll to stdout", command="COPY", rows="0"),
        audit("declare c cursor for select 1", number="2", command="DECLARE CURSOR", rows="0"),
        audit("fetch all from c", number="3", group="MISC", command="FETCH", rows="0"),
        audit("select 1 where false", number="4", rows="0"),
    )
    assert told(found, "kind", "rows") == [("copy", None), ("cursor", None), ("fetch", None), ("read", 0)]


def test_a_declared_cursor_and_its_select_are_one_cursor() -> None:
    text = "declare c cursor for select 1"
    found = accesses(audit(text, rows=None), audit(text, inner="2", command="DECLARE CURSOR", rows=None))
    assert told(found, "kind", "command") == [("cursor", "DECLARE CURSOR")]


def test_the_duration_tells_the_start() -> None:
    one = accesses(audit("select 1"), "duration: 1500.000 ms  statement: select 1")
    assert [str(each["started"])[17:] for each in one] == ["00.500000+00:00"]


def test_a_duration_of_another_statement_tells_nothing() -> None:
    found = accesses(audit("select 1"), "duration: 1.000 ms  statement: commit")
    assert told(found, "kind", "command") == [("read", "SELECT"), ("other", "COMMIT")]
    assert found[0]["started"] is None


def test_a_statement_logged_before_it_ran_tells_the_start() -> None:
    one = accesses("statement: select 1", audit("select 1"))
    assert [str(each["started"])[17:19] for each in one] == ["01"]
    assert told(one, "line_num") == [(2,)]


def test_plain_logging_alone_gives_accesses() -> None:
    found = accesses(
        "statement: select 1", "duration: 2 ms", "duration: 1000 ms  statement: select 2", "statement: select 3"
    )
    assert told(found, "kind", "rows", "line_num") == [("read", None, 1), ("read", None, 3), ("read", None, 4)]
    assert [(each["time"] - each["started"]).total_seconds() for each in found] == [1, 1, 0]


def test_the_extended_protocol_counts_after_the_duration() -> None:
    steps_of = ["duration: 0.1 ms  parse <unnamed>: select $1", "duration: 0.1 ms  bind <unnamed>: select $1"]
    detail = {"message": "duration: 500 ms  execute <unnamed>: select $1", "detail": "parameters: $1 = 'X'"}
    found = accesses(
        *steps_of, detail, audit("select $1", parameter="X"), detail, audit("select $1", number="2", parameter="X")
    )
    assert told(found, "line_num", "parameters") == [(4, '["X"]'), (6, '["X"]')]
    assert all(each["started"] for each in found)


def test_a_prepared_statement_is_one_access_with_its_values() -> None:
    text = "prepare one(text) as select salary from payroll where nid = $1"
    end = {"message": "duration: 1 ms  statement: execute one('X')", "detail": f"prepare: {text}"}
    found = accesses(audit(text, command="PREPARE", rows="0"), audit(text, number="2", parameter="X"), end)
    assert told(found, "kind", "parameters", "rows") == [("other", None, None), ("read", '["X"]', 1)]


def test_do_keeps_its_inner_statements_apart() -> None:
    inner = [
        audit("select name from payroll where id = v", number="16", inner=str(n), parameter=str(n)) for n in (2, 3)
    ]
    found = accesses(*inner, "duration: 5 ms  statement: do $$ begin … end $$")
    assert told(found, "kind", "substatement_id") == [("read", 2), ("read", 3), ("do", None)]


def test_an_error_is_a_read_of_unknown_extent() -> None:
    found = accesses(error("select 1/0 from payroll"), error("select 2", "57014"), error("select 3", "08006"))
    assert told(found, "kind", "outcome", "sqlstate", "rows") == [
        ("error", "error", "22012", None), ("error", "cancelled", "57014", None), ("error", "cancelled", "08006", None),
    ]  # fmt: skip


def test_an_error_ends_the_access_that_was_audited_at_its_start() -> None:
    one = accesses(audit("select 1/0", rows=None), error("select 1/0"))
    assert told(one, "kind", "outcome", "sqlstate") == [("read", "error", "22012")]


def test_an_error_after_counted_rows_is_another_access() -> None:
    text = "select 1; select 1/0"
    assert told(accesses(audit(text, rows="1"), error(text)), "outcome", "rows") == [("ok", 1), ("error", None)]


def test_an_error_of_a_statement_logged_before_it_ran_has_its_start() -> None:
    one = accesses("statement: select 1/0", error("select 1/0"))
    assert told(one, "kind", "outcome") == [("error", "error")]
    assert str(one[0]["started"])[17:19] == "01"


def test_a_password_that_pgaudit_hides_does_not_make_two_accesses() -> None:
    shown = "duration: 1 ms  statement: create role x password 'secret'"
    found = accesses(audit("create role x password <REDACTED>", group="ROLE", command="CREATE ROLE", rows="0"), shown)
    assert told(found, "kind", "statement") == [("role", "create role x password <REDACTED>")]


def test_sessions_do_not_mix() -> None:
    mixed = log(audit("copy (select 1) to stdout", rows="5")) + log(
        audit("copy (select 1) to stdout", inner="2", command="COPY", rows="0"), session="6b04c4ae.1"
    )
    found = join(steps(csvlog.take(mixed).lines)).accesses.to_pylist()
    assert told(found, "rows") == [(5,), (None,)]


@pytest.mark.parametrize(
    ("form", "name"), [(form, f"postgres.{end}") for form, end in zip(READERS, ("csv", "json", "log"), strict=True)]
)
def test_the_three_formats_of_a_real_log_tell_the_same(form: str, name: str) -> None:
    found = join(stretch(form, (SAMPLES / name).read_bytes(), 1, None, True).steps).accesses
    oracle = join(stretch("postgres_csvlog", (SAMPLES / "postgres.csv").read_bytes(), 1, None, True).steps).accesses
    same = ["time", "started", "account", "kind", "command", "statement", "parameters", "rows", "outcome"]
    assert found.select(same).to_pylist() == oracle.select(same).to_pylist()
    assert len(found) == 82


@settings(max_examples=15, deadline=None)
@given(st.lists(csvlogs(), max_size=2), st.data())
def test_a_log_joined_in_stretches_is_the_same_log(logs: list[bytes], data: st.DataObject) -> None:
    made = steps(csvlog.take(b"".join(logs)).lines)
    whole = join(made).accesses
    cuts = sorted(data.draw(st.lists(st.integers(0, len(made)), max_size=3)))
    done, waiting = [ACCESSES.empty_table()], made.slice(0, 0)
    for start, stop in zip([0, *cuts], [*cuts, len(made)], strict=True):
        part = join(made.slice(start, stop - start), first=False, last=False)
        passed = pc.fill_null(pc.is_in(waiting["session"].cast(pa.string()), pa.array(part.passed, pa.string())), False)
        again = join(pa.concat_tables([waiting.filter(pc.invert(passed)), part.waiting]), last=False)
        done += [part.accesses, join(waiting.filter(passed)).accesses, again.accesses]
        waiting = again.waiting
    found = pa.concat_tables([*done, join(waiting).accesses])
    assert sorted(map(str, found.to_pylist())) == sorted(map(str, whole.to_pylist()))
