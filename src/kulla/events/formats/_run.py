"""What the text formats share: gathering records into `Parsed` runs, and the loop over lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa

from kulla.events.fields import DictFields
from kulla.events.formats._api import Context, Cut, Parsed, Reject
from kulla.events.lines import LONGEST, cut_lines, split
from kulla.events.schema import TIME
from kulla.events.times import Instant

JOINED_LINES = 10_000
"""Lines that one multi-line record may have; more begin a new record."""


class Run:
    """Records of one format, gathered until `take` makes them a `Parsed`."""

    def __init__(self, name: str, context: Context) -> None:
        self.name = name
        self._context = context
        self._clear()

    def _clear(self) -> None:
        self.rejects: list[Reject] = []
        self.lines = 0
        self._bytes = 0
        self._position: list[int] = []
        self._raw: list[str] = []
        self._fields: list[Mapping[str, str | None]] = []
        self._time: list[int | None] = []
        self._quality: list[str] = []
        self._host: list[str | None] = []
        self._provider: list[str | None] = []
        self._channel: list[str | None] = []
        self._code: list[str | None] = []

    def add(
        self,
        position: int,
        raw: str,
        fields: Mapping[str, str | None],
        when: Instant,
        host: str | None = None,
        provider: str | None = None,
        channel: str | None = None,
        code: str | None = None,
    ) -> None:
        """One record."""
        self._position.append(position)
        self._raw.append(raw)
        self._fields.append(fields)
        self._time.append(when[0])
        self._quality.append(when[1])
        self._host.append(host)
        self._provider.append(provider)
        self._channel.append(channel)
        self._code.append(code)
        self._bytes += len(raw)

    def reject(self, position: int, reason: str, raw: str, unit: str = "line") -> None:
        """A stretch that could not be parsed."""
        self.rejects.append(Reject(position, reason, raw.encode("utf-8", "backslashreplace"), unit))

    @property
    def full(self) -> bool:
        """Whether the run has reached the size that the context asks for."""
        return (
            len(self._position) >= self._context.batch_events
            or self._bytes >= self._context.batch_bytes
            or len(self.rejects) >= self._context.batch_events
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to hand over."""
        return not (self._position or self.rejects or self.lines)

    def take(self) -> Parsed:
        """The records so far; the run begins anew."""
        parsed = Parsed(
            format=self.name,
            position=np.array(self._position, np.int64),
            raw=pa.array(self._raw, pa.large_string()),
            fields=DictFields(self._fields),
            time=pa.array(self._time, TIME),
            quality=_label(self._quality),
            host=_label(self._host),
            provider=_label(self._provider),
            channel=_label(self._channel),
            event_code=_label(self._code),
            rejects=self.rejects,
            lines=self.lines,
        )
        self._clear()
        return parsed


def _label(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode()


class Reader(Protocol):
    """Takes the lines of one part in order and adds their records to its runs."""

    runs: Sequence[Run]
    """The first is the one that counts lines and holds rejects."""

    def feed(self, number: int, text: str) -> None:
        """One line that is not empty."""

    def blank(self) -> None:
        """An empty line."""

    def finish(self) -> None:
        """The part has ended: add what is still open."""


class LineReader(ABC):
    """A reader of one run, one record a line or several; the base of the formats' own."""

    def __init__(self, name: str, context: Context) -> None:
        self.run = Run(name, context)
        self.runs: Sequence[Run] = (self.run,)

    @abstractmethod
    def feed(self, number: int, text: str) -> None: ...

    def blank(self) -> None:  # noqa: B027
        """Most formats do not mind."""

    def finish(self) -> None:  # noqa: B027
        """Nothing is open in a format of single lines."""


class Joiner(LineReader):
    """A reader whose records may go on over several lines: subclasses say what opens one and parse it whole."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._first = 0
        self._open: list[str] = []
        self._size = 0
        self._blanks = 0

    def begin(self, number: int, text: str) -> None:
        """A record begins with this line; the one before is complete."""
        if self._open:
            self._close()
        self._first = number
        self._open = [text]
        self._size = len(text)

    def go_on(self, text: str) -> bool:
        """The line belongs to the open record; False when none is open or it has grown too large."""
        if not self._open or len(self._open) + self._blanks >= JOINED_LINES or self._size + len(text) >= LONGEST:
            return False
        if self._blanks:
            self._open.extend([""] * self._blanks)
            self._blanks = 0
        self._open.append(text)
        self._size += len(text)
        return True

    def blank(self) -> None:
        """A blank line inside a record is kept if the record goes on after it."""
        if self._open:
            self._blanks += 1

    def _close(self) -> None:
        lines, self._open, self._blanks = self._open, [], 0
        self.record(self._first, lines)

    @abstractmethod
    def record(self, number: int, lines: Sequence[str]) -> None:
        """Parse a whole record that began at line `number`."""

    def finish(self) -> None:
        if self._open:
            self._close()


def parse_lines(reader: Reader, stream: BinaryIO, part: Cut | None, first: int) -> Iterator[Parsed]:
    """Feed the part's lines to the reader and hand over its runs as they fill."""
    main = reader.runs[0]
    for lines in split(stream, part, first):
        main.rejects.extend(lines.rejects)
        main.lines += len(lines.rejects)
        number = lines.first
        for text in lines.text:
            if text and not text.isspace():
                reader.feed(number, text)
            else:
                reader.blank()
            number += 1
        main.lines += len(lines.text)
        yield from (run.take() for run in reader.runs if run.full)
    reader.finish()
    yield from (run.take() for run in reader.runs if not run.empty)


class LineFormat(ABC):
    """What the line formats have in common; subclasses give `name`, `sniff` and `reader`."""

    name = ""
    untrusted_binary = False

    @abstractmethod
    def sniff(self, head: bytes, name: str) -> int: ...

    @abstractmethod
    def reader(self, context: Context) -> Reader:
        """A fresh reader for one part."""

    def opens(self, before: bytes, line: bytes) -> bool:
        """Whether a part may begin with this line."""
        return True

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        return cut_lines(stream, size, aim, self.opens)

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        return parse_lines(self.reader(context), stream, part, context.first_position)


class WholeFormat(LineFormat):
    """A line format whose first lines say how to read the rest, so that it cannot be cut."""

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        return [Cut(0, size)]
