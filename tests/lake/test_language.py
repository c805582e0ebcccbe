from __future__ import annotations

import lakes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.lake.language import MOST_CHARACTERS, MOST_TERMS, QueryError, parse, show
from kulla.lake.tree import (
    And,
    Between,
    Compare,
    Everything,
    Field,
    Node,
    Not,
    Or,
    Wild,
    Word,
    pattern,
)

MANY, ONE = Wild.MANY, Wild.ONE


def word(*parts: str | Wild) -> Word:
    return Word(pattern(*parts))


def field(name: str, *parts: str | Wild) -> Field:
    return Field(name, pattern(*parts))


CASES: list[tuple[str, Node]] = [
    ("", Everything()),
    ("   ", Everything()),
    ("failed", word("failed")),
    ("failed logon", And((word("failed"), word("logon")))),
    ('"failed logon"', word("failed logon")),
    ('"a ""b"" c"', word('a "b" c')),
    ("pow*sh?ll", word("pow", MANY, "sh", ONE, "ll")),
    ('a"*"*b', word("a*", MANY, "b")),
    ('""', word()),
    ("EventID:4625", field("EventID", "4625")),
    ("Image:C:\\Windows\\*", field("Image", "C:\\Windows\\", MANY)),
    ('"Source Name":System', field("Source Name", "System")),
    ('x:""', field("x")),
    ("x:*", field("x", MANY)),
    ("ip:::1", field("ip", "::1")),
    ("Status:(401 or 403)", Or((field("Status", "401"), field("Status", "403")))),
    ("Status:(not 401)", Not(field("Status", "401"))),
    ("n:>=5", Compare("n", ">=", "5")),
    ("n:<-1", Compare("n", "<", "-1")),
    ("n:[a TO b]", Between("n", "a", "b")),
    ("n:[ 5 TO * ]", Compare("n", ">=", "5")),
    ("n:[* TO 5]", Compare("n", "<=", "5")),
    ("n:[* TO *]", field("n", MANY)),
    ("a and b or c", Or((And((word("a"), word("b"))), word("c")))),
    ("a AND (b OR c)", And((word("a"), Or((word("b"), word("c")))))),
    ("not a b", And((Not(word("a")), word("b")))),
    ("not not a", Not(Not(word("a")))),
    ("a not b", And((word("a"), Not(word("b"))))),
    ('"and"', word("and")),
    ("android order nothing", And((word("android"), word("order"), word("nothing")))),
    ("and:x", field("and", "x")),
    ("And", word("And")),
    ("(a)", word("a")),
]


@pytest.mark.parametrize(("text", "tree"), CASES)
def test_a_query_is_read(text: str, tree: Node) -> None:
    assert parse(text) == tree
    assert parse(show(tree)) == tree


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("(a", 1, "never closed"),
        ("a)", 2, "without a"),
        ("a or", 5, "missing"),
        ("or a", 1, "quotes"),
        ("a and and b", 7, "quotes"),
        ("not", 4, "missing"),
        ("()", 2, "missing"),
        ('a "b', 3, "never closed"),
        (":x", 1, "name is missing"),
        ("x:", 3, "value is missing"),
        ("x: y", 3, "value is missing"),
        ("x*:y", 1, "wildcards"),
        ('"":y', 1, "empty"),
        ("n:>", 4, "end is missing"),
        ("n:>a*", 4, "wildcards"),
        ("n:[a b]", 6, "TO is missing"),
        ("n:[a TO", 8, "end is missing"),
        ("n:[a TO b", 3, "never closed"),
        ("x:(a or", 8, "missing"),
        ("x:and", 3, "quotes"),
    ],
)
def test_a_fault_is_told_with_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(QueryError, match=f"column {column}: .*{says}") as caught:
        parse(text)
    assert caught.value.column == column
    assert caught.value.exit_code == 2


def test_what_is_too_large_is_refused() -> None:
    for text in ("x" * (MOST_CHARACTERS + 1), "a " * (MOST_TERMS + 1), "(" * 200 + "a" + ")" * 200, "not " * 200 + "a"):
        with pytest.raises(QueryError):
            parse(text)


@given(lakes.queries)
@settings(deadline=None)
def test_what_is_shown_is_read_back(tree: Node) -> None:
    assert parse(show(tree)) == tree


@given(st.text('ab:*?"()[]<>= TOandrt\n', max_size=20))
@settings(deadline=None)
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    fault = 1
    try:
        tree = parse(text)
    except QueryError as error:
        tree, fault = Everything(), error.column
    assert parse(show(tree)) == tree
    assert 1 <= fault <= len(text) + 1
