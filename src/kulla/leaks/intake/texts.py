"""What spreadsheets and programs do to numbers on their way into a text, undone where nothing is guessed. Pure.

`691234567.0` loses its fraction. `3.55691234567E+11` is written out, since all its figures are there; `3.55691E+11`
stays, since six figures of twelve are lost: no comparison may take zeros for them (`kulla.registers.normalise`).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.normalise import only_bytes

_NO_MARK: Final = ~np.isin(np.arange(256), [*b".,"])
_CHANGED: Final = r"^[+-]?[0-9]+\.0$|^[+-]?[0-9][.,][0-9]+[eE]\+?[0-9]{1,2}$"
_FRACTION: Final = re.compile(r"([+-]?\d+)\.0", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"([+-]?)(\d)[.,](\d+)[eE]\+?(\d{1,2})", re.ASCII)


def undone(values: pa.Array) -> tuple[pa.Array, int]:
    """The values with such numbers written out, and how many there were."""
    if only_bytes(values, _NO_MARK):
        return values, 0
    maybe = pc.fill_null(pc.match_substring_regex(values, _CHANGED), False)
    if not pc.any(maybe).as_py():
        return values, 0
    before = values.filter(maybe).to_pylist()
    after = [plain(text) for text in before]
    count = sum(1 for old, new in zip(before, after, strict=True) if old != new)
    return pc.replace_with_mask(values, maybe, pa.array(after, pa.string())), count


def plain(text: str) -> str:
    """One value: the rule that `undone` follows.

    >>> [plain(t) for t in ("691234567.0", "3.55691234567E+11", "3.55691E+11", "1.50", "v1.0", "-2.5e1")]
    ['691234567', '355691234567', '3.55691E+11', '1.50', 'v1.0', '-25']
    """
    if found := _FRACTION.fullmatch(text):
        return found[1]
    if found := _SCIENTIFIC.fullmatch(text):
        sign, first, rest, power = found[1], found[2], found[3], int(found[4])
        digits = (first + rest).rstrip("0")
        if len(rest) >= power and first != "0" and len(digits) <= power + 1:
            return sign.replace("+", "") + (first + rest)[: power + 1]
    return text
