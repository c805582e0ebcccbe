"""Where in a value a rule's pattern stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kulla.detect import reference, regex
from kulla.detect.rule import Exists, Match, Named, Node, Not, Null, Regex, Test, Text
from kulla.events.fields import Event

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a value: whether a pattern stands there."""

    text: str
    marked: bool


def spans(test: Test, value: str) -> list[Span]:
    """The parts of `value` that the literals of a test met; none when it does not match, or says nothing of the text.

    >>> from kulla.detect.rule import Wild
    >>> spans(Text((Wild.MANY, "cmd", Wild.MANY, ".exe")), "C:\\\\CMD32.EXE")
    [(3, 6), (8, 12)]
    """
    view = reference.View({"": [value]})
    if isinstance(test, Exists | Null) or not view.meets(test, value):
        return []
    if isinstance(test, Text):
        return _text(test, value if test.cased else view.fold(value))
    if isinstance(test, Regex):
        return _regex(test, value)
    return [(0, len(value))] if value else []


def _text(test: Text, value: str) -> list[Span]:
    pieces = reference.pattern(test)
    if len(pieces) == 1:
        return [(0, len(value))] if value else []
    first, *middle, last = pieces
    found = [(0, reference.width(first))]
    position = found[0][1]
    for piece in middle:
        start = next(at for at in reference.places(piece, value, position) if reference.fits(piece, value, at))
        position = start + reference.width(piece)
        found.append((start, position))
    found.append((len(value) - reference.width(last), len(value)))
    return [(start, end) for start, end in found if end > start]


def _regex(test: Regex, value: str) -> list[Span]:
    data = value.encode("utf-8", "replace")
    match: Any = regex.compile_regex(test).search(data)
    start, end = (len(data[:at].decode("utf-8", "replace")) for at in match.span())
    return [(start, end)] if end > start else []


def leaves(node: Node, wanted: bool = True) -> Iterator[Match]:
    """The tests of a tree that speak for it: those under an odd number of `Not` are left out."""
    if isinstance(node, Match):
        if wanted:
            yield node
    elif isinstance(node, Not):
        yield from leaves(node.child, not wanted)
    else:
        for child in (node.child,) if isinstance(node, Named) else node.children:
            yield from leaves(child, wanted)


def marked(value: str, found: Iterable[Span]) -> list[Piece]:
    """The value in pieces, overlapping spans joined. The pieces' texts make the value.

    >>> [piece.text for piece in marked("abcdef", [(1, 3), (2, 4)])]
    ['a', 'bcd', 'ef']
    """
    pieces: list[Piece] = []
    at = 0
    for start, end in _joined(sorted(found)):
        pieces += [Piece(value[at:start], False), Piece(value[start:end], True)]
        at = end
    pieces.append(Piece(value[at:], False))
    return [piece for piece in pieces if piece.text] or [Piece(value, False)]


def _joined(found: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in found:
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def event(
    tree: Node | None, values: Event, also: Iterable[tuple[str, Test]] = ()
) -> list[tuple[str, list[list[Piece]], bool]]:
    """Every field of an event with its values in pieces, and whether a pattern stands in it; those first.

    `also`: (value, test) that an explanation names, for events whose fields a rule knows under other names.
    """
    tests = list(leaves(tree)) if tree is not None else []
    told = list(also)
    rows = []
    for name, texts in values.items():
        mine = [leaf.test for leaf in tests if leaf.field in (name, None)]
        shown = []
        for text in texts:
            asked = mine + [test for value, test in told if value == text]
            shown.append(marked(text, [span for test in asked for span in spans(test, text)]))
        rows.append((name, shown, any(piece.marked for pieces in shown for piece in pieces)))
    return sorted(rows, key=lambda row: not row[2])
