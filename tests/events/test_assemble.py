from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing import SHA, parsed

from kulla.events.assemble import assemble, from_table
from kulla.events.batch import Batch, Origin
from kulla.events.formats._api import Reject
from kulla.events.mapping import parse, shipped
from kulla.events.schema import SCHEMA, event_id

ORIGIN = Origin("/in/a.log", SHA, ingest_time=datetime(2026, 1, 5, tzinfo=UTC))
SYSMON = "Microsoft-Windows-Sysmon/Operational"


def first(events: list[dict[str, str | None]], form: str, **labels: list[str | None]) -> Batch:
    return assemble(parsed(events, form, **labels), ORIGIN, shipped())


def triples(batch: Batch) -> list[str]:
    return [str(batch.group(row).logsource) for row in range(len(batch))]


def values(batch: Batch, name: str, row: int = 0) -> list[str]:
    """The field of one event by both ways, which must agree."""
    column = batch.column(name)
    by_column = (
        [text for at, text in zip(column.rows.tolist(), column.text.to_pylist(), strict=True) if at == row]
        if column is not None
        else []
    )
    assert list(batch.event(row).get(name, [])) == by_column
    return by_column


WINDOWS = [
    (SYSMON, "1", {}, "windows/process_creation/sysmon"),
    (SYSMON, "12", {"EventType": "DeleteValue"}, "windows/registry_delete/sysmon"),
    (SYSMON, "12", {"EventType": "CreateKey"}, "windows/registry_add/sysmon"),
    (SYSMON.upper(), "13", {}, "windows/registry_set/sysmon"),
    (SYSMON, "26", {}, "windows/file_delete/sysmon"),
    (SYSMON, "9999", {}, "windows/*/sysmon"),
    ("Security", "4688", {}, "windows/process_creation/security"),
    ("Security", "4663", {"ObjectType": "File"}, "windows/file_access/security"),
    ("Security", "4663", {"ObjectType": "Key"}, "windows/*/security"),
    ("Security", "4657", {"OperationType": "%%1906"}, "windows/registry_delete/security"),
    ("Security", "4624", {}, "windows/*/security"),
    ("Microsoft-Windows-PowerShell/Operational", "4104", {}, "windows/ps_script/powershell"),
    ("PowerShellCore/Operational", "4103", {}, "windows/ps_module/powershell"),
    ("Windows PowerShell", "400", {}, "windows/ps_classic_start/powershell-classic"),
    ("Microsoft-Windows-Windows Defender/Operational", "1116", {}, "windows/antivirus/windefend"),
    ("Microsoft-Windows-Windows Defender/Operational", "5001", {}, "windows/*/windefend"),
    ("Microsoft-Windows-TaskScheduler/Operational", "141", {}, "windows/*/taskscheduler"),
    ("Microsoft-Windows-Never/Heard", "1", {}, "windows/*/*"),
]


@pytest.mark.parametrize("form", ["evtx", "winxml"])
def test_windows_channels(form: str) -> None:
    batch = first(
        [dict(fields) for _, _, fields, _ in WINDOWS],
        form,
        channel=[channel for channel, *_ in WINDOWS],
        code=[code for _, code, *_ in WINDOWS],
    )
    assert triples(batch) == [wanted for *_, wanted in WINDOWS]


def test_flat_windows_json_finds_its_labels_in_fields() -> None:
    batch = first([{"Channel": "Security", "EventID": "4688", "Hostname": "ws1"}, {"x": "y"}], "ndjson")
    assert triples(batch) == ["windows/process_creation/security", "*/*/*"]
    assert batch.host.to_pylist() == ["ws1", None]
    assert batch.event_code.to_pylist() == ["4688", None]


KERNEL = "IN=eth0 SRC=1.2.3.4 DST=5.6.7.8 LEN=1 PROTO=TCP DPT=22"
NAMED = "client 1.2.3.4#5: query: a.example IN A + (1.1.1.1)"
ECS_PROCESS: dict[str, str | None] = {"host.os.type": "linux", "event.category": "process", "event.type": "start"}
OTHERS: list[tuple[str, dict[str, str | None], str]] = [
    ("syslog", {"program": "sshd", "message": "Failed password"}, "linux/*/sshd"),
    ("syslog", {"program": "sshd", "message": "Invalid user ${jndi:ldap java.lang.Runtime"}, "linux/*/sshd"),
    ("syslog", {"program": "x", "facility": "authpriv", "message": "m"}, "linux/*/auth"),
    ("syslog", {"program": "x", "message": "m"}, "linux/*/syslog"),
    ("syslog", {"program": "clamd", "message": "/a: Trojan.X FOUND"}, "linux/antivirus/clamav"),
    ("syslog", {"program": "named", "message": NAMED}, "linux/dns/named"),
    ("syslog", {"cisco.facility": "SEC_LOGIN", "message": "m"}, "cisco/*/aaa"),
    ("syslog", {"devid": "FG100", "type": "event", "action": "Add"}, "fortigate/*/event"),
    ("syslog", {"program": "tomcat9", "message": "java.lang.X"}, "jvm/application/*"),
    ("syslog", {"program": "kernel", "message": KERNEL}, "linux/firewall/kernel"),
    ("auditd", {"type[0]": "SYSCALL", "type[1]": "EXECVE"}, "linux/process_creation/auditd"),
    ("auditd", {"type": "USER_LOGIN"}, "linux/*/auditd"),
    ("access", {"client_ip": "1.2.3.4", "uri": "/"}, "*/webserver/*"),
    ("w3c", {"cs-method": "GET"}, "*/webserver/*"),
    ("w3c", {"src-ip": "1.1.1.1", "dst-ip": "2.2.2.2", "action": "DROP"}, "windows/firewall/*"),
    ("squid", {"hierarchy": "DIRECT"}, "*/proxy/squid"),
    ("postgres_csvlog", {"statement": "select 1"}, "postgresql/database/postgresql"),
    ("plain", {"message": "django.core.exceptions.SuspiciousOperation"}, "django/application/*"),
    ("plain", {"message": "m", "logger": "org.springframework.web"}, "spring/application/*"),
    ("ndjson", {"eventSource": "s3.amazonaws.com", "eventName": "GetObject"}, "aws/*/cloudtrail"),
    ("ndjson", {"category": "SignInLogs", "resultType": "50126"}, "azure/*/signinlogs"),
    ("ndjson", {"category": "NonInteractiveUserSignInLogs"}, "azure/*/signinlogs"),
    ("ndjson", {"category": "AuditLogs"}, "azure/*/auditlogs"),
    ("ndjson", {"category": "Administrative", "resourceId": "/subscriptions/x"}, "azure/*/activitylogs"),
    ("ndjson", {"riskEventType": "leakedCredentials"}, "azure/*/riskdetection"),
    ("ndjson", {"riskEventType": "noMfaOnRoleActivationAlertConfiguration"}, "azure/*/pim"),
    ("ndjson", {"logName": "projects/x/logs/cloudaudit.googleapis.com%2Factivity"}, "gcp/*/gcp.audit"),
    ("ndjson", {"id.applicationName": "admin"}, "gcp/*/google_workspace.admin"),
    ("ndjson", {"apiVersion": "audit.k8s.io/v1"}, "kubernetes/application/audit"),
    ("ndjson", {"eventType": "user.session.start", "displayMessage": "x"}, "okta/*/okta"),
    ("ndjson", {"Workload": "AzureActiveDirectory", "Operation": "x"}, "m365/*/audit"),
    ("ndjson", {"action": "repo.create", "actor": "a", "org": "o"}, "github/*/audit"),
    ("ndjson", {"auditType.action": "x"}, "bitbucket/*/audit"),
    ("ndjson", {"logtype": "2000", "node_id": "n"}, "opencanary/application/*"),
    ("ndjson", {"_path": "dns", "query": "x"}, "zeek/dns/dns"),
    ("ndjson", {"event.exec.target.executable.path": "/bin/ls"}, "macos/process_creation/*"),
    ("ndjson", ECS_PROCESS, "linux/process_creation/*"),
    ("csv", {"nothing": "known"}, "*/*/*"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "fields", "wanted"), OTHERS)
def test_other_logsources(form: str, fields: dict[str, str | None], wanted: str) -> None:
    assert triples(first([fields], form)) == [wanted]


def test_4688_under_sysmons_names() -> None:
    event: dict[str, str | None] = {
        "NewProcessName": "C:\\x.exe", "ParentProcessName": "C:\\p.exe", "SubjectUserSid": "S-1-5-21-1",
        "SubjectDomainName": "D", "SubjectUserName": "u", "MandatoryLabel": "S-1-16-12288",
    }  # fmt: skip
    batch = first([event, event | {"SubjectUserSid": "S-1-5-18"}], "evtx", channel=["Security"] * 2, code=["4688"] * 2)
    assert values(batch, "Image") == ["C:\\x.exe"]
    assert values(batch, "ParentImage", 1) == ["C:\\p.exe"]
    assert values(batch, "User") == ["D\\u"]
    assert values(batch, "User", 1) == ["NT AUTHORITY\\SYSTEM"]
    assert values(batch, "IntegrityLevel") == ["High"]


def test_registry_paths_of_4657() -> None:
    event: dict[str, str | None] = {
        "ObjectName": "\\REGISTRY\\MACHINE\\SOFTWARE\\Run",
        "ObjectValueName": "evil",
        "NewValue": "c",
    }
    batch = first([event], "evtx", channel=["Security"], code=["4657"])
    assert values(batch, "TargetObject") == ["HKLM\\SOFTWARE\\Run\\evil"]
    assert values(batch, "Details") == ["c"]


def test_iis_keeps_its_query_and_adds_the_whole_request() -> None:
    batch = first(
        [{"cs-method": "GET", "cs-uri-stem": "/owa/", "cs-uri-query": "a=b", "cs(User-Agent)": "curl"}], "w3c"
    )
    assert values(batch, "cs-uri-query") == ["a=b", "/owa/?a=b"]
    assert values(batch, "c-uri") == ["/owa/?a=b"]
    assert values(batch, "c-useragent") == ["curl"]


def test_ecs_names_where_a_shipper_rendered_ecs() -> None:
    ecs: dict[str, str | None] = {
        "ecs.version": "8.0",
        "process.executable": "C:\\a.exe",
        "network.direction": "egress",
    }
    batch = first([ecs, {"process.executable": "C:\\b.exe"}], "ndjson", channel=[SYSMON] * 2, code=["3", "3"])
    assert values(batch, "Image") == ["C:\\a.exe"]
    assert values(batch, "Initiated") == ["true"]
    assert values(batch, "Image", 1) == []


def test_a_batch_tells_what_was_asked_to_make_it() -> None:
    batch = first([{"EventType": "SetValue"}], "ndjson", channel=[SYSMON], code=["12"], provider=["p"], host=["h"])
    assert "EventType" in batch.asked
    assert not {"eventSource", "host.os.type"} & set(batch.asked)
    assert "eventSource" in first([{"x": "y"}], "ndjson").asked


def test_users_table_wins_and_sources_override() -> None:
    mine = parse(
        [
            (
                "a.toml",
                """
[[logsource]]
formats = ["syslog"]
where = { program = "portal" }
product = "portal"
labels = { event_code = "code", host = "node" }

[[source]]
path = "a.log"
clock_offset = "-3m"
constituent = "tax office"
zone = "civil"
service = "front"
""",
            )
        ],
        {},
    )
    run = parsed([{"program": "portal", "code": "7", "node": "n1"}, {"program": "sshd"}], "syslog", host=[None, "h"])
    batch = assemble(run, ORIGIN, mine + shipped())
    assert triples(batch) == ["portal/*/front", "linux/*/front"]
    assert batch.event_code.to_pylist() == ["7", None]
    assert batch.host.to_pylist() == ["n1", "h"]
    assert (batch.origin.constituent, batch.origin.zone) == ("tax office", "civil")
    assert run.time[0].as_py() - batch.time[0].as_py() == timedelta(minutes=3)


def test_another_product_replaces_the_triple_whole() -> None:
    mine = parse([("a.toml", '[[source]]\npath = "a.log"\nproduct = "cisco"\nservice = "aaa"\n')], {})
    batch = assemble(parsed([{"program": "sshd"}], "syslog"), ORIGIN, mine + shipped())
    assert triples(batch) == ["cisco/*/aaa"]


def test_an_audit_keeps_neither_raw_nor_values() -> None:
    mine = parse(
        [("a.toml", '[[logsource]]\nformats = "csv"\nwhere = { user = "clerk" }\nproduct = "r"\naudit = true\n')], {}
    )
    run = parsed(
        [{"user": "clerk", "statement": "SELECT * FROM p WHERE id = 'X1'"}, {"user": "other", "note": "kept"}], "csv"
    )
    run.rejects = [Reject(9, "broken", b"X1")]
    batch = assemble(run, ORIGIN, mine)
    assert batch.raw.to_pylist() == [None, "raw 1"]
    assert run.rejects == [Reject(9, "broken", b"")]
    assert "X1" not in str(batch.table().to_pylist())
    assert values(batch, "note", 1) == ["kept"]
    assert values(batch, "user") == ["clerk"]
    assert "X1" not in str(batch.event(0))
    assert batch.select([1, 0])["raw"].to_pylist() == ["raw 1", None]


def test_a_source_marked_audit_loses_the_content_of_rejects_without_events() -> None:
    mine = parse([("a.toml", '[[source]]\npath = "*"\naudit = true\n')], {})
    run = parsed([], "postgres_csvlog")
    run.rejects = [Reject(1, "broken", b"X1")]
    assert len(assemble(run, ORIGIN, mine)) == 0
    assert run.rejects[0].raw == b""


def test_no_events() -> None:
    batch = first([], "ndjson")
    assert batch.table().schema.equals(SCHEMA)
    assert len(batch.table()) == 0
    assert batch.column("x") is None


NAMES = (
    *("Channel", "EventID", "EventType", "Image", "NewProcessName", "SubjectUserSid", "SubjectUserName", "uri"),
    *("process.executable", "user.name", "cs-uri-query", "cs-uri-stem", "list[0]", "list[1]"),
)
TEXTS = ("Security", SYSMON, "1", "12", "4688", "4657", "DeleteKey", "S-1-5-18", "a", "", "C:\\x")
ASKED = ("Image", "User", "list", "cs-uri-query", "c-uri", "EventID", "NewProcessName", "Channel", "none")


@st.composite
def runs(draw: st.DrawFn) -> tuple[str, list[dict[str, str | None]]]:
    form = draw(st.sampled_from(("ndjson", "evtx", "w3c", "access", "syslog")))
    names = (*NAMES, "ecs.version") if form == "ndjson" else NAMES  # only shippers' JSON bears it
    event = st.dictionaries(st.sampled_from(names), st.one_of(st.none(), st.sampled_from(TEXTS)), max_size=8)
    return form, draw(st.lists(event, max_size=6))


def columns(batch: Batch) -> list[dict[str, list[str]]]:
    """What each event has under the names asked for, by `column`."""
    seen: list[dict[str, list[str]]] = [{} for _ in range(len(batch))]
    for name in ASKED:
        column = batch.column(name)
        if column is not None:
            for row, text in zip(column.rows.tolist(), column.text.to_pylist(), strict=True):
                seen[row].setdefault(name, []).append(text)
    return seen


@settings(max_examples=60, deadline=None)
@given(runs())
def test_column_and_event_agree_also_from_a_store(run: tuple[str, list[dict[str, str | None]]]) -> None:
    form, events = run
    channel, code = ([event.get(name) for event in events] for name in ("Channel", "EventID"))
    batch = assemble(parsed(events, form, channel=channel, code=code), ORIGIN, shipped())
    assert sorted(row for group in batch.groups for row in group.rows.tolist()) == list(range(len(events)))
    seen = columns(batch)
    for row in range(len(events)):
        event = batch.event(row)
        assert seen[row] == {name: list(event[name]) for name in ASKED if name in event}
    table = batch.table()
    stored = from_table(table, shipped())
    assert len(stored) == (1 if events else 0)
    for again in stored:
        assert triples(again) == triples(batch)
        assert columns(again) == seen
        assert again.table().equals(table)


def test_from_a_store_by_source_in_order() -> None:
    one = assemble(parsed([{"program": "sshd"}, {"program": "cron"}], "syslog"), ORIGIN, shipped())
    origin = Origin("/in/b.zip", SHA, "x/y.log", ingest_time=ORIGIN.ingest_time)
    other = assemble(parsed([{"client_ip": "1", "uri": "/a"}], "access"), origin, shipped())
    table = pa.concat_tables([one.table().slice(1), other.table(), one.table().slice(0, 1)])
    batches = from_table(table, shipped())
    assert [batch.origin.file for batch in batches] == ["/in/a.log", "/in/b.zip!x/y.log"]
    assert batches[0].position.tolist() == [2, 1]
    assert values(batches[1], "cs-uri-query") == ["/a"]
    assert batches[1].table()["event_id"].to_pylist() == [event_id(SHA, "x/y.log", 1)]


def test_a_source_override_comes_back_from_a_store() -> None:
    mine = (
        parse([("a.toml", '[[source]]\npath = "*.log"\nproduct = "p"\naliases = { Image = "exe" }\n')], {}) + shipped()
    )
    batch = assemble(parsed([{"program": "sshd", "exe": "/x"}], "syslog"), ORIGIN, mine)
    again = from_table(batch.table(), mine)[0]
    assert triples(again) == triples(batch) == ["p/*/*"]
    assert values(again, "Image") == values(batch, "Image") == ["/x"]
    gone = from_table(batch.table(), shipped())[0]
    assert triples(gone) == ["p/*/*"]


def test_a_table_of_something_else_is_refused() -> None:
    table = first([{}], "csv").table().drop_columns(["raw"])
    with pytest.raises(ValueError, match="no column raw"):
        from_table(table, shipped())
