"""Text patterns: from Sigma's notation with wildcards and escapes to the parts of a `Text`, and back for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kulla.detect.rule import Text, Wild

Parts = tuple[str | Wild, ...]
_WILD: Final = {"*": Wild.MANY, "?": Wild.ONE}


def parse_pattern(text: str) -> Parts:
    r"""The parts of a value as Sigma writes it (Sigma specification 2.1, section "Escaping").

    `*` and `?` are wildcards; `\*`, `\?` and `\\` are the plain characters; any other backslash is itself.

    >>> parse_pattern(r"C:\Users\\*\a\*?")
    ('C:\\Users\\', <Wild.MANY: '*'>, '\\a*', <Wild.ONE: '?'>)
    """
    if "*" not in text and "?" not in text and "\\\\" not in text:
        return (text,) if text else ()
    parts: list[str | Wild] = []
    literal: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and text[position + 1 : position + 2] in ("*", "?", "\\"):
            literal.append(text[position + 1])
            position += 2
            continue
        if char in _WILD:
            parts += ["".join(literal), _WILD[char]]
            literal = []
        else:
            literal.append(char)
        position += 1
    return normal([*parts, "".join(literal)])


def normal(parts: Iterable[str | Wild]) -> Parts:
    """The same pattern in the one form a `Text` has: no empty or adjacent literals, no adjacent `Wild.MANY`.

    >>> normal(["", Wild.MANY, Wild.MANY, "a", "b"])
    (<Wild.MANY: '*'>, 'ab')
    """
    result: list[str | Wild] = []
    for part in parts:
        if part == "" or (part is Wild.MANY and result and result[-1] is Wild.MANY):
            continue
        if isinstance(part, str) and result and isinstance(result[-1], str):
            result[-1] += part
        else:
            result.append(part)
    return tuple(result)


def write_pattern(parts: Parts) -> str:
    r"""The pattern in Sigma's notation; `parse_pattern` reads it back as the same parts.

    >>> write_pattern(("a*\\", Wild.MANY))
    'a\\*\\\\*'
    """
    written = []
    for number, part in enumerate(parts):
        if isinstance(part, Wild):
            written.append(part.value)
            continue
        before_wild = number + 1 < len(parts) and part.endswith("\\")
        must = before_wild or "*" in part or "?" in part or "\\\\" in part
        written.append(_escape(part) if must else part)
    return "".join(written)


def _escape(literal: str) -> str:
    return literal.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def describe_text(test: Text) -> str:
    r"""The test in words, as explanations show it.

    >>> describe_text(Text((Wild.MANY, "\\cmd.exe")))
    "endswith '\\cmd.exe'"
    """
    parts = test.parts
    inner = [part for part in parts if isinstance(part, str)]
    note = " (case-sensitive)" if test.cased else ""
    literal = inner[0] if len(inner) == 1 else ""
    if parts in ((), (literal,)):
        return f"equals '{literal}'{note}"
    if parts == (Wild.MANY, literal, Wild.MANY):
        return f"contains '{literal}'{note}"
    if parts == (Wild.MANY, literal):
        return f"endswith '{literal}'{note}"
    if parts == (literal, Wild.MANY):
        return f"startswith '{literal}'{note}"
    return f"matches '{write_pattern(parts)}'{note}"
