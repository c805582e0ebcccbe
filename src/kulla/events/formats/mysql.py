"""MySQL's and MariaDB's own logs: the general query log, the slow query log and the error log.

A statement may go on over several lines. Fields: `command, connection_id, statement` (general), `user, host,
query_time, rows_sent …, statement` (slow), `level, code, subsystem, message` (error).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kulla.events.formats._api import Context
from kulla.events.formats._run import Joiner, LineFormat
from kulla.events.lines import head_lines
from kulla.events.times import NO_TIME, Instant, Times

_ISO = r"\d{4}-\d\d-\d\d[T ] ?\d?\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?"
_COMMANDS = (
    r"(?:Query|Connect|Quit|Init DB|Prepare|Execute|Close stmt|Reset stmt|Fetch|Field List|Statistics|Ping|Change user"
    r"|Binlog Dump(?: GTID)?|Register Slave|Long Data|Set option|Shutdown|Sleep|Kill|Debug|Refresh|Processlist"
    r"|Create DB|Drop DB|Delayed insert|Daemon|Time|Table Dump|Connect Out|Error)"
)
_GENERAL = re.compile(rf"(?:({_ISO}|\d{{6}} +\d?\d:\d\d:\d\d)\s+|\t+ *)(\d+) ({_COMMANDS})(?:\t(.*))?\Z", re.DOTALL)
_ERROR = re.compile(
    rf"({_ISO})\s+(\d+) \[(System|ERROR|Error|Warning|WARNING|Note|NOTE)\] (?:\[(MY-\d+)\] )?(?:\[(\w+)\] )?(.*)\Z",
    re.DOTALL,
)
_SLOW_TIME = re.compile(r"# Time: (\S.*)\Z")
_SLOW_USER = re.compile(r"# User@Host: (\S*?)\[([^\]]*)\] @ (\S*) *\[([^\]]*)\](?:\s+Id:\s*(\d+))?")
_SLOW_VALUE = re.compile(r"(?<!\w)([A-Z]\w*): +(\S+)")
_STAMP = re.compile(r"SET timestamp=(\d+);", re.IGNORECASE)
_BANNER = re.compile(r"\S+, Version: .* started with:|T[cC][pP] port: \d+|Time +Id Command +Argument")


class MysqlReader(Joiner):
    """Records of all three logs; a record ends where the next begins."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)
        self._last: Instant = NO_TIME

    def feed(self, number: int, text: str) -> None:
        if _BANNER.match(text):
            self.run.reject(number, "the server's banner, no record", text)
        elif text.startswith("# "):
            # A slow query's comment lines come before its statement.
            slow_head = self._open and all(line.startswith("#") for line in self._open)
            if not (slow_head and not text.startswith("# Time:") and self.go_on(text)):
                self.begin(number, text)
        elif _GENERAL.match(text) or _ERROR.match(text):
            self.begin(number, text)
        elif not self.go_on(text):
            self.run.reject(number, "the line begins no record and follows none", text)

    def record(self, number: int, lines: Sequence[str]) -> None:
        text = "\n".join(lines)
        if text.startswith("# "):
            fields, when = self._slow(lines)
        else:
            general = _GENERAL.match(text)
            error = _ERROR.match(text) if general is None else None
            if general is not None:
                stamp, connection, command, statement = general.groups()
                fields = {"connection_id": connection, "command": command, "statement": statement}
                # A line without a time shares that of the line before.
                self._last = when = self._times.any(stamp) if stamp else self._last
            elif error is not None:
                names = ("thread", "level", "code", "subsystem", "message")
                fields = {
                    name: value for name, value in zip(names, error.groups()[1:], strict=True) if value is not None
                }
                when = self._times.any(error[1])
            else:
                self.run.reject(number, "the record is of no MySQL log", text)
                return
        self.run.add(number, text, fields, when, None, "mysql")

    def _slow(self, lines: Sequence[str]) -> tuple[dict[str, str | None], Instant]:
        fields: dict[str, str | None] = {}
        statement: list[str] = []
        for line in lines:
            if not line.startswith("#"):
                statement.append(line)
            elif found := _SLOW_TIME.match(line):
                self._last = self._times.any(found[1])
            elif found := _SLOW_USER.match(line):
                names = ("user", "account", "host", "client_ip", "connection_id")
                fields.update((name, value) for name, value in zip(names, found.groups(), strict=True) if value)
            else:
                fields.update((name.lower(), value) for name, value in _SLOW_VALUE.findall(line))
        text = "\n".join(statement)
        fields["statement"] = text
        stamp = _STAMP.search(text)
        return fields, self._times.epoch(stamp[1]) if stamp else self._last


class Mysql(LineFormat):
    """MySQL and MariaDB logs."""

    name = "mysql"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        known = (_BANNER, _GENERAL, _ERROR, _SLOW_USER)
        hits = sum(any(form.match(line) is not None for form in known) for line in lines)
        slow = any(_SLOW_USER.match(line) for line in lines) and any(line.startswith("# Query_time:") for line in lines)
        return 88 if slow or (lines and hits * 3 >= len(lines)) else 0

    def reader(self, context: Context) -> MysqlReader:
        return MysqlReader(self.name, context)

    def opens(self, before: bytes, line: bytes) -> bool:
        text = line.decode("utf-8", "replace").rstrip("\r")
        return text[:1] not in ("\t", "#") and (_GENERAL.match(text) or _ERROR.match(text)) is not None
