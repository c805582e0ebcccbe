"""PostgreSQL's jsonlog (15 and later): one JSON object a line. Names of fields: see `_postgres`.

A key this file does not know keeps its own name.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import orjson

from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.formats._postgres import Record, Run, lines_of, text_of

NAMES: Mapping[str, str] = {
    "timestamp": "log_time", "dbname": "database", "remote_host": "client", "remote_port": "client_port",
    "session_id": "session", "ps": "command_tag", "vxid": "virtual_transaction", "txid": "transaction",
    "error_severity": "severity", "state_code": "sqlstate", "application_name": "application",
}  # fmt: skip
"""PostgreSQL's key → our name, where they differ."""

# Blanks are not PostgreSQL's, but shippers write the JSON anew.
_START = re.compile(
    rb'\s*\{\s*"timestamp"\s*:\s*"[^"]*"\s*,(?=.*"pid"\s*:\s*\d)(?=.*"error_severity"\s*:\s*")', re.DOTALL
)


def _escape(error: UnicodeError) -> tuple[str, int]:
    """A byte that is not UTF-8 as JSON text that means `\\xhh`."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"\\\\x{byte:02x}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error("kulla.json_backslash", _escape)


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _record(line: bytes) -> Record | str:
    """The record's fields, or why it is none."""
    try:
        try:
            members = orjson.loads(line)
        except orjson.JSONDecodeError:
            members = orjson.loads(line.decode("utf-8", "kulla.json_backslash"))
    except orjson.JSONDecodeError:
        return "not a whole JSON object"
    if not isinstance(members, dict) or "timestamp" not in members or "error_severity" not in members:
        return "a JSON value without timestamp and error_severity: not a PostgreSQL log record"
    texts = ((NAMES.get(key, key), _text(value)) for key, value in members.items())
    extra: Record = {"location": members.get("file_name")} if "file_name" in members else {}
    return extra | {name: text for name, text in texts if text is not None}


class PostgresJsonlog:
    """The format."""

    name = "postgres_jsonlog"
    untrusted_binary = False

    def sniff(self, head: bytes, name: str) -> int:
        line = next((line for line in head.splitlines() if line.strip()), b"")
        return 97 if _START.match(line) else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        """Parts end at line ends: jsonlog escapes line breaks inside values."""
        cuts: list[Cut] = []
        start = 0
        while start < size:
            stream.seek(min(size, start + max(aim, 1)) - 1)
            stream.readline()
            stop = min(size, stream.tell())
            cuts.append(Cut(start, stop))
            start = stop
        return cuts

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        run = Run(self.name, context)
        taken = position = context.first_position
        for line in lines_of(stream, part.start, part.stop) if part else lines_of(stream, 0, None):
            if line.strip():
                record = _record(line.removeprefix(b"\xef\xbb\xbf"))
                if isinstance(record, dict):
                    run.add(position, text_of(line), record)
                else:
                    run.reject(position, record, line)
            position += 1
            if run.full:
                yield run.take(position - taken)
                taken = position
        if position > taken:
            yield run.take(position - taken)
