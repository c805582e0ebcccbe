"""One JSON object of a log, read slowly and with care: this is what the fast columns are held to.

An event is a text that is a JSON object by RFC 8259, or one that lenient writers make and that loses nothing:
NaN and Infinity, a comma before a closing bracket, control characters inside strings, lone surrogates (shown as
U+FFFD). Of a repeated name the first counts. Integers of any size keep their digits.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeAlias

import orjson

from kulla.events import duck

Object: TypeAlias = dict[str, Any]

_NAME_END = re.compile(r'"[ \t\r\n]*:')
_PLAIN = frozenset({str, int, bool, type(None)})
EXACT = 2.0**63
"""Floats from here on may be integers that orjson has rounded."""

_ROUNDED = 1 << 62


def load(text: str) -> Object | None:
    """The object, or None when the text is no JSON object. Numbers may come as their text."""
    if not text.lstrip(" \t\r\n").startswith("{"):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _leniently(text)
    if not proven(text, found):
        return _leniently(text)
    return found if isinstance(found, dict) else None


def proven(text: str, found: object) -> bool:
    """Whether what orjson found in the text is all of it: it keeps the last of repeated names, not the first, and
    rounds integers beyond 64 bits.

    Neither escapes this count: inside a string a quote is escaped, so every name ends in a match, and other matches
    only add up.
    """
    try:
        names = _names(found)
    except RecursionError:
        return False
    # Where no name is parted from its colon, this counts every name, and escaped quotes at most besides.
    if text.count('":') == names and not ('" ' in text or '"\t' in text or '"\n' in text or '"\r' in text):
        return True
    if len(_NAME_END.findall(text)) == names:
        return True
    if "\\" not in text or names >= _ROUNDED:
        return False
    return len(_NAME_END.findall(text.replace("\\\\", "").replace('\\"', ""))) == names


def _names(value: object) -> int:
    """How many names the value holds; beyond any count when it holds a number that may have been rounded."""
    if isinstance(value, dict):
        if _PLAIN.issuperset(map(type, value.values())):
            return len(value)
        return len(value) + sum(map(_names, value.values()))
    if isinstance(value, list):
        return sum(map(_names, value))
    return _ROUNDED if isinstance(value, float) and abs(value) >= EXACT else 0


def _leniently(text: str) -> Object | None:
    candidate: str | None = text
    for _ in range(2):
        if candidate is None:
            return None
        try:
            found = _DECODER.decode(candidate)
        except (ValueError, RecursionError):
            candidate = duck.compact(text)
            continue
        return found if isinstance(found, dict) else None
    if candidate is None:
        return None
    return dict(duck.members(text))


def _first_of_each(pairs: list[tuple[str, Any]]) -> Object:
    found: Object = {}
    for name, value in pairs:
        found.setdefault(sound(name), sound(value) if isinstance(value, str) else _sound_list(value))
    return found


def _sound_list(value: Any) -> Any:
    if isinstance(value, list):
        return [sound(item) if isinstance(item, str) else _sound_list(item) for item in value]
    return value


def sound(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD, so that it can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _integer(digits: str) -> str:
    return "0" if digits == "-0" else digits


def _float(digits: str) -> str:
    number = float(digits)
    return digits if math.isinf(number) else repr(number)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_first_of_each, parse_int=_integer, parse_float=_float, parse_constant=str, strict=False
)


def text_of(value: object) -> str | None:
    """A JSON scalar as a field's text.

    >>> [text_of(value) for value in ("x", 3, 1.50, True, None)]
    ['x', '3', '1.5', 'true', None]
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else repr(value)
