"""Each shipped mapping reads what its source writes."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kulla.events.formats import FORMATS
from kulla.events.sniff import choose
from kulla.registers.audit import mapped, mapping
from kulla.registers.audit.mapped import CUT

MAPPINGS = mapping.shipped()

UNIFIED = """\
EVENT_TIMESTAMP_UTC,DBUSERNAME,USERHOST,CLIENT_PROGRAM_NAME,CLIENT_IDENTIFIER,SESSIONID,ENTRY_ID,STATEMENT_ID,ACTION_NAME,OBJECT_SCHEMA,OBJECT_NAME,SQL_TEXT,SQL_BINDS,SCN,RETURN_CODE
11-MAY-26 08.31.17.123456 AM,CLERK7,ws1,JDBC,agron.h,77,3,12,SELECT,REG,PAYROLL,"select * from payroll
 where nid = :1 and name = :2"," #1(10):J00000042A #2(9):O'Hara, 5",8812345,0
2026-05-11 08:31:18.5,CLERK7,ws1,JDBC,,77,4,13,SELECT,REG,PAYROLL,select 1/0 from payroll,,8812346,1476
2026-05-11 08:31:19,CLERK7,ws1,JDBC,,77,5,14,SELECT,REG,PAYROLL,select * from payroll,,8812347,1013
2026-05-11 08:31:20,CLERK7,ws1,JDBC,,77,6,,LOGOFF,,,,,,0
"""
FGA = (
    "TIMESTAMP,DB_USER,USERHOST,CLIENT_ID,SESSION_ID,ENTRYID,STATEMENTID,OBJECT_SCHEMA,OBJECT_NAME,POLICY_NAME,SCN,"
    "STATEMENT_TYPE,SQL_TEXT,SQL_BIND\n"
    f'2026-05-11 08:31:17,CLERK7,ws1,,9,1,4,REG,PAYROLL,P,77,SELECT,"select {"x" * 1993}",\n'
    "2026-05-11 08:31:18,CLERK7,ws1,,9,2,5,REG,PAYROLL,P,78,SELECT,select 1 from payroll, #1(1):a\n"
)
SQLSERVER = (
    "event_time,sequence_number,action_id,succeeded,session_id,session_server_principal_name,database_name,"
    "schema_name,object_name,statement,client_ip,application_name,response_rows,sequence_group_id\n"
    f'2026-05-11 08:31:17.1234567,1,SL,1,55,clerk7,reg,dbo,payroll,"select {"y" * 3993}",10.0.0.1,app;user=a.b,0,g\n'
    "2026-05-11 08:31:17.1234567,2,SL,1,55,clerk7,reg,dbo,payroll, from payroll,10.0.0.1,app;user=a.b,0,g\n"
    "2026-05-11 08:31:18,1,SL,0,55,clerk7,reg,dbo,payroll,select 1,10.0.0.1,app,7,h\n"
    "2026-05-11 08:31:19,1,AUSC,1,56,dba,,,,,10.0.0.1,ssms,0,i\n"
)
MARIADB = rb"""20260511 10:31:17,db1,root,localhost,3,0,CONNECT,reg,,0
20260511 10:31:18,db1,root,localhost,3,13,READ,reg,payroll,
20260511 10:31:18,db1,root,localhost,3,13,QUERY,reg,'select * from payroll where nid=\'X\'\n',0
20260511 10:31:20,db1,root,localhost,3,14,QUERY,reg,'select sleep(9) from payroll',1317
rubbish
"""
GENERAL = b"""Time                 Id Command    Argument
2026-05-11T08:31:17.000000Z\t   12 Connect\tclerk7@10.1.2.3 on reg using SSL/TLS
2026-05-11T08:31:18.000000Z\t   12 Query\tSELECT * FROM payroll
WHERE nid = 'X'
2026-05-11T08:31:20.000000Z\t   12 Quit\t
"""
WHO = b'"connection_id":46,"account":{"user":"root","host":"localhost"},"login":{"user":"root","ip":"::1"}'
ENTERPRISE = (
    b'[\n{"timestamp":"2026-05-11 08:31:17","id":0,"class":"connection","event":"connect",'
    + WHO
    + b',"connection_data":{"connection_type":"ssl","status":0,"db":"reg"}},\n'
    b'{"timestamp":"2026-05-11 08:31:18","id":1,"class":"general","event":"status",'
    + WHO
    + b',"general_data":{"command":"Query","sql_command":"select","query":"SELECT * FROM payroll","status":1317}}\n]'
)
LOOKUPS = (
    b'{"time":"2026-05-11T08:31:18+02:00","user":"agron.h","action":"search","statement":"SELECT * FROM payroll WHERE '
    b'nid = $1","parameters":"[\\"X\\",null,3]","rows":1,"case":"2021/881"}\n'
    b'{"time":"2026-05-11T08:31:19+02:00","user":"agron.h","action":"export","statement":"SELECT 1","rows":0,'
    b'"case":""}\n'
)
SAMPLES: dict[str, tuple[str, bytes]] = {
    "oracle-unified": ("csv", UNIFIED.encode()),
    "oracle-fga": ("csv", FGA.encode()),
    "sqlserver": ("csv", SQLSERVER.encode()),
    "mariadb-audit": ("lines", MARIADB),
    "mysql-general": ("mysql", GENERAL),
    "mysql-audit": ("json_array", ENTERPRISE),
    "application-lookups": ("ndjson", LOOKUPS),
}


def read(name: str) -> list[dict[str, Any]]:
    form, data = SAMPLES[name]
    rows: list[dict[str, Any]] = mapped.read(data, MAPPINGS[name], form, ZoneInfo("UTC")).lines.to_pylist()
    return rows


def told(name: str, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[column] for column in columns) for row in read(name)]


def test_every_shipped_mapping_has_a_sample() -> None:
    assert MAPPINGS.keys() == SAMPLES.keys()


@pytest.mark.parametrize("name", [name for name, (form, _) in SAMPLES.items() if form != "lines"])
def test_a_sample_is_known_as_its_mappings(name: str) -> None:
    form, data = SAMPLES[name]
    found = choose(data, "x", FORMATS)
    assert found is not None
    assert found.name == form
    fields = mapped.fields_of(data, form)
    assert [rule.name for rule in MAPPINGS.values() if form in rule.formats and set(rule.match) <= fields] == [name]


def test_oracle_unified_audit() -> None:
    assert told("oracle-unified", "kind", "outcome", "as_of", "end_user", "end_user_grade") == [
        ("read", "ok", 8812345, "agron.h", "application"),
        ("read", "error", 8812346, None, "none"),
        ("read", "cancelled", 8812347, None, "none"),
        ("disconnect", "ok", None, None, "none"),
    ]
    first = read("oracle-unified")[0]
    assert first["parameters"] == '["J00000042A","O\'Hara, 5"]'
    assert (str(first["time"]), first["object_name"]) == ("2026-05-11 08:31:17.123456+00:00", "REG.PAYROLL")
    assert (first["line_from"], first["line_to"], first["rows"]) == (2, 3, None)


def test_oracle_fga_marks_what_its_column_cut_off() -> None:
    cut, whole = read("oracle-fga")
    assert cut["statement"].endswith(CUT)
    assert (whole["statement"], whole["parameters"], whole["as_of"]) == ("select 1 from payroll", '["a"]', 78)


def test_sql_server_joins_a_long_statement() -> None:
    found = read("sqlserver")
    assert [row["kind"] for row in found] == ["read", "read", "setting"]
    assert found[0]["statement"] == "select " + "y" * 3993 + " from payroll"
    assert [row["rows"] for row in found] == [None, 7, None]
    assert [row["outcome"] for row in found] == ["ok", "error", "ok"]
    assert (found[0]["end_user"], found[0]["client"]) == ("a.b", "10.0.0.1")
    assert (found[0]["line_from"], found[0]["line_to"]) == (2, 3)


def test_mariadb_audit() -> None:
    assert told("mariadb-audit", "kind", "statement", "object_name", "outcome", "statement_id") == [
        ("connect", None, None, "ok", 0),
        ("read", "select * from payroll where nid='X'\n", "reg.payroll", "ok", 13),
        ("read", "select sleep(9) from payroll", None, "cancelled", 14),
    ]


def test_mysql_general_log() -> None:
    assert told("mysql-general", "kind", "account", "client", "database", "statement") == [
        ("connect", "clerk7", "10.1.2.3", "reg", "clerk7@10.1.2.3 on reg using SSL/TLS"),
        ("read", "clerk7", "10.1.2.3", "reg", "SELECT * FROM payroll\nWHERE nid = 'X'"),
        ("disconnect", "clerk7", "10.1.2.3", "reg", None),
    ]


def test_mysql_enterprise_audit() -> None:
    assert told("mysql-audit", "kind", "account", "client", "statement", "outcome") == [
        ("connect", "root", "::1", None, "ok"),
        ("read", "root", "::1", "SELECT * FROM payroll", "cancelled"),
    ]


def test_an_applications_own_log() -> None:
    assert told("application-lookups", "kind", "end_user", "end_user_grade", "case_ref", "parameters", "rows") == [
        ("read", "agron.h", "verified", "2021/881", '["X",null,"3"]', 1),
        ("copy", "agron.h", "verified", None, None, None),
    ]


def test_a_record_of_another_shape_is_kept_aside() -> None:
    (reject,) = mapped.read(MARIADB, MAPPINGS["mariadb-audit"], "lines", None).rejects
    assert (reject.position, reject.raw) == (5, b"rubbish")
