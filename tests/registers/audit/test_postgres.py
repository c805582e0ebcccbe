"""How much of a stretch is whole records."""

from __future__ import annotations

import pytest
from auditlogs import FORGED, audit
from shared_postgres import csv_line

from kulla.registers.audit import postgres
from kulla.registers.audit.postgres import READERS, stretch, whole


@pytest.mark.parametrize("tail", [1, 40, 1 << 14])
def test_csvlog_ends_where_quotes_close(tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_TAIL", tail)
    first = csv_line({"message": audit(f'select "a"\n{FORGED}\n')}).encode()
    second = csv_line({"message": audit("select 2\n\n\n")}).encode()
    for stop in range(len(second)):
        assert whole("postgres_csvlog", first + second[:stop]) == len(first)
    assert whole("postgres_csvlog", first + second) == len(first + second)
    assert whole("postgres_csvlog", first[:-1]) == 0
    assert whole("postgres_csvlog", b"") == 0


def test_jsonlog_ends_with_its_lines() -> None:
    assert whole("postgres_jsonlog", b"{}\n{}\n{") == 6


@pytest.mark.parametrize("tail", [1, 1 << 14])
def test_the_plain_log_ends_before_a_record_that_may_go_on(tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_TAIL", tail)
    first = b"2026-05-11 02:44:01.000 UTC [5] a@reg LOG:  statement: select 1\n\tfrom t\n"
    second = b"2026-05-11 02:44:01.000 UTC [5] a@reg ERROR:  no\n"
    assert whole("postgres_stderr", first + second) == len(first)
    assert whole("postgres_stderr", first + second + b"2026-05-11 02:44:01.000 UTC [5] a@reg STATEMENT:  x\n") == len(
        first
    )
    assert whole("postgres_stderr", first) == 0


@pytest.mark.parametrize("form", READERS)
def test_rubbish_is_rejected_and_nothing_else(form: str) -> None:
    made = stretch(form, b"\x00\xff\n\n" + b"x" * 1000 + b'\n"\n', 1, None, True)
    assert len(made.steps) == 0
    assert made.rejects
