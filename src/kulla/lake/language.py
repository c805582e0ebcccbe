"""The search language: text in, a tree out. Pure.

    failed logon                 two words: both stand in the raw record, whatever their case
    "failed logon"               a phrase: exactly this text, blanks included; `""` inside is one quote
    pow*shell                    `*` is any text, `?` one character; inside quotes both are themselves
    EventID:4625                 a field's whole value
    Image:*\\cmd.exe              with wildcards; a backslash is always itself
    "Source Name":System         a name with blanks, in quotes
    CommandLine:*                the field is there, with a value
    Status:(401 or 403)          several values of one field
    bytes:>=1000  bytes:[10 TO 20]   ranges, ends included; `*` leaves an end open
    a and (b or not c)           `not` binds closest, then `and`, then `or`; words side by side are joined by `and`

Names of fields and all values are compared by `kulla.events.text.fold`. A name also finds the elements of arrays
(`a.b` finds `a[0].b`), and names in `LABELS` find the event's own columns beside a field of that name. When a range's
ends are numbers, values that are no numbers are outside; other ranges compare text. `not` is true where the field is
absent or there is no raw record.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kulla.errors import UsageError
from kulla.events.text import fold
from kulla.lake.tree import (
    And,
    Between,
    Compare,
    Everything,
    Field,
    Node,
    Not,
    Operator,
    Or,
    Pattern,
    Wild,
    Word,
    both,
    either,
    pattern,
)

MOST_CHARACTERS: Final = 10_000
MOST_TERMS: Final = 500
MOST_DEPTH: Final = 50


class QueryError(UsageError):
    """A query that cannot be read. `column` counts characters from 1."""

    def __init__(self, column: int, text: str) -> None:
        super().__init__(f"query, column {column}: {text}")
        self.column = column


def parse(text: str) -> Node:
    """The tree of a query. Raises QueryError with the column of the fault.

    >>> parse("Image:x*")
    Field(name='Image', pattern=Pattern(parts=('x', <Wild.MANY: '*'>)))
    """
    if len(text) > MOST_CHARACTERS:
        raise QueryError(MOST_CHARACTERS + 1, f"longer than {MOST_CHARACTERS:,} characters; ask in parts")
    return _Parser(text).whole()


_BLANK = " \t\r\n"
_KEYWORDS = frozenset(["and", "or", "not"])
_OPERATORS: tuple[Operator, ...] = (">=", "<=", ">", "<")


@dataclass(slots=True)
class _Text:
    """A term's text as read: its parts, where it began, and whether any of it stood in quotes."""

    parts: list[str | Wild]
    begin: int
    quoted: bool

    def keyword(self) -> str | None:
        if self.quoted or len(self.parts) != 1 or not isinstance(self.parts[0], str):
            return None
        return self.parts[0].lower() if self.parts[0] in (self.parts[0].lower(), self.parts[0].upper()) else None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._terms, self._depth = text, 0, 0, 0

    def whole(self) -> Node:
        self._skip()
        if self._at == len(self._text):
            return Everything()
        node = self._or(None)
        if self._at < len(self._text):
            raise self._fault("`)` without a `(` before it")
        return node

    def _fault(self, text: str, at: int | None = None) -> QueryError:
        return QueryError((self._at if at is None else at) + 1, text)

    def _skip(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in _BLANK:
            self._at += 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _keyword(self, wanted: str) -> bool:
        """Take this keyword if it comes next."""
        self._skip()
        begin = self._at
        if self._peek() in ("", "(", ")"):
            return False
        if self._read(":").keyword() == wanted and self._peek() != ":":
            return True
        self._at = begin
        return False

    def _or(self, field: str | None) -> Node:
        children = [self._and(field)]
        while self._keyword("or"):
            children.append(self._and(field))
        return either(*children)

    def _and(self, field: str | None) -> Node:
        children = [self._not(field)]
        while True:
            if self._keyword("and"):
                children.append(self._not(field))
                continue
            self._skip()
            begin = self._at
            if self._peek() in ("", ")") or self._keyword("or"):
                self._at = begin
                return both(*children)
            children.append(self._not(field))

    def _not(self, field: str | None) -> Node:
        if self._keyword("not"):
            return Not(self._deeper(lambda: self._not(field)))
        return self._primary(field)

    def _deeper(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self._fault(f"nested more than {MOST_DEPTH} deep")
        node = read()
        self._depth -= 1
        return node

    def _primary(self, field: str | None) -> Node:
        self._skip()
        begin = self._at
        if self._peek() == "(":
            self._at += 1
            node = self._deeper(lambda: self._or(field))
            self._skip()
            if self._peek() != ")":
                raise self._fault("this `(` is never closed; add `)`", begin)
            self._at += 1
            return node
        if self._peek() in ("", ")"):
            raise self._fault("a word or field:value is missing here")
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise self._fault(f"more than {MOST_TERMS} terms; ask in parts")
        return self._term() if field is None else self._value(field)

    def _term(self) -> Node:
        if self._peek() == ":":
            raise self._fault("a field's name is missing before `:`; put text with `:` in quotes")
        read = self._read(":")
        if self._peek() != ":":
            if read.keyword() in _KEYWORDS:
                raise self._fault("a word is missing before this; put it in quotes to search for it", read.begin)
            return Word(pattern(*read.parts))
        if any(isinstance(part, Wild) for part in read.parts):
            raise self._fault("a field's name has no wildcards", read.begin)
        name = "".join(part for part in read.parts if isinstance(part, str))
        if not name:
            raise self._fault("a field's name cannot be empty", read.begin)
        self._at += 1
        if self._peek() == "(":
            return self._primary(name)
        return self._value(name)

    def _value(self, name: str) -> Node:
        if self._peek() == "[":
            return self._between(name)
        for operator in _OPERATORS:
            if self._text.startswith(operator, self._at):
                self._at += len(operator)
                return Compare(name, operator, str(self._bound("")))
        if self._peek() in ("", ")", *_BLANK):
            raise self._fault("a value is missing after `:`; write name:* for any value")
        begin = self._at
        read = self._read("")
        if read.keyword() in _KEYWORDS:
            raise self._fault("a value is missing before this; put it in quotes to search for it", begin)
        return Field(name, pattern(*read.parts))

    def _between(self, name: str) -> Node:
        begin = self._at
        self._at += 1
        self._skip()
        low = self._bound("]", wild=True)
        self._skip()
        if self._text[self._at : self._at + 2] not in ("TO", "to"):
            raise self._fault("TO is missing; a range is [low TO high]")
        self._at += 2
        self._skip()
        high = self._bound("]", wild=True)
        self._skip()
        if self._peek() != "]":
            raise self._fault("this `[` is never closed; a range is [low TO high]", begin)
        self._at += 1
        if low is None and high is None:
            return Field(name, Pattern((Wild.MANY,)))
        if low is None or high is None:
            return Compare(name, "<=", str(high)) if low is None else Compare(name, ">=", str(low))
        return Between(name, low, high)

    def _bound(self, stops: str, wild: bool = False) -> str | None:
        """An end of a range; None when it is left open."""
        begin = self._at
        if self._peek() in ("", ")", *_BLANK, *stops):
            raise self._fault("a range's end is missing")
        read = self._read(stops)
        if wild and read.parts == [Wild.MANY]:
            return None
        if any(isinstance(part, Wild) for part in read.parts):
            raise self._fault("a range's end has no wildcards; put it in quotes", begin)
        return "".join(part for part in read.parts if isinstance(part, str))

    def _read(self, stops: str) -> _Text:
        """Text up to a blank, a bracket or one of `stops`: literals, quoted or not, and wildcards."""
        read = _Text([], self._at, False)
        plain: list[str] = []
        while (char := self._peek()) and char not in _BLANK and char not in "()" and char not in stops:
            if char == '"':
                read.quoted = True
                plain.append(self._quoted())
                continue
            if char in "*?":
                read.parts.append("".join(plain))
                read.parts.append(Wild(char))
                plain = []
            else:
                plain.append(char)
            self._at += 1
        read.parts.append("".join(plain))
        read.parts = [part for part in read.parts if part != ""]
        return read

    def _quoted(self) -> str:
        begin, found = self._at, []
        self._at += 1
        while (char := self._peek()) != "":
            self._at += 1
            if char != '"':
                found.append(char)
            elif self._peek() == '"':
                found.append('"')
                self._at += 1
            else:
                return "".join(found)
        raise self._fault('this quote is never closed; add `"`', begin)


_PLAIN = re.compile(r"[\w\\/.@%$#+,;!&|~^'`{}-]+")


def show(node: Node) -> str:
    """The query as text, so that `parse(show(node)) == node`.

    >>> show(parse('a   (Image:x   or b)'))
    'a and (Image:x or b)'
    """
    if isinstance(node, And | Or):
        word = " and " if isinstance(node, And) else " or "
        return word.join(f"({show(each)})" if isinstance(each, And | Or) else show(each) for each in node.children)
    if isinstance(node, Not):
        return f"not ({show(node.child)})" if isinstance(node.child, And | Or) else f"not {show(node.child)}"
    if isinstance(node, Word):
        return _shown(node.pattern)
    if isinstance(node, Field):
        return f"{literal(node.name)}:{_shown(node.pattern)}"
    if isinstance(node, Compare):
        return f"{literal(node.name)}:{node.operator}{literal(node.bound)}"
    if isinstance(node, Between):
        return f"{literal(node.name)}:[{literal(node.low)} TO {literal(node.high)}]"
    return ""


def _shown(pattern: Pattern) -> str:
    return "".join(part.value if isinstance(part, Wild) else literal(part) for part in pattern.parts) or '""'


def literal(text: str) -> str:
    """A text as a query says it: in quotes where it must be."""
    if _PLAIN.fullmatch(text) and fold(text) not in (*_KEYWORDS, "to"):
        return text
    return '"' + text.replace('"', '""') + '"'
