"""Bound parameters as one JSON array of texts a statement: `["X00000042Q",null]`.

pgaudit writes a null and an empty text alike: both are null here, and mean "null or empty".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.audit.lines import TEXT
from kulla.registers.audit.texts import flat

_BOUND = re.compile(r"\$([0-9]{1,5}) = (?:'((?:[^']|'')*)'|NULL)")
_LED = re.compile(r"(?:[Pp]arameters|bind [Pp]arameters): ")


def values(parameters: str | None) -> list[str | None]:
    """The texts of an access's `parameters`; none when there are none.

    >>> values('["a",null]'), values(None)
    (['a', None], [])
    """
    found = orjson.loads(parameters) if parameters else []
    return [None if each is None else str(each) for each in found] if isinstance(found, list) else []


def text(found: Sequence[str | None]) -> str:
    """Parameters as an access carries them."""
    return orjson.dumps(list(found)).decode()


def from_csv(column: pa.Array) -> pa.Array:
    """pgaudit's parameters (values as CSV) as JSON, at once where no value needs a quote."""
    data, _ = flat(column)
    simple = None
    if len(data) and ((data < 0x20) | (data == 0x22) | (data == 0x5C)).any():
        simple = pc.match_substring_regex(column, r'\A[^"\\\x00-\x1f]*\z')
    joined = pc.binary_join_element_wise(
        pa.scalar('["', TEXT), pc.replace_substring(column, ",", '","'), pa.scalar('"]', TEXT), pa.scalar("", TEXT)
    )
    made = pc.replace_substring(joined, '""', "null")  # no value holds a quote here, so these are empty ones
    if simple is None:
        return made
    rest = np.flatnonzero(pc.equal(simple, False).fill_null(False).to_numpy(zero_copy_only=False))
    if not len(rest):
        return made
    some = pa.array([_one(each) for each in column.take(pa.array(rest)).to_pylist()], TEXT)
    mask = np.zeros(len(column), np.bool_)
    mask[rest] = True
    return pc.replace_with_mask(made, pa.array(mask), some)


def _one(line: str) -> str:
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        rows = []
    found = rows[0] if len(rows) == 1 else [line]
    return text([each or None for each in found])


def from_detail(detail: str | None) -> str | None:
    """The parameters in a DETAIL such as `parameters: $1 = 'X', $2 = NULL`; None when it is none.

    >>> from_detail("Parameters: $1 = 'it''s', $2 = NULL")
    '["it\\'s",null]'
    """
    led = _LED.match(detail or "")
    if led is None or detail is None:
        return None
    found: list[str | None] = []
    for number, (bound, value) in enumerate(_BOUND.findall(detail, led.end()), 1):
        if int(bound) != number:
            break
        found.append(value.replace("''", "'") or None)
    return text(found) if found else None
