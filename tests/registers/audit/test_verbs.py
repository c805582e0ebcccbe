"""What kind of access a statement is."""

from __future__ import annotations

import pytest

from kulla.registers.audit.verbs import audited, role_set, verb
from kulla.registers.schema import ACCESS_KINDS


@pytest.mark.parametrize(
    ("statement", "kind", "command"),
    [
        ("select 1", "read", "SELECT"),
        ("\n -- x\n /* y * / */ ((SELECT 1))", "read", "SELECT"),
        ("with a as (select 1) select * from a", "read", "WITH"),
        ("copy payroll to stdout", "copy", "COPY"),
        ("copy (select * from payroll) to program 'x'", "copy", "COPY"),
        ('copy "s"."t" (a, b) from stdin', "write", "COPY"),
        ("declare c cursor for select 1", "cursor", "DECLARE CURSOR"),
        ("fetch all from c", "fetch", "FETCH"),
        ("do $$ begin end $$", "do", "DO"),
        ("call p()", "do", "CALL"),
        ("delete from t", "write", "DELETE"),
        ("create table t (a int)", "ddl", "CREATE TABLE"),
        ("alter role x superuser", "role", "ALTER ROLE"),
        ("alter system set log_statement = none", "setting", "ALTER SYSTEM"),
        ("set pgaudit.log = none", "setting", "SET"),
        ("set local role boss", "role", "SET"),
        ("BASE_BACKUP ( LABEL 'x' )", "replication", "BASE_BACKUP"),
        ("begin", "other", "BEGIN"),
        ("", "other", ""),
        ("'x'", "other", ""),
    ],
)
def test_statements(statement: str, kind: str, command: str) -> None:
    assert verb(statement) == (kind, command)
    assert kind in ACCESS_KINDS


@pytest.mark.parametrize(
    ("group", "command", "statement", "kind"),
    [
        ("READ", "SELECT", "select 1", "read"),
        ("READ", "SELECT", "copy (select 1) to stdout", "copy"),
        ("READ", "PREPARE", "prepare a as select 1", "other"),
        ("WRITE", "COPY", "copy t from stdin", "write"),
        ("FUNCTION", "EXECUTE", "select pg_read_file('x')", "other"),
        ("FUNCTION", "DO", "do $$ $$", "do"),
        ("ROLE", "GRANT", "grant select on t to x", "role"),
        ("DDL", "ALTER SYSTEM", "alter system set a = 1", "setting"),
        ("MISC", "FETCH", "fetch 1 from c", "fetch"),
        ("MISC_SET", "SET", "set role x", "role"),
        ("MISC", "BEGIN", "begin", "other"),
        ("NEW", "NEW", "new", "other"),
    ],
)
def test_what_pgaudit_logged(group: str, command: str, statement: str, kind: str) -> None:
    assert audited(group, command, statement) == kind


def test_roles() -> None:
    assert role_set('SET ROLE "a""b"') == 'a"b'
    assert role_set("set role = default") == "none"
    assert role_set("set rolex = 1") is None


def test_a_hostile_head_is_read_in_linear_time() -> None:
    for head in ("(" * 4096, "/*" * 2048, "-" * 4096, "copy " + "a." * 2000, "set role " + '"' * 4000, ";(" * 2048):
        verb(head)
        role_set(head)
