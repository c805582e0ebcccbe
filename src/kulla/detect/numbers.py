"""Numbers in the values of events."""

from __future__ import annotations

import math
import re

_DECIMAL = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
_HEXADECIMAL = re.compile(r"[-+]?0[xX][0-9a-fA-F]+\Z")
MAX_LENGTH = 400


def number(text: str) -> float | None:
    """The number that `text` is, or None: decimal with sign, fraction and exponent, or 0x hexadecimal.

    ASCII digits only, no spaces, no separators; what exceeds a double is no number. Above 2**53 neighbours may
    compare equal.

    >>> number("-1.5e3"), number("0x1F"), number("1,000"), number("")
    (-1500.0, 31.0, None, None)
    """
    if len(text) > MAX_LENGTH:
        return None
    if _DECIMAL.match(text):
        value = float(text)
        return value if math.isfinite(value) else None
    if _HEXADECIMAL.match(text):
        whole = int(text, 16)
        return float(whole) if whole.bit_length() <= 1023 else None
    return None
