"""PostgreSQL's plain log (stderr), with the common values of `log_line_prefix`.

Read are `%m [%p] ` (the default), `%m [%p] %q%u@%d ` (Debian), with `%t` for `%m` and `[%p-%l]` too, and
`%t:%r:%u@%d:[%p]:` (Amazon RDS). A line break inside a message is followed by a tab, so continued lines cannot be
taken for records; the DETAIL, HINT, CONTEXT, QUERY, STATEMENT and LOCATION lines that follow a record of the same
process belong to it. Names of fields: see `_postgres`. `[unknown]` is absent. Messages in other languages are read,
but their DETAIL and the like, whose labels are translated too, become records of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.formats._postgres import TIMESTAMP, Record, Run, lines_of, text_of

_BODY = r"(?P<label>[^\W\d_]+\d?):  (?P<body>.*)\Z"
_LINE = re.compile(
    rf"(?P<time>{TIMESTAMP}) \[(?P<pid>\d+)(?:-(?P<line>\d+))?\] (?:(?P<user>.*?)@(?P<database>.*?) )??{_BODY}",
    re.DOTALL,
)
_RDS = re.compile(
    rf"(?P<time>{TIMESTAMP}):(?:(?P<client>[^():]+|[0-9A-Fa-f:.]+)(?:\((?P<port>\d+)\))?)?"
    rf":(?P<user>[^@]*)@(?P<database>.*?):\[(?P<pid>\d+)\]:{_BODY}",
    re.DOTALL,
)
_PARTS = {
    "DETAIL": "detail", "HINT": "hint", "CONTEXT": "context", "QUERY": "internal_query", "STATEMENT": "statement",
    "LOCATION": "location", "BACKTRACE": "backtrace",
}  # fmt: skip
_CHARACTER = re.compile(r"(?P<message>.*) at character (?P<place>\d+)\Z", re.DOTALL)
_SEVERITY = re.compile(r"(?:DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC)\Z")


def _match(line: str) -> re.Match[str] | None:
    return _LINE.match(line) or _RDS.match(line)


def _record(found: re.Match[str]) -> Record:
    """The fields of a record's first line."""
    part = found.groupdict()
    record: Record = {
        "log_time": part["time"], "user": part["user"], "database": part["database"], "pid": part["pid"],
        "client": part.get("client"), "client_port": part.get("port"), "line_num": part.get("line"),
    }  # fmt: skip
    record = {name: value for name, value in record.items() if value and value != "[unknown]"}
    if part["label"] in _PARTS:
        return record | {_PARTS[part["label"]]: part["body"]}
    placed = _CHARACTER.match(part["body"])
    record |= {"severity": part["label"], "message": placed["message"] if placed else part["body"]}
    return record | ({"cursor_position": placed["place"]} if placed else {})


class _Pending:
    """The record being read: DETAIL and the like may follow."""

    def __init__(self, position: int, lines: list[str], found: re.Match[str]) -> None:
        self.position = position
        self.raw = lines
        self.record = _record(found)

    def join(self, lines: list[str], found: re.Match[str]) -> bool:
        """Take a DETAIL line and the like of the same process; False when it is none, or given already."""
        name = _PARTS.get(found["label"])
        if name is None or found["pid"] != self.record["pid"] or name in self.record:
            return False
        self.record[name] = found["body"]
        self.raw += lines
        return True


def _chunks(lines: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Lines with the tab-led lines that continue them."""
    chunk: list[bytes] = []
    for line in lines:
        if chunk and not line.startswith(b"\t"):
            yield chunk
            chunk = []
        chunk.append(line)
    if chunk:
        yield chunk


def _texts(chunk: list[bytes]) -> list[str]:
    return [text_of(line) for line in chunk]


class PostgresStderr:
    """The format."""

    name = "postgres_stderr"
    untrusted_binary = False

    def sniff(self, head: bytes, name: str) -> int:
        found = (_match(text_of(line)) for line in head.splitlines()[:200])
        return 92 if any(line is not None and _SEVERITY.match(line["label"]) for line in found) else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        """Parts end before a record's first line."""
        cuts: list[Cut] = []
        start = 0
        while start < size:
            stop = self._next_record(stream, min(size, start + max(aim, 1)), size)
            cuts.append(Cut(start, stop))
            start = stop
        return cuts

    @staticmethod
    def _next_record(stream: BinaryIO, offset: int, size: int) -> int:
        stream.seek(offset - 1)
        stream.readline()
        while (offset := stream.tell()) < size:
            found = _match(text_of(stream.readline()))
            if found is not None and found["label"] not in _PARTS:
                return offset
        return size

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        run = Run(self.name, context)
        taken = position = context.first_position
        pending: _Pending | None = None
        for chunk in _chunks(lines_of(stream, part.start, part.stop) if part else lines_of(stream, 0, None)):
            texts = _texts(chunk)
            found = _match("\n".join([texts[0], *(text.removeprefix("\t") for text in texts[1:])]))
            if pending is not None and (found is None or not pending.join(texts, found)):
                run.add(pending.position, "\n".join(pending.raw), pending.record)
                pending = None
                if run.full:
                    yield run.take(position - taken)
                    taken = position
            if found is None:
                if b"".join(chunk).strip():
                    run.reject(position, "does not start with a known log_line_prefix and a severity", b"".join(chunk))
            elif pending is None:
                pending = _Pending(position, texts, found)
            position += len(chunk)
        if pending is not None:
            run.add(pending.position, "\n".join(pending.raw), pending.record)
        if position > taken:
            yield run.take(position - taken)
