"""Syslog as it is really written."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textlogs import AUDIT, CONTEXT, SYSMON, TIRANA, read, rejects, runs

from kulla.events.formats.syslog import Syslog

LOG = Syslog()


@pytest.mark.parametrize(
    ("line", "host", "program", "pid", "message", "time", "quality"),
    [
        ("Jan  5 10:11:12 web1 sshd[42]: hi: a", "web1", "sshd", "42", "hi: a", "2026-01-05T10:11:12Z", "year assumed"),
        ("Dec  5 10:11:12 web1 kernel: hi", "web1", "kernel", None, "hi", "2025-12-05T10:11:12Z", "year assumed"),
        ("Jan  5 10:11:12 sshd[42]: hi", None, "sshd", "42", "hi", "2026-01-05T10:11:12Z", "year assumed"),
        ("Jan  5 10:11:12 web1 no tag here", "web1", None, None, "no tag here", "2026-01-05T10:11:12Z", "year assumed"),
        (
            "Jan  5 10:11:12 2001:db8::1 su(pam)[1]: hi",
            "2001:db8::1",
            "su(pam)",
            "1",
            "hi",
            "2026-01-05T10:11:12Z",
            "year assumed",
        ),
        (
            "Jan  5 10:11:12 web1 postfix/smtpd[1]:",
            "web1",
            "postfix/smtpd",
            "1",
            "",
            "2026-01-05T10:11:12Z",
            "year assumed",
        ),
        ("2026-01-05T10:11:12.5+01:00 web1 app: hi", "web1", "app", None, "hi", "2026-01-05T09:11:12.500000Z", "exact"),
        ("2026-01-05T10:11:12Z web1 app[x]: hi", "web1", "app", "x", "hi", "2026-01-05T10:11:12Z", "exact"),
    ],
)
def test_rfc3164(
    line: str, host: str | None, program: str | None, pid: str | None, message: str, time: str, quality: str
) -> None:
    for priority in ("", "<38>"):
        (row,) = read(LOG, priority + line)
        expected = {"host": host, "program": program, "pid": pid, "message": message}
        if priority:
            expected |= {"pri": "38", "facility": "auth", "severity": "info"}
        assert row.fields == {name: [value] for name, value in expected.items() if value is not None}
        assert (row.time, row.quality, row.host, row.provider) == (time, quality, host, program)
        assert row.raw == priority + line


def test_zone_of_the_source() -> None:
    (row,) = read(LOG, "Jul  5 10:11:12 web1 sshd[42]: hi", TIRANA)
    assert row.time == "2026-07-05T08:11:12Z"


def test_rollover_inside_a_file() -> None:
    found = read(
        LOG, "Dec 31 23:59:59 h a: 1\nJan  1 00:00:01 h a: 2\nNov 22 00:00:00 h a: 3\nNov 25 00:00:00 h a: 4\n"
    )
    assert [(row.time or "")[:4] for row in found] == ["2025", "2026", "2026", "2025"]


def test_rfc5424() -> None:
    line = (
        '<165>1 2026-01-05T10:11:12.003Z web1 app 42 ID47 [x@1 a="b \\" \\] \\\\" a="2" k=""][y z="1"] \ufeffAn ëvent'
    )
    (row,) = read(LOG, line)
    assert row.fields == {
        "pri": ["165"], "facility": ["local4"], "severity": ["notice"], "version": ["1"], "host": ["web1"],
        "program": ["app"], "pid": ["42"], "msgid": ["ID47"], "message": ["An ëvent"], "sd.x@1.a": ['b " ] \\', "2"],
        "sd.x@1.k": [""], "sd.y.z": ["1"],
    }  # fmt: skip
    assert (row.time, row.quality, row.host, row.provider) == ("2026-01-05T10:11:12.003000Z", "exact", "web1", "app")


def test_rfc5424_nil_values() -> None:
    (row,) = read(LOG, "<0>1 - - - - - -")
    assert row.fields == {"pri": ["0"], "facility": ["kern"], "severity": ["emerg"], "version": ["1"], "message": [""]}
    assert (row.time, row.quality) == (None, "missing")


def test_continuation_lines_belong_to_their_record() -> None:
    text = "Jan  5 10:11:12 h a[1]: one\n\ttwo\n\n  three\nJan  5 10:11:12 h a[1]: four\n  \n"
    found = read(LOG, text)
    assert [(row.position, row.fields["message"]) for row in found] == [(1, ["one\n\ttwo\n\n  three"]), (5, ["four"])]


def test_a_line_without_header_is_rejected() -> None:
    (reject,) = rejects(LOG, "Jan  5 10:11:12 h a[1]: one\nsecret\nJan  5 10:11:12 h a[1]: two\n")
    assert (reject.position, reject.raw) == (2, b"secret")
    assert "secret" not in reject.reason


@given(
    st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=6)
)
@settings(max_examples=50)
def test_frames_with_octet_counts(bodies: list[str]) -> None:
    messages = [f"<13>1 - - app - - - {body.strip()}" for body in bodies]
    data = b"".join(b"%d %s" % (len(each.encode()), each.encode()) for each in messages)
    assert LOG.sniff(data, "x") >= 90
    found = read(LOG, data)
    assert [row.raw for row in found] == messages
    assert [row.position for row in found] == list(range(1, len(messages) + 1))


def test_frames_resume_after_garbage() -> None:
    data = b"12 <13>h app: a7 <13>a:b!!garbage!!8 <13>a: c"
    found = runs(LOG, data)
    assert [row.raw for row in read(LOG, data)] == ["<13>h app: a", "<13>a:b", "<13>a: c"]
    assert [(r.position, r.raw, r.unit) for run in found for r in run.rejects] == [(24, b"!!garbage!!", "byte")]


def test_cef() -> None:
    line = (
        "<134>Jan  5 10:11:12 gw CEF:0|Acme|Wall\\|X|1.0|100|Login failed|5|"
        "src=192.0.2.1 name=x rt=1767607872000 msg=a \\= b\\nc cs1Label=Rule cs1=r 1"
    )
    (row,) = read(LOG, line)
    wanted = {
        "deviceVendor": "Acme", "deviceProduct": "Wall|X", "name": "Login failed", "cef.name": "x", "src": "192.0.2.1",
        "msg": "a = b\nc", "cs1": "r 1", "cs1Label": "Rule", "cefSeverity": "5",
    }  # fmt: skip
    assert {name: row.fields[name][0] for name in wanted} == wanted
    assert (row.provider, row.host, row.quality) == ("Wall|X", "gw", "exact")


def test_cef_without_extensions() -> None:
    for end in ("", "|"):
        (row,) = read(LOG, "CEF:0|Acme|Wall|1.0|100|Login failed|5" + end)
        assert (row.fields["cefSeverity"], row.provider) == (["5"], "Wall")


def test_fortigate() -> None:
    body = (
        'date=2026-01-05 time=10:11:12 devname="fw1" devid="FG1" logid="0100044547" type="event" subtype="system" tz="+0100" '  # noqa: E501
        'cfgpath="system.admin" action="Add" msg="Add \\"x\\" y" user=jo'
    )
    for line in (body, "<189>" + body, "<189>Jan  5 10:11:12 10.0.0.1 " + body):
        (row,) = read(LOG, line)
        assert (row.fields["action"], row.fields["cfgpath"]) == (["Add"], ["system.admin"])
        assert row.fields["msg"] == ['Add "x" y']
        assert (row.provider, row.time, row.quality) == ("fortigate", "2026-01-05T09:11:12Z", "exact")


@pytest.mark.parametrize(
    "line",
    [
        "<166>Jan 05 2026 10:11:12 asa1 : %ASA-6-302013: Built outbound",
        "<189>123: *Jan  5 10:11:12.345: %ASA-6-302013: Built outbound",
        "<189>123: sw1: Jan  5 10:11:12.345 UTC: %ASA-6-302013: Built outbound",
        "Jan  5 10:11:12 sw1 123: Jan  5 10:11:12.345: %ASA-6-302013: Built outbound",
        "Jan 05 2026 10:11:12: %ASA-6-302013: Built outbound",
    ],
)
def test_cisco(line: str) -> None:
    (row,) = read(LOG, line)
    assert row.time is not None
    assert row.time.startswith("2026-01-05T10:11:12")
    assert row.fields["cisco.facility"] == ["ASA"]
    assert row.fields["cisco.mnemonic"] == ["302013"]
    assert row.provider == "cisco"


def test_sysmon_and_audit_records_stand_as_their_own_formats() -> None:
    first, *others = AUDIT.splitlines()
    text = f"Jan  5 10:11:12 web1 sysmon: {SYSMON}\nJan  5 10:11:12 web1 audispd: {first}\nJan  5 10:11:12 web1 a: b\n"
    text += "".join(f"Jan  5 10:11:13 web1 audispd: {line}\n" for line in others)
    found = read(LOG, text)
    assert [(row.position, row.format) for row in found] == [(1, "sysmon_linux"), (2, "auditd"), (3, "syslog")]
    assert (found[0].fields["Image"], found[0].time) == (["/usr/bin/id"], "2026-01-05T10:11:12.123456Z")
    assert found[1].fields["name"][0] == "/usr/sbin/arp"
    assert (found[1].host, found[1].code) == ("web1", "SYSCALL")
    assert found[1].raw.count("\n") == len(others)


@pytest.mark.parametrize("aim", [1, 40, 100])
def test_parts_together_are_the_file(aim: int) -> None:
    text = "".join(f"Jan  5 10:11:12 h a[{i}]: one\n  two\n" for i in range(9))
    data = text.encode()
    cuts = LOG.cut(io.BytesIO(data), len(data), aim)
    assert len(cuts) > 1
    found = [run for cut in cuts for run in LOG.read(io.BytesIO(data), cut, CONTEXT)]
    assert [raw for run in found for raw in run.raw.to_pylist()] == [row.raw for row in read(LOG, text)]
    assert sum(run.lines for run in found) == 18
