"""Texts that may be JSON events → a `Parsed` run: what every format of the JSON family ends in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events import duck
from kulla.events.formats._api import Context, Parsed, Reject
from kulla.events.jsonfields import JsonFields
from kulla.events.jsonflat import is_flat
from kulla.events.jsonhead import FIRST, MORE, Head
from kulla.events.jsonread import Object, load

NO_JSON = "not JSON: cut off, damaged or another format"
NO_OBJECT = "JSON, but not an object"
NO_UTF8 = "not valid UTF-8"
_SAMPLE = 40


@dataclass(slots=True)
class Texts:
    """Records of one run. `raw` is valid UTF-8 without nulls, one text for each of `position`."""

    raw: pa.LargeStringArray
    position: npt.NDArray[np.int64]
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    unit: str = "line"


def events_of(name: str, texts: Texts, context: Context, flat: bool | None = None) -> Parsed:
    """The run as the format `name` gives it; texts that are no JSON object become rejects.

    `flat`: whether most events hold no objects, when the format knows; else a sample tells.
    """
    _keep_objects(texts)
    flat = is_flat(_sample(texts.raw)) if flat is None else flat
    wanted = [*FIRST, *context.wanted] if flat else [*FIRST, *MORE, *context.wanted]
    fields = JsonFields(texts.raw, flat)
    fields.prefetch(wanted)
    if _sift(texts, fields.odd()):
        fields = JsonFields(texts.raw, flat)
        fields.prefetch(wanted)
    return _parsed(name, texts, fields, context)


def _sample(raw: pa.LargeStringArray) -> list[Object]:
    if not len(raw):
        return []
    places = np.unique(np.linspace(0, len(raw) - 1, _SAMPLE).astype(np.int64)).tolist()
    found = (load(raw[place].as_py()) for place in places)
    return [event for event in found if event is not None]


def _keep_objects(texts: Texts) -> None:
    """Reject what does not begin with a brace: with it, whatever is JSON is an object."""
    _, offsets, data = texts.raw.buffers()
    if not len(texts.raw):
        return
    bounds = np.frombuffer(offsets, np.int64)[texts.raw.offset : texts.raw.offset + len(texts.raw) + 1]
    content = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
    first = content[np.minimum(bounds[:-1], len(content) - 1)]
    unclear = np.flatnonzero((first != ord("{")) | (np.diff(bounds) == 0))
    wrong = np.zeros(len(texts.raw), np.bool_)
    for row in unclear.tolist():
        text = texts.raw[row].as_py()
        if not text.lstrip(" \t\r\n").startswith("{"):
            wrong[row] = True
            valid = bool(duck.valid(pa.array([text]))[0].as_py())
            texts.rejects.append(_reject(texts, row, text, NO_OBJECT if valid else NO_JSON))
    if wrong.any():
        _drop(texts, wrong)


def _reject(texts: Texts, row: int, text: str, reason: str) -> Reject:
    return Reject(int(texts.position[row]), reason, text.encode(), texts.unit)


def _drop(texts: Texts, rows: npt.NDArray[np.bool_]) -> None:
    texts.raw = texts.raw.filter(pa.array(~rows))
    texts.position = texts.position[~rows]


def _sift(texts: Texts, odd: npt.NDArray[np.bool_]) -> bool:
    """Reject those of the odd texts that are no JSON even for the lenient reader; whether there were any."""
    wrong = np.zeros(len(odd), np.bool_)
    for row in np.flatnonzero(odd).tolist():
        text = texts.raw[row].as_py()
        if load(text) is None:
            wrong[row] = True
            texts.rejects.append(_reject(texts, row, text, NO_JSON))
    if not wrong.any():
        return False
    _drop(texts, wrong)
    return True


def _parsed(name: str, texts: Texts, fields: JsonFields, context: Context) -> Parsed:
    head = Head(len(fields), context)
    head.take(fields, np.arange(len(fields)), 0)
    lacking = head.lacking()
    if len(lacking):
        # A flat pass would want one more for each spelling of a name.
        some = JsonFields(texts.raw.take(pa.array(lacking))) if fields.flat else fields
        some.prefetch(MORE)
        head.take(some, lacking if fields.flat else np.arange(len(fields)), 1)
    texts.rejects.sort(key=lambda reject: reject.position)
    return Parsed(
        format=name,
        position=texts.position,
        raw=texts.raw,
        fields=fields,
        time=head.time,
        quality=head.quality,
        host=head.label("host"),
        provider=head.label("provider"),
        channel=head.label("channel"),
        event_code=head.label("event_code"),
        rejects=texts.rejects,
        lines=texts.lines,
    )
