"""Where a pattern stands in a value."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.alerts.highlight import event, leaves, marked, spans
from kulla.detect import reference
from kulla.detect.pattern import normal
from kulla.detect.rule import And, Cidr, Compare, Exists, Match, Named, Not, Null, Or, Regex, Text, Wild
from kulla.events.text import fold

_parts = st.lists(st.sampled_from(["a", "B", "ë", "ab", Wild.MANY, Wild.ONE]), max_size=6).map(normal)  # type: ignore[arg-type]


@given(_parts, st.text("aAbBëËx", max_size=12))
def test_literals_are_found_where_the_value_matches_and_nowhere_else(parts: tuple[str | Wild, ...], value: str) -> None:
    test = Text(parts)
    found = spans(test, value)
    if not reference.View({"f": [value]}).meets(test, value):
        assert found == []
        return
    assert found == sorted(found)
    whole = [(a, b) for a, b in found]
    pieces = [piece for piece in reference.pattern(test) if piece]
    assert all(0 <= start < end <= len(value) for start, end in whole)
    if len(reference.pattern(test)) > 1:
        assert len(whole) == len(pieces)
        for piece, (start, end) in zip(pieces, whole, strict=True):
            assert reference.fits(piece, fold(value)[:end], start)


@given(st.text("abc", max_size=9), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5))
def test_pieces_make_the_value(value: str, ends: list[tuple[int, int]]) -> None:
    found = [(a, b) for a, b in ends if a < b <= len(value)]
    pieces = marked(value, found)
    assert "".join(piece.text for piece in pieces) == value
    covered = {at for a, b in found for at in range(a, b)}
    at = 0
    for piece in pieces:
        assert {position in covered for position in range(at, at + len(piece.text))} <= {piece.marked}
        at += len(piece.text)


def test_other_tests() -> None:
    from ipaddress import IPv4Network

    assert spans(Regex("ë.c", "i"), "xxËbC!") == [(2, 5)]
    assert spans(Regex("q"), "x") == []
    assert spans(Regex("x*"), "bbb") == []
    assert spans(Cidr(IPv4Network("10.0.0.0/8")), "10.1.2.3") == [(0, 8)]
    assert spans(Compare("gt", 5), "7") == [(0, 1)]
    assert spans(Compare("gt", 5), "3") == []
    assert spans(Null(), "") == []
    assert spans(Exists(True), "x") == []


def test_what_must_not_hold_is_not_marked() -> None:
    a, b, c = (Match(name, Text((Wild.MANY, name, Wild.MANY))) for name in "abc")
    tree = And((Named("s", Or((a, b))), Not(And((c, Not(b))))))
    assert list(leaves(tree)) == [a, b, b]
    rows = event(tree, {"c": ["ccc"], "a": ["xax", "y"]})
    assert [name for name, _, _ in rows] == ["a", "c"]
    assert [[(p.text, p.marked) for p in pieces] for pieces in rows[0][1]] == [
        [("x", False), ("a", True), ("x", False)], [("y", False)],
    ]  # fmt: skip
    assert not rows[1][2]


def test_a_keyword_is_marked_in_every_field() -> None:
    rows = event(Match(None, Text((Wild.MANY, "evil", Wild.MANY))), {"a": ["EVIL"], "b": ["not evil"], "c": ["good"]})
    assert [hit for _, _, hit in rows] == [True, True, False]
