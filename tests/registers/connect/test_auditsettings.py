from __future__ import annotations

import pytest

from kulla.registers.connect.auditsettings import weak

GOOD = {
    "shared_preload_libraries": "pgaudit",
    "pgaudit.log": "all",
    "pgaudit.log_rows": "on",
    "pgaudit.log_parameter": "on",
    "log_destination": "csvlog",
    "logging_collector": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "track_commit_timestamp": "on",
    "log_min_error_statement": "error",
}


def test_nothing_is_weak_where_all_is_on() -> None:
    assert weak(GOOD) == ()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("shared_preload_libraries", "", "not loaded"),
        ("pgaudit.log", "read,write,ddl,role", "lacks misc"),
        ("pgaudit.log", "all,-read", "lacks read"),
        ("pgaudit.log", "misc", "lacks ddl, read, role, write"),
        ("pgaudit.log_rows", "off", "how many rows"),
        ("pgaudit.log_parameter", "off", "bound values"),
        ("pgaudit.log_statement", "off", "not written"),
        ("pgaudit.log_statement_once", "on", "do not name it"),
        ("log_min_error_statement", "panic", "end in an error"),
        ("log_destination", "stderr", "neither csvlog nor jsonlog"),
        ("log_connections", "off", "log_connections is off"),
        ("track_commit_timestamp", "off", "cannot be dated"),
    ],
)
def test_each_weakness_is_named(name: str, value: str, words: str) -> None:
    found = weak({**GOOD, name: value})
    assert len(found) == 1
    assert words in found[0]


def test_a_role_s_own_setting_is_weak() -> None:
    assert weak(GOOD, (("dba", "", "pgaudit.log", "none"),)) == ("pgaudit.log is set to 'none' for role dba alone",)
