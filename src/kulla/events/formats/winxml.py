"""Windows events exported as XML: `wevtutil qe /f:xml`, Event Viewer, `evtx_dump`, one event a line or many lines.

Events are found by their tags, not by lines; the position of an event is its number in the file, from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.formats._run import Run
from kulla.events.formats.sysmon_linux import time_of
from kulla.events.lines import LONGEST, blocks, encoding
from kulla.events.sysmonxml import event_fields
from kulla.events.times import Times

_OPEN = re.compile(rb"<Event[\s>]")
_CLOSE = b"</Event>"
_BETWEEN = re.compile(rb"(?:[\s\0]++|<\?xml[^>]*+>|</?Events\b[^>]*+>|Record \d++\s)*+\Z")
_EDGE = 64
"""Bytes at the end of what was read that may be the beginning of a tag."""


def _pieces(data: Iterator[bytes]) -> Iterator[tuple[str, int, bytes]]:
    """("event" or "stray", byte offset, content), in order; blanks and the export's own frame left out."""
    buffer, place, ended, scanned = bytearray(), 0, False, 0
    while True:
        opened = _OPEN.search(buffer)
        closed = buffer.find(_CLOSE, max(scanned, opened.start())) if opened else -1
        if opened and (closed >= 0 or len(buffer) - opened.start() >= LONGEST):
            stray = bytes(buffer[: opened.start()])
            if _BETWEEN.match(stray) is None:
                yield "stray", place, stray
            end = closed + len(_CLOSE) if closed >= 0 else opened.end()
            kind = "event" if closed >= 0 else "stray"
            yield kind, place + opened.start(), bytes(buffer[opened.start() : end])
            del buffer[:end]
            place, scanned = place + end, 0
            continue
        if opened is None and len(buffer) > LONGEST:
            yield "stray", place, bytes(buffer[:-_EDGE])
            place += len(buffer) - _EDGE
            del buffer[:-_EDGE]
        if ended:
            if _BETWEEN.match(buffer) is None:
                yield "stray", place, bytes(buffer)
            return
        scanned = max(len(buffer) - _EDGE, 0)
        block = next(data, None)
        ended = block is None
        buffer += block or b""


class WinXml:
    """Windows events in XML."""

    name = "winxml"
    untrusted_binary = False

    def sniff(self, head: bytes, name: str) -> int:
        text = head.decode(encoding(head), "replace")[:20_000].lstrip("\ufeff \t\r\n")
        if "Linux-Sysmon" in text:
            return 0
        frame = text.startswith(("<?xml", "<Events", "<Event>", "<Event ", "Record "))
        return 94 if frame and re.search(r"<Event[ >][^<]{0,300}<System>", text) else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        return [Cut(0, size)]

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        run, times, number = Run(self.name, context), Times(context.zone, context.clock), 0
        for kind, place, data in _pieces(blocks(stream, part)):
            text = data.decode("utf-8", "backslashreplace")
            run.lines += text.count("\n")
            if kind == "stray":
                run.reject(place, "the bytes are outside any <Event> element", text, "byte")
                continue
            number += 1
            self._add(run, number, text, times)
            if run.full:
                yield run.take()
        if not run.empty:
            yield run.take()

    def _add(self, run: Run, number: int, text: str, times: Times) -> None:
        found = event_fields(text)
        if found is None:
            run.reject(number, "the <Event> element is not well-formed XML", text, "record")
            return
        fields: dict[str, str | None] = {**found}
        when = time_of(found, times)
        names = ("Computer", "Provider_Name", "Channel", "EventID")
        run.add(number, text, fields, when, *(found.get(name) for name in names))
