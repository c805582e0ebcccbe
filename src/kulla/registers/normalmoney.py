"""Amounts of money as text, however grouped and marked, to whole minor units (cents, qindarka)."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

_AMOUNT = re.compile(r"[^\d+-]*([+-]?)\s*(\d[\d.,'’  ]*)([eE][+-]?\d{1,2})?[^\d]*", re.ASCII)
_MOST_DIGITS = 16
_PLAIN = r"^-?[0-9]{1,15}(\.[0-9]{1,2})?$"


def minor_units(values: pa.Array) -> pa.Array:
    """Amounts in minor units as text; null for null and for what is no amount."""
    plain = pc.fill_null(pc.match_substring_regex(values, _PLAIN), False)
    cents = pc.multiply(pc.cast(pc.if_else(plain, values, "0"), pa.decimal128(18, 2)), pa.scalar(100, pa.int64()))
    texts = pc.cast(pc.cast(cents, pa.int64()), pa.string())
    other = pc.invert(plain)
    if not pc.any(other).as_py():
        return texts
    slow = [None if text is None else minor(text) for text in values.filter(other).to_pylist()]
    return pc.replace_with_mask(texts, other, pa.array(slow, pa.string()))


def minor(text: str) -> str | None:
    """One amount in minor units; None when the text is none.

    The last of `.` and `,` is the decimal mark when both occur, or when it occurs once and not before exactly three
    digits; else it groups thousands. Currency words and signs are dropped. More than two decimals are rounded.

    >>> [minor(t) for t in ("45000", "45,000.50", "45.000,5", "45 000 ALL", "1.234", "12.3456", "4.5E4", "n/a")]
    ['4500000', '4500050', '4500050', '4500000', '123400', '1235', '4500000', None]
    """
    found = _AMOUNT.fullmatch(text)
    if not found:
        return None
    number = _decimal_mark(re.sub(r"[ '’  ]", "", found[2].rstrip(".,'’ ")))
    try:
        value = Decimal(found[1] + number + (found[3] or "")) * 100
        whole = value.quantize(Decimal(1), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return str(int(whole)) if whole.adjusted() <= _MOST_DIGITS else None


def _decimal_mark(digits: str) -> str:
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return digits
    last = marks[-1]
    head, tail = digits.rsplit(last, 1)
    head_digits = re.sub("[.,]", "", head)
    groups = len(tail) == 3 and (len(set(marks)) == 1) and 1 <= len(head.split(last)[0]) <= 3 and head_digits != "0"
    if marks.count(last) > 1 or groups:
        return head_digits + tail
    return f"{head_digits}.{tail}"
