"""Statements taken apart into skeleton and literals: millions in Arrow, the odd ones one by one.

A skeleton is the statement with blanks made single, comments gone, each literal replaced by the character LITERAL and
each bracketed list of literals by LIST. Statements of one skeleton have one template and one shape. What is not plain
(escape strings, dollar quotes, comments inside, literals with a backslash or a comment's mark) goes through `taken`,
which is slow, understands more, and refuses what it cannot read for certain.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

LITERAL, LIST = "\x02", "\x03"
LONGEST = 100_000
"""Characters of a statement up to which it is read."""

_WORD = r"(?:[A-Za-z_]|[^\x00-\x7F])(?:[A-Za-z0-9_$]|[^\x00-\x7F])*"
_STRING = r"'(?:[^']|'')*'"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_VALUE = f"(?:{_STRING}|{_NUMBER})"
_LISTED = rf"{_VALUE}(?:\s*,\s*{_VALUE})+"
_TOKENS = rf"(\"[^\"]*\"|\$[0-9]+)|{_STRING}|\b{_NUMBER}"
_ODD = (
    r"[\x00-\x08\x0e-\x1f\\]|--|/\*|\$[A-Za-z_$]"
    r"|[^\x00-\x7F][0-9$]|[A-Za-z0-9_]\$|\$[0-9]+(?:[A-Za-z_$]|[^\x00-\x7F])|\$[0-9]{6}"
)
_COMMENT = r"/\*(?:[^*'\"\\$]*[^*'\"\\$/])?\*/"
_LEAD = rf"^\s*{_COMMENT}\s*"
_TAIL = rf"\s*{_COMMENT}\s*;?\s*$"


@dataclass(frozen=True, slots=True)
class Taken:
    """A statement taken apart. literals: as written, with quotes; of a list, all of them joined by commas."""

    skeleton: str
    literals: tuple[str, ...]


def bare(statements: pa.Array) -> pa.Array:
    """Statements without a comment at their very beginning or end (where applications put who asks), and blanks."""
    led = pc.replace_substring_regex(statements, _LEAD, "")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(led, _TAIL, ""))


def plain(bared: pa.Array) -> pa.BooleanArray:
    """Which statements `skeletons` takes apart for certain."""
    even = pc.equal(pc.bit_wise_and(pc.count_substring(bared, "'"), 1), 0)
    short = pc.less_equal(pc.binary_length(bared), LONGEST)
    return pc.and_(pc.and_(short, even), pc.invert(pc.match_substring_regex(bared, _ODD)))


def skeletons(bared: pa.Array) -> pa.DictionaryArray:
    """The skeletons of plain statements.

    One pass over all of them; the rest is done once for each distinct result (1 µs a statement instead of 8).
    """
    marked = pc.replace_substring_regex(bared, _TOKENS, rf"\1{LITERAL}").dictionary_encode()
    named = pc.replace_substring_regex(marked.dictionary, rf"(\"|\$[0-9]+){LITERAL}", r"\1")
    single = pc.replace_substring_regex(named, r"\s+", " ")
    listed = rf"([(\[]) ?{LITERAL}(?: ?, ?{LITERAL})+ ?([)\]])"
    final = pc.replace_substring_regex(single, listed, rf"\1{LIST}\2").dictionary_encode()
    return pa.DictionaryArray.from_arrays(pc.take(final.indices, marked.indices), final.dictionary)


def sound(skeleton: str) -> bool:
    """Whether every quote of a skeleton that `skeletons` made is closed, no word touches a literal (`1and`) and no
    string has a prefix that gives it another meaning. In the statement itself that prefix cannot be told from the last
    letter of a literal (`'12E'`)."""
    bare = _QUOTED.sub("", skeleton)
    return not (set(bare) & set("'\"") or _TOUCHED.search(bare) or _PREFIXED.search(skeleton))


def literals(bared: pa.Array, skeleton: str) -> list[pa.Array]:
    """The literals of plain statements that all have this skeleton: one array for each, as written."""
    found = skeleton.count(LITERAL) + skeleton.count(LIST)
    if not found:
        return []
    struct = pc.extract_regex(bared, _pattern(skeleton))
    return [struct.field(number) for number in range(found)]


def _pattern(skeleton: str) -> str:
    parts, number = ["(?s)^"], 0
    previous = ""
    for character in skeleton:
        if character in (LITERAL, LIST):
            kind = _VALUE if character == LITERAL else _LISTED
            blank = r"\s*" if character == LIST else ""
            parts.append(f"{blank}(?P<v{number}>{kind}){blank}")
            number += 1
        elif character == " ":
            parts.append(r"\s+")
        else:
            parts.append(re.escape(character))
        previous = character
    assert previous
    return "".join(parts) + "$"


_ONE = re.compile(
    rf"""
      (?P<blank>\s+)
    | (?P<line>--[^\r\n]*)
    | (?P<block>/\*)
    | (?P<escape>[eE]'(?:[^'\\]|''|\\.)*')
    | (?P<dollar>\$(?P<tag>(?:[A-Za-z_][A-Za-z0-9_]*)?)\$(?P<body>.*?)\$(?P=tag)\$)
    | (?P<odd>(?:[bBxXnN]|[uU]&)['"])
    | (?P<string>'(?:[^']|'')*')
    | (?P<kept>"[^"]*"|\$[0-9]{{1,5}}(?![\w$])|{_WORD})
    | (?P<number>{_NUMBER})
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_COLLAPSE = re.compile(rf"([(\[]) ?{LITERAL}(?: ?, ?{LITERAL})+ ?([)\]])")


def taken(statement: str) -> Taken | None:
    """The same for one statement of any kind; None when it is not certain where its literals end or what they say.

    >>> taken("SELECT 1 -- x\\n FROM t WHERE a IN ('b', E'c\\\\'d')").literals
    ('1', "'b','c''d'")
    """
    if len(statement) > LONGEST or re.search("[\x00-\x08\x0e-\x1f]", statement):
        return None
    out: list[str] = []
    values: list[str] = []
    at = 0
    while at < len(statement):
        found = _ONE.match(statement, at)
        assert found is not None  # `other` takes every character
        at = found.end()
        kind = found.lastgroup if found["dollar"] is None else "dollar"
        if kind == "block":
            at = _comment_end(statement, at)
            if at < 0:
                return None
        if kind in ("blank", "line", "block"):
            out.append(" ")
        elif kind in ("kept", "other"):
            if found[0] in ("'", '"', "$", "\\"):
                return None
            out.append(found[0])
        else:
            value = _value(kind or "", found)
            if value is None:
                return None
            out.append(LITERAL)
            values.append(value)
    return _collapsed(re.sub(" +", " ", "".join(out)).strip(), values)


def _comment_end(text: str, at: int) -> int:
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return -1


def _value(kind: str, found: re.Match[str]) -> str | None:
    if kind == "string":
        return None if "\\" in found[0] else found[0]  # its end depends on standard_conforming_strings
    if kind == "number":
        return None if re.match(r"[\w$]", found.string[found.end() : found.end() + 1]) else found[0]
    if kind == "dollar":
        return "'" + found["body"].replace("'", "''") + "'"
    if kind == "escape":
        inner = found[0][2:-1]
        if any(mark[1] is not None and mark[1] not in "\\'" for mark in _ESCAPE.finditer(inner)):
            return None
        return "'" + _ESCAPE.sub(lambda mark: mark[1] or "'", inner).replace("'", "''") + "'"
    return None


def _collapsed(text: str, values: Sequence[str]) -> Taken:
    kept: list[str] = []
    pieces: list[str] = []
    used = last = 0
    for found in _COLLAPSE.finditer(text):
        between = text[last : found.start()].count(LITERAL)
        kept += values[used : used + between]
        used += between
        listed = found[0].count(LITERAL)
        kept.append(",".join(values[used : used + listed]))
        used += listed
        pieces += [text[last : found.start()], found[1], LIST, found[2]]
        last = found.end()
    return Taken("".join([*pieces, text[last:]]), (*kept, *values[used:]))


_PREFIXED = re.compile(rf"(?:^|[^A-Za-z_$])[eEbBxXnN]{LITERAL}|&[{LITERAL}\"]")
_TOUCHED = re.compile(rf"{LITERAL}[\w$]")
_QUOTED = re.compile(r'"[^"]*"')
_SPLIT = re.compile(rf"{_STRING}|{_NUMBER}")


def split(listed: str) -> list[str]:
    """The literals of a list, as written."""
    return _SPLIT.findall(listed)


def unquoted(literal: str) -> str:
    """The value of a literal as written: quotes gone."""
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal


def parameters(text: str | None) -> list[str | None]:
    """Bound values as pgaudit lists them: CSV; an empty field is NULL or an empty string, which it does not tell."""
    if text is None or text in ("<none>", "<not logged>"):
        return []
    row = next(csv.reader([text], strict=False), []) if '"' in text else text.split(",")
    return [None if value.startswith("<long param suppressed") else value for value in row]
