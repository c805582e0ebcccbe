"""Sysmon for Linux: an event a line in XML. (Behind syslog headers, the `syslog` format finds them.)"""

from __future__ import annotations

from dataclasses import dataclass

from kulla.events.formats._api import Context
from kulla.events.formats._run import LineFormat, LineReader
from kulla.events.lines import head_lines
from kulla.events.sysmonxml import event_fields
from kulla.events.times import Instant, Times

PROVIDER = "Linux-Sysmon"
CHANNEL = "Linux-Sysmon/Operational"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of Sysmon for Linux: its fields, with Provider_Name and Channel as its System part has them."""

    fields: dict[str, str | None]
    when: Instant
    host: str | None
    code: str | None


def sysmon(text: str, times: Times) -> Event | None:
    """The event in `text`; None when it is not one of Sysmon for Linux."""
    if PROVIDER not in text or not text.startswith("<Event"):
        return None
    fields = event_fields(text.rstrip())
    if fields is None:
        return None
    when = time_of(fields, times)
    return Event(dict(fields), when, fields.get("Computer"), fields.get("EventID"))


def time_of(fields: dict[str, str], times: Times) -> Instant:
    """SystemTime, which names its offset; else UtcTime, which is in UTC by definition."""
    when = times.iso(fields.get("TimeCreated", ""))
    if when[0] is None and "UtcTime" in fields:
        when = times.iso(f"{fields['UtcTime']}Z")
    return when


class SysmonReader(LineReader):
    """One event a line."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)

    def feed(self, number: int, text: str) -> None:
        event = sysmon(text.lstrip(), self._times)
        if event is None:
            self.run.reject(number, "the line is no event of Sysmon for Linux", text)
        else:
            self.run.add(number, text, event.fields, event.when, event.host, PROVIDER, CHANNEL, event.code)


class SysmonLinux(LineFormat):
    """Files of Sysmon for Linux events, one a line."""

    name = "sysmon_linux"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head)
        hits = sum(line.lstrip().startswith("<Event") and PROVIDER in line for line in lines)
        return 95 if lines and hits * 2 >= len(lines) else 0

    def reader(self, context: Context) -> SysmonReader:
        return SysmonReader(self.name, context)
