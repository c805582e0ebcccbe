"""A log read by a format of `kulla.events` → accesses, as a mapping says.

A statement that the source cut off ends in `CUT`, which opens a comment: no parser takes it for whole, so the extent
of such a read is unknown.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import numpy as np
import orjson
import pyarrow as pa

from kulla.events.formats import FORMATS
from kulla.events.formats._api import Context, Parsed, Reject
from kulla.events.times import Times
from kulla.registers.audit import mapping, parameters, verbs
from kulla.registers.audit.hints import of_application, of_statement
from kulla.registers.audit.lines import NO_TIME, Taken, newlines
from kulla.registers.audit.sessions import ACCESSES

Record = dict[str, Any]

CUT: Final = " /* cut off at the source"
_ORACLE = re.compile(r" ?#(\d+)\((\d+)\):")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "b": "\b", "Z": "\x1a"}
_WHOLE = re.compile(r"-?\d{1,18}(?:\.0*)?\Z", re.ASCII)
_NUMBERS: Final = {f.name for f in ACCESSES if pa.types.is_integer(f.type)}


def read(data: bytes, rule: mapping.Mapping, form: str, zone: tzinfo | None, clock: datetime | None = None) -> Taken:
    """The accesses (ACCESSES, in the log's order) of a whole log. Never raises for bad input.

    `zone`: of times without an offset; `clock`: when the log was last written, where its times carry no year. line_from
    is what the format counts (lines; elements in a JSON array), line_hash is over the record's text. The field `@time`
    is the time that the format itself found.
    """
    records: list[Record] = []
    rejects: list[Reject] = []
    times = Times(zone or UTC, clock)
    for parsed in _runs(data, form, zone, clock):
        rejects += parsed.rejects
        ends = parsed.position + _breaks(parsed)
        moments, raws = parsed.time.to_pylist(), parsed.raw.to_pylist()
        for row, (first, last) in enumerate(zip(parsed.position.tolist(), ends.tolist(), strict=True)):
            found = {name: texts[0] for name, texts in parsed.fields.row(row).items() if texts}
            found["@time"] = moments[row].isoformat() if moments[row] else ""
            record = _record(found, rule, times)
            raw = raws[row].encode()
            if isinstance(record, str):
                rejects.append(Reject(first, record, raw))
            elif record:
                digest = hashlib.sha256(raw).digest()[:16]
                records.append(record | {"line_from": first, "line_to": last, "line_hash": digest})
    records = _carried(_same(_continued(records, rule), rule), rule)
    return Taken(_table(records), rejects, len(data), len(newlines(data)))


def fields_of(data: bytes, form: str) -> set[str]:
    """The names of the first record's fields, by which a mapping is found."""
    for parsed in _runs(data, form, None, None):
        if len(parsed):
            return set(parsed.fields.row(0))
    return set()


def _runs(data: bytes, form: str, zone: tzinfo | None, clock: datetime | None) -> Iterator[Parsed]:
    if form == mapping.LINES:
        yield from _lines(data)
        return
    reader = next(each for each in FORMATS if each.name == form)
    yield from reader.read(io.BytesIO(data), None, Context(zone=zone, clock=clock))


def _lines(data: bytes) -> Iterator[Parsed]:
    from kulla.events.fields import DictFields

    texts = [line.removesuffix(b"\r").decode("utf-8", "backslashreplace") for line in data.split(b"\n")]
    places = [number for number, text in enumerate(texts, 1) if text.strip()]
    raws = [texts[place - 1] for place in places]
    none = pa.nulls(len(raws), pa.string())
    yield Parsed(
        mapping.LINES, np.array(places, np.int64), pa.array(raws, pa.large_string()),
        DictFields([{"line": text} for text in raws]), pa.nulls(len(raws), pa.timestamp("us", "UTC")), none,
    )  # fmt: skip


def _breaks(parsed: Parsed) -> np.ndarray:
    return np.array([raw.count("\n") for raw in parsed.raw.to_pylist()], np.int64)


def _record(found: dict[str, str], rule: mapping.Mapping, times: Times) -> Record | str | None:
    """An access's values; why there is none; None for one to be left out."""
    if rule.pattern is not None and (not rule.pattern_when or found.get(rule.pattern_when[0]) == rule.pattern_when[1]):
        match = rule.pattern.fullmatch(found.get(rule.pattern_field, ""))
        if match is None:
            return "the record has not the shape that the mapping's pattern tells"
        found = found | {name: text for name, text in match.groupdict().items() if text}
    record: Record = {name: _value(source, found) for name, source in rule.columns.items()}
    time = _time(record.get("time") or "", rule, times)
    if time is None:
        return NO_TIME
    record["time"] = time
    record["started"] = _time(record.get("started") or "", rule, times)
    if record.get("duration") and record["started"] is None and _WHOLE.match(record["duration"].split(".")[0]):
        record["started"] = time - round(float(record["duration"]) * 1000)
    told = found.get(rule.kind, "").upper() if rule.kind else ""
    kind = rule.kinds.get(told, rule.kind_default)
    if kind == "skip":
        return None
    statement = _statement(record.get("statement"), rule)
    by_statement = verbs.verb((statement or "")[: verbs.LOOKED_AT])
    record["kind"] = by_statement[0] if kind == "statement" else kind
    record["command"] = record.get("command") or by_statement[1] or None
    record["outcome"] = _outcome(found.get(rule.outcome, ""), rule)
    record["statement"] = statement
    record["parameters"] = _parameters(record.get("parameters"), rule.style)
    for name in _NUMBERS & record.keys():
        record[name] = _number(record[name])
    if record.get("rows") == 0 and (rule.zero_rows == "unknown" or record["kind"] in ("copy", "cursor", "fetch")):
        record["rows"] = None
    record["_key"] = tuple(found.get(name, "") for name in rule.continued)
    record["_number"] = _number(found.get(rule.number)) if rule.number else None
    return record | _hints(record, rule)


def _value(source: mapping.Source, found: Mapping[str, str]) -> str | None:
    values = [found[name] for name in source.names if found.get(name)]
    if not values:
        return None
    if source.by is None:
        return values[0]
    return source.by.join(values) if found.get(source.names[-1]) else None


def _time(text: str, rule: mapping.Mapping, times: Times) -> int | None:
    if not text:
        return None
    for form in rule.time_formats:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            continue
        return times.any(moment.isoformat(" ", "microseconds"))[0]
    return times.any(text)[0]


def _number(text: str | None) -> int | None:
    return int(text.split(".")[0]) if text and _WHOLE.match(text) else None


def _statement(text: str | None, rule: mapping.Mapping) -> str | None:
    if text is None:
        return None
    cut = 0 < rule.longest <= len(text) or 0 < rule.longest <= len(text.encode())
    if rule.escape:
        text = _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)
    return text + CUT if cut else text


def _outcome(value: str, rule: mapping.Mapping) -> str:
    if not rule.outcome or not value or value in rule.ok:
        return "ok"
    return "cancelled" if value in rule.cancelled else "error"


def _parameters(value: str | None, style: str) -> str | None:
    """Bound values as JSON. Oracle writes each as ` #1(9):J00000042A`, with its length in characters."""
    if not value:
        return None
    if style == "oracle":
        found: list[str | None] = []
        at = 0
        while (each := _ORACLE.match(value, at)) is not None:
            at = each.end() + int(each[2])
            found.append(value[each.end() : at] or None)
        return parameters.text(found) if found else None
    if style == "json":
        try:
            given = orjson.loads(value)
        except orjson.JSONDecodeError:
            return parameters.text([value])
        items = given.values() if isinstance(given, dict) else given if isinstance(given, list) else [given]
        return parameters.text([None if each is None else str(each) for each in items])
    return parameters.text([value])


def _hints(record: Record, rule: mapping.Mapping) -> Record:
    """The end user and the case: as the source tells, else as comments, else as the application's name tells."""
    given, case = record.get("end_user"), record.get("case_ref")
    spoken = of_statement(record["statement"]) if record["statement"] else (None, None)
    named = of_application(record.get("application") or "")
    told = ((given, rule.grade), (spoken[0], "comment"), (named[0], "application"))
    user, grade = next((each for each in told if each[0]), (None, "none"))
    return {"end_user": user, "end_user_grade": grade, "case_ref": case or spoken[1] or named[1]}


def _continued(records: Sequence[Record], rule: mapping.Mapping) -> list[Record]:
    """Records of one statement that the source spreads over several: their texts joined, the first one kept."""
    if not rule.continued:
        return list(records)
    kept: list[Record] = []
    open_: dict[tuple[str, ...], Record] = {}
    for record in records:
        number = record["_number"] or 1
        first = open_.get(record["_key"])
        if number > 1 and first is not None and first["_number"] == number - 1:
            first["statement"] = (first["statement"] or "").removesuffix(CUT) + (record["statement"] or "")
            first["_number"] = number
            first["line_to"] = max(first["line_to"], record["line_to"])
        else:
            record["_number"] = number
            open_[record["_key"]] = record
            kept.append(record)
    return kept


def _same(records: Sequence[Record], rule: mapping.Mapping) -> list[Record]:
    """Records that are one access: one with a statement leads, else the first; objects' names are joined."""
    if not rule.same:
        return list(records)
    leaders: dict[tuple[Any, ...], Record] = {}
    for record in records:
        key = tuple(record.get(name) for name in rule.same)
        before = leaders.get(key)
        if None in key or before is None:
            leaders[(*key, id(record)) if None in key else key] = record
            continue
        leader = record if record["statement"] and not before["statement"] else before
        names = dict.fromkeys(filter(None, (before.get("object_name"), record.get("object_name"))))
        leaders[key] = leader
        leader["object_name"] = ", ".join(names) or None
    return sorted(leaders.values(), key=lambda each: int(each["line_from"]))


def _carried(records: list[Record], rule: mapping.Mapping) -> list[Record]:
    """Give a session's records what its connect told."""
    told: dict[str, Record] = {}
    for record in records if rule.carried else ():
        session = record.get("session")
        if record["kind"] == "connect" and session:
            told[session] = {name: record.get(name) for name in rule.carried}
        for name, value in told.get(session or "", {}).items():
            record[name] = record.get(name) or value
    return records


def _table(records: Sequence[Record]) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for kind in ACCESSES:
        plain = kind.type.value_type if pa.types.is_dictionary(kind.type) else kind.type
        values = [each.get(kind.name) for each in records]
        columns[kind.name] = pa.array(values, pa.int64() if pa.types.is_timestamp(plain) else plain).cast(kind.type)
    return pa.table(columns).cast(ACCESSES)
