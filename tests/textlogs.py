"""What the tests of the text log formats share: reading small inputs, and one sample of each kind of file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kulla.events.formats._api import Context, Format, Parsed, Reject
from kulla.events.formats.access import Access
from kulla.events.formats.auditd import Auditd
from kulla.events.formats.csv import Csv
from kulla.events.formats.mysql import Mysql
from kulla.events.formats.plain import Plain
from kulla.events.formats.squid import Squid
from kulla.events.formats.syslog import Syslog
from kulla.events.formats.sysmon_linux import SysmonLinux
from kulla.events.formats.w3c import W3c
from kulla.events.formats.winxml import WinXml
from kulla.events.formats.zeek import Zeek
from kulla.events.times import microseconds

TEXT_FORMATS: Sequence[Format] = (
    Access(), Auditd(), Csv(), Mysql(), Plain(), Squid(), Syslog(), SysmonLinux(), W3c(), WinXml(), Zeek(),
)  # fmt: skip

CONTEXT = Context(name="x.log", clock=datetime(2026, 11, 23, tzinfo=UTC))
TIRANA = Context(name="x.log", clock=datetime(2026, 11, 23, tzinfo=UTC), zone=ZoneInfo("Europe/Tirane"))


@dataclass(frozen=True)
class Row:
    position: int
    raw: str
    fields: dict[str, list[str]]
    time: str | None
    quality: str
    host: str | None
    provider: str | None
    code: str | None
    format: str


def runs(log: Format, content: str | bytes, context: Context = CONTEXT) -> list[Parsed]:
    data = content.encode() if isinstance(content, str) else content
    return list(log.read(io.BytesIO(data), None, context))


def rows(parsed: Sequence[Parsed]) -> list[Row]:
    found = []
    for run in parsed:
        labels = [[None] * len(run) if a is None else a.to_pylist() for a in (run.host, run.provider, run.event_code)]
        for i in range(len(run)):
            moment = run.time[i].as_py()
            time = None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
            found.append(
                Row(
                    int(run.position[i]),
                    run.raw[i].as_py(),
                    run.fields.row(i),
                    time,
                    run.quality[i].as_py(),
                    labels[0][i],
                    labels[1][i],
                    labels[2][i],
                    run.format,
                )
            )
    return sorted(found, key=lambda row: row.position)


def read(log: Format, content: str | bytes, context: Context = CONTEXT) -> list[Row]:
    return rows(runs(log, content, context))


def rejects(log: Format, content: str | bytes, context: Context = CONTEXT) -> list[Reject]:
    return [reject for run in runs(log, content, context) for reject in run.rejects]


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


AUDIT = """\
type=SYSCALL msg=audit(1604994496.155:92733): arch=c000003e syscall=59 success=yes exit=0 a0=558e a1=559f items=2 \
ppid=290 pid=163 auid=1000 uid=0 euid=33 comm="arp" exe="/usr/sbin/arp" key=(null)
type=EXECVE msg=audit(1604994496.155:92733): argc=3 a0="arp" a1="-a" a2=6120622063
type=CWD msg=audit(1604994496.155:92733): cwd="/home/user"
type=PATH msg=audit(1604994496.155:92733): item=0 name="/usr/sbin/arp" inode=13181 nametype=NORMAL
type=PATH msg=audit(1604994496.155:92733): item=1 name="/lib64/ld-linux-x86-64.so.2" inode=29514 nametype=NORMAL
type=PROCTITLE msg=audit(1604994496.155:92733): proctitle=617270002D61
"""

SYSMON = (
    '<Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-01fc615a0f97}"/><EventID>1</EventID>'
    '<Version>5</Version><TimeCreated SystemTime="2026-01-05T10:11:12.123456000Z"/><EventRecordID>7</EventRecordID>'
    '<Execution ProcessID="11" ThreadID="12"/><Channel>Linux-Sysmon/Operational</Channel><Computer>web1</Computer>'
    '<Security UserId="0"/></System><EventData><Data Name="RuleName">-</Data><Data Name="Image">/usr/bin/id</Data>'
    '<Data Name="CommandLine">id &amp;&amp; true</Data></EventData></Event>'
)

SAMPLES: dict[str, str] = {
    "syslog": "Jan  5 10:11:12 web1 sshd[42]: Failed password for root from 192.0.2.1 port 4 ssh2\n"
    "Jan  5 10:11:13 web1 CRON[43]: (root) CMD (true)\n",
    "syslog iso": "2026-01-05T10:11:12.123456+01:00 web1 sshd[42]: Failed password for root from 192.0.2.1\n" * 3,
    "syslog 5424": '<165>1 2026-01-05T10:11:12.003Z web1 app 42 ID47 [x@1 a="b"] hello\n' * 2,
    "syslog framed": "9 <13>hello9 <13>world",
    "syslog fortigate": 'date=2026-01-05 time=10:11:12 devname="fw" devid="FG1" logid="1" type="event" action="Add"\n'
    * 2,
    "syslog cisco": "<189>123: *Jan  5 10:11:12.345: %SYS-5-CONFIG_I: Configured from console\n",
    "syslog cef": "Jan  5 10:11:12 gw CEF:0|Acme|Wall|1.0|100|Login failed|5|src=192.0.2.1 msg=a \\= b\n",
    "syslog sysmon": f"Jan  5 10:11:12 web1 sysmon: {SYSMON}\n",
    "syslog audit": "Jan  5 10:11:12 web1 audispd: " + AUDIT.splitlines()[1] + "\n",
    "auditd": AUDIT,
    "auditd node": "node=web1 " + AUDIT.splitlines()[1] + "\n",
    "sysmon_linux": SYSMON + "\n",
    "access": '192.0.2.1 - - [05/Jan/2026:10:11:12 +0100] "GET /a?b=c HTTP/1.1" 200 5\n' * 2,
    "access combined": 'x.example:443 192.0.2.1 - jo [05/Jan/2026:10:11:12 +0100] "GET / HTTP/1.1" 200 5 "-" "curl/8"\n',  # noqa: E501
    "w3c": "#Software: IIS\n#Version: 1.0\n#Fields: date time c-ip cs-method\n2026-01-05 10:11:12 192.0.2.1 GET\n",
    "zeek": "#separator \\x09\n#set_separator\t,\n#path\tdns\n#fields\tts\tid.orig_h\tquery\n#types\ttime\taddr\tstring\n"  # noqa: E501
    "1767607872.5\t192.0.2.1\texample.org\n",
    "squid": "1767607872.123    120 192.0.2.1 TCP_MISS/200 1234 GET http://x.example/a?b - HIER_DIRECT/192.0.2.9 text/html\n",  # noqa: E501
    "csv": "name,department,salary\nA,IT,100\nB,HR,200\n",
    "csv time": "Time;User;Action\n2026-01-05 10:11:12;jo;login\n2026-01-05 10:11:13;jo;logout\n",
    "csv tab": "time\tuser\n2026-01-05\tjo\n2026-01-06\tmo\n",
    "plain": "2026-01-05 10:11:12,123 [main] ERROR com.foo.Bar - it failed\njava.lang.X: y\n\tat com.foo.Bar(Bar.java:1)\n"  # noqa: E501
    "2026-01-05 10:11:13,123 [main] INFO com.foo.Bar - fine\n",
    "plain spring": "2026-01-05T10:11:12.345+02:00  WARN 123 --- [app] [main] o.s.S : AccessDeniedException\n" * 2,
    "plain python": "2026-01-05 10:11:12,123 - django.request - ERROR - SuspiciousOperation\n" * 2,
    "plain django": "[05/Jan/2026 10:11:12] ERROR [django.request:22] DisallowedHost\n" * 2,
    "plain rails": "E, [2026-01-05T10:11:12.345678 #12] ERROR -- : ActionController::X (y)\n" * 2,
    "plain nginx": "2026/01/05 10:11:12 [alert] 12#12: worker process 13 exited on signal 6 (core dumped)\n" * 2,
    "plain apache": "[Mon Jan 05 10:11:12.123456 2026] [core:notice] [pid 1:tid 2] AH00051: child exit signal\n" * 2,
    "plain java": "Jan 05, 2026 3:04:05 PM org.apache.X start\nINFO: Starting\n" * 2,
    "mysql": "2026-01-05T10:11:12.345678Z\t    8 Query\tselect 1\n" * 2,
    "mysql error": "2026-01-05T10:11:12.345678Z 0 [System] [MY-010116] [Server] mysqld starting\n" * 2,
    "mysql slow": "# Time: 2026-01-05T10:11:12.345678Z\n# User@Host: root[root] @ localhost []  Id:     8\n"
    "# Query_time: 2.000  Lock_time: 0.000000 Rows_sent: 1  Rows_examined: 0\nSET timestamp=1767607872;\nselect 1;\n",
    "winxml": '<?xml version="1.0"?>\n<Events>\n<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">\n'
    '  <System>\n    <Provider Name="P"/>\n    <EventID>4625</EventID>\n    <Computer>dc1</Computer>\n'
    '    <TimeCreated SystemTime="2026-01-05T10:11:12Z"/>\n  </System>\n'
    '  <EventData><Data Name="TargetUserName">jo</Data></EventData>\n</Event>\n</Events>\n',
}
"""Small samples; the first word of a key is the format that must win."""

NO_LOGS: dict[str, bytes] = {
    "python": b"import os\n\n\ndef f(a, b, c):\n    return g(a, b, c)\n\n\nclass X:\n    a, b = 1, 2\n",
    "markdown": b"# Title\n\nSome prose, with commas, and more; then a list:\n\n- one, two\n- three, four\n",
    "prose": b"Dear reader, this is a letter, with commas.\nIt goes on, as letters do, for a while.\nYours, somebody, here\n",  # noqa: E501
    "html": b"<!DOCTYPE html>\n<html><head><title>x</title></head>\n<body><p>a, b</p></body></html>\n",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89" * 3,
    "c": b'#include <stdio.h>\n\nint main(int argc, char **argv) {\n    printf("%d, %d", 1, 2);\n    return 0;\n}\n',
    "javascript": b"const a = require('a');\nfunction f(x, y) {\n  return [x, y];\n}\nmodule.exports = { f, a };\n",
    "ini": b"[section]\nkey = value\nother = 1, 2\n",
    "yaml": b"title: x\nlist:\n  - a\n  - b: c, d\n",
    "json": b'{"a": 1, "b": [1, 2]}\n{"a": 2, "b": [3, 4]}\n',
    "xml": b'<?xml version="1.0"?>\n<config><a b="c"/></config>\n',
    "empty": b"",
    "blank": b"\n\n  \n",
    "sql": b"CREATE TABLE t (a int, b text);\nINSERT INTO t VALUES (1, 'x');\nINSERT INTO t VALUES (2, 'y');\n",
    "diff": b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a, b\n+a, c\n",
}
