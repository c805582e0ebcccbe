"""Syslog: RFC 3164, RFC 5424, and frames with octet counts (RFC 6587).

Bodies that are well known are unpacked: CEF, appliances' key=value, Cisco mnemonics. Linux audit records and Sysmon
events inside syslog are handed over as runs of the formats `auditd` and `sysmon_linux`, as if they stood alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kulla.events.formats import _bodies, _header
from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.formats._framing import frames, is_framed
from kulla.events.formats._run import Joiner, LineFormat, Run
from kulla.events.formats.auditd import AuditReader, split_record
from kulla.events.formats.sysmon_linux import CHANNEL, PROVIDER, sysmon
from kulla.events.lines import head_lines, looks_binary
from kulla.events.times import Instant, Times

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"
_OPENS = re.compile(
    r"<\d{1,3}>\S|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d "
    rf"|{_ISO} +\S*[^\s:] +[^\s\[:]{{1,128}}(?:\[[^\]\s]*\])?:(?: |$)"
    r"|(?:\d{1,10}: )?(?:\S+: )?[*.]?[A-Z][a-z]{2} [ \d]\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?"
    r"[^%]{0,80}%[A-Z][A-Z0-9_-]+-[0-7]-"
    r"|date=\d{4}-\d\d-\d\d time=\d\d:\d\d:\d\d "
    r"|CEF:\d+\|"
)


class SyslogReader(Joiner):
    """Records of syslog lines; a line that begins with a blank goes on with the record before."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self.times = Times(context.zone, context.clock)
        self._audit = AuditReader(context)
        self._sysmon = Run("sysmon_linux", context)
        self.runs: Sequence[Run] = (self.run, *self._audit.runs, self._sysmon)

    def feed(self, number: int, text: str) -> None:
        if text[0] in " \t" and self.go_on(text):
            return
        self.begin(number, text)

    def record(self, number: int, lines: Sequence[str]) -> None:
        text = lines[0] if len(lines) == 1 else "\n".join(lines)
        message = _header.parse(text, self.times) or self._bare(text)
        if message is None:
            self.run.reject(number, "the line has no syslog header", text)
        else:
            self.message(number, text, message)

    def _bare(self, text: str) -> _header.Message | None:
        """An appliance's body without any header, as FortiGate and CEF exports have it."""
        if text.startswith(("date=", "CEF:")):
            return _header.Message({"message": text}, (None, "missing"), text)
        return None

    def message(self, number: int, raw: str, message: _header.Message) -> None:
        """Add a parsed message to the run it belongs to."""
        fields, when, body = message.fields, message.when, message.body
        host, provider = fields.get("host"), fields.get("program")
        first = body[:1]
        if first == "<" and self._is_sysmon(number, raw, body):
            return
        if "audit(" in body:
            record = split_record(body)
            if record is not None:
                self._audit.accept(number, raw, record, host)
                return
        if "=" in body:
            unpacked = _bodies.cef(body) or (_bodies.pairs(body) if first.isalpha() else None)
            if unpacked is not None:
                when, host, provider = self._unpack(fields, unpacked, when, host, provider)
        elif body.startswith("CEF:"):
            when, host, provider = self._unpack(fields, _bodies.cef(body) or {}, when, host, provider)
        mnemonic = _bodies.cisco(body) if "%" in body[:64] else None
        if mnemonic is not None:
            fields.update(mnemonic)
            provider = "cisco" if provider is None or provider.isdigit() else provider
        self.run.add(number, raw, fields, when, host, provider)

    def _is_sysmon(self, number: int, raw: str, body: str) -> bool:
        event = sysmon(body, self.times)
        if event is None:
            return False
        self._sysmon.add(number, raw, event.fields, event.when, event.host, PROVIDER, CHANNEL, event.code)
        return True

    def _unpack(
        self,
        fields: dict[str, str | None],
        unpacked: dict[str, str],
        when: Instant,
        host: str | None,
        provider: str | None,
    ) -> tuple[Instant, str | None, str | None]:
        """Join the body's fields with the header's (which keep their names); the body's time and host if it tells."""
        for name, value in unpacked.items():
            fields[f"body.{name}" if name in fields else name] = value
        own = self._body_time(unpacked)
        when = own if own[0] is not None and when[1] != "exact" else when
        host = host or unpacked.get("devname") or unpacked.get("dvchost")
        if "devid" in unpacked and "logid" in unpacked:
            provider = "fortigate"
        return when, host, provider or unpacked.get("deviceProduct")

    def _body_time(self, unpacked: dict[str, str]) -> Instant:
        if "eventtime" in unpacked:
            when = self.times.epoch(unpacked["eventtime"])
            if when[0] is not None:
                return when
        if "date" in unpacked and "time" in unpacked:
            return self.times.iso(f"{unpacked['date']}T{unpacked['time']}{unpacked.get('tz', '')}")
        return self.times.any(unpacked.get("rt", ""))

    def finish(self) -> None:
        super().finish()
        self._audit.finish()


class Syslog(LineFormat):
    """Syslog files and captured streams."""

    name = "syslog"

    def sniff(self, head: bytes, name: str) -> int:
        if is_framed(head):
            return 90
        lines = [line for line in head_lines(head) if line[0] not in " \t"]
        if not lines or looks_binary(head):
            return 0
        share = sum(_OPENS.match(line) is not None for line in lines) / len(lines)
        return int(60 + 25 * share) if share >= 0.5 else 0

    def reader(self, context: Context) -> SyslogReader:
        return SyslogReader(self.name, context)

    def opens(self, before: bytes, line: bytes) -> bool:
        return line[:1] not in (b" ", b"\t", b"\r", b"")

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        stream.seek(0)
        return [Cut(0, size)] if is_framed(stream.read(4096)) else super().cut(stream, size, aim)

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        if part is not None and part.start:
            yield from super().read(stream, part, context)
            return
        yield from frames(stream, part, context, self.reader(context), super().read)
