"""JSON: arrays of objects or arrays, objects of arrays, objects of objects, nested under keys; and one object a line.

Numbers keep the figures they are written with: none goes through a float.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Final

from kulla.errors import InputError
from kulla.leaks.intake._api import LONGEST, Blob, Fact, Found, Grid, Problem, Task
from kulla.leaks.intake.cells import Collector, written
from kulla.leaks.intake.encoding import encoding
from kulla.leaks.intake.records import Records

_HEAD: Final = 1 << 16
_CHUNK: Final = 20_000
_DEEPEST: Final = 8
_MOST_TABLES: Final = 10_000
_START: Final = re.compile(r'\ufeff?\s*(\{\s*("|\})|\[\s*([\[{"\]0-9.-]|true|false|null))')


class Ndjson:
    """One JSON object on each line."""

    name = "ndjson"

    def sniff(self, blob: Blob) -> bool:
        codec = _codec(blob)
        if not codec:
            return False
        with _stream(blob, codec) as stream:
            lines = (line for line in iter(lambda: stream.readline(LONGEST), "") if line.strip())
            first, second = next(lines, ""), next(lines, "")
        try:
            return bool(second) and isinstance(_loads(first), dict)
        except (ValueError, RecursionError):
            return False

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        codec = _codec(blob) or "utf-8"
        yield Fact("encoding", codec)
        with _stream(blob, codec) as stream:
            yield from _lines(stream, blob.name.rpartition("/")[2])


class Json:
    """One JSON document."""

    name = "json"

    def sniff(self, blob: Blob) -> bool:
        codec = _codec(blob)
        return bool(codec and _START.match(blob.head(_HEAD).decode(codec, "replace")))

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        codec = _codec(blob) or "utf-8"
        yield Fact("encoding", codec)
        with _stream(blob, codec) as stream:
            try:
                value = _loads(stream.read())
            except RecursionError:
                raise InputError("JSON nested too deeply to be a table") from None
            except ValueError:
                raise InputError("damaged JSON, or cut off") from None
        count = 0
        for grid in islice(grids(value, blob.name.rpartition("/")[2]), _MOST_TABLES):
            count += 1
            yield grid
        if count == _MOST_TABLES:
            yield Problem(f"no more than {_MOST_TABLES} tables were read")
        if not count:
            raise InputError("JSON without a table in it")


def _stream(blob: Blob, codec: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(open(blob.path, "rb"), codec, "replace")


def _codec(blob: Blob) -> str | None:
    head = blob.head(_HEAD)
    first = head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1]
    return encoding(memoryview(blob.data)) if first in (b"{", b"[") else None


def _lines(stream: io.TextIOWrapper, name: str) -> Iterator[Found]:
    records, bad = Records(), 0
    while lines := list(islice(stream, _CHUNK)):
        chunk = []
        for line in lines:
            if not line.strip():
                continue
            try:
                value = _loads(line)
            except (ValueError, RecursionError):
                value = None
            bad += not isinstance(value, dict)
            chunk.append(value if isinstance(value, dict) else {})
        if chunk:
            records.add(chunk)
    if bad:
        yield Problem(f"{name}: {bad} lines that are no JSON object were left out")
    if records.rows > bad:
        yield records.grid(name)


def _loads(text: str) -> Any:
    return json.loads(
        text.removeprefix("\ufeff").replace("\0", ""), parse_float=_number, parse_int=str, parse_constant=lambda _: None
    )


def _number(text: str) -> str | None:
    try:
        return written(Decimal(text))
    except InvalidOperation:
        return None


def grids(value: Any, name: str, depth: int = 0) -> Iterator[Grid]:
    """The tables in a JSON value, in order; `name` grows by the keys on the way."""
    if isinstance(value, list):
        yield from _of_list(value, name, depth)
    elif isinstance(value, dict) and depth <= _DEEPEST:
        lists = [each for each in value.values() if isinstance(each, list)]
        if len(lists) == len(value) > 1 and len({len(each) for each in lists}) == 1 and _plain(lists):
            yield _of_columns(value, name)
        elif len(value) > 1 and all(isinstance(each, dict) for each in value.values()) and _alike(value.values()):
            records = Records()
            records.add([{"key": key, **each} for key, each in value.items()])
            yield records.grid(name)
        elif value and not any(isinstance(each, dict | list) for each in value.values()):
            if depth == 0:
                yield _of_records([value], name)
        else:
            for key, each in value.items():
                yield from grids(each, f"{name}/{key}", depth + 1)


def _of_list(value: list[Any], name: str, depth: int) -> Iterator[Grid]:
    objects = [each for each in value if isinstance(each, dict)]
    if objects:
        yield _of_records(objects, name, len(value) - len(objects))
    elif value and all(isinstance(each, list) for each in value):
        if any(isinstance(cell, dict) or (isinstance(cell, list) and cell) for row in value for cell in row):
            for number, each in enumerate(value, 1):
                if depth <= _DEEPEST:
                    yield from grids(each, f"{name}/{number}", depth + 1)
            return
        collector = Collector()
        for start in range(0, len(value), _CHUNK):
            collector.add(value[start : start + _CHUNK])
        yield Grid(name, collector.table())
    elif value:
        collector = Collector()
        collector.add([[each if not isinstance(each, list) else None] for each in value])
        yield Grid(name, collector.table())


def _of_records(records: Sequence[Mapping[str, Any]], name: str, others: int = 0) -> Grid:
    table = Records()
    for start in range(0, len(records), _CHUNK):
        table.add(records[start : start + _CHUNK])
    return table.grid(name, [f"{others} entries that are no objects left out"] if others else [])


def _of_columns(value: Mapping[str, list[Any]], name: str) -> Grid:
    collector = Collector()
    collector.add(list(zip(*value.values(), strict=True)))
    table = collector.table()
    return Grid(name, table, tuple(value)[: table.num_columns])


def _plain(lists: Sequence[list[Any]]) -> bool:
    return not any(isinstance(cell, dict | list) for each in lists for cell in each)


def _alike(objects: Any) -> bool:
    """Whether objects are records of one kind: half of all names they have are in most of them."""
    held = [set(each) for each in objects if each]
    if not held:
        return False
    every = set().union(*held)
    return sum(map(len, held)) * 2 >= len(every) * len(held)
