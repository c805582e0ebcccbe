from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events.sqltemplate import template
from kulla.registers.replay.skeleton import (
    LIST,
    LITERAL,
    Taken,
    bare,
    literals,
    plain,
    skeletons,
    sound,
    split,
    taken,
    unquoted,
)

TEXT = pa.large_string()
PIECES = (
    "select ", "a", " ", "\n", "'", "''", "'x'", "'it''s'", "1", "-2.5e3", "1.5", "(", ")", "[", "]", ",", "=", "$1",
    "$$", "$x$", '"b c"', '"', "/*", "*/", "/* user=a; case=1/2 */", "--", "E'\\''", "e'a\\n'", "b'1'", "U&'x'", "ë",
    "ë1", "x1", "date'1'", "in (1, 2)", "in ('a','b' , 'c')", ";", "\\", ".", ":", "\x02", "or", "_", "1e",
    "'12E'", "'N'", "N", "&", "e", "ëE", "'1'",
)  # fmt: skip


def fast(text: str) -> Taken | None:
    """What the fast way makes of it; None when it leaves it to the slow one."""
    bared = bare(pa.array([text], TEXT))
    if not plain(bared)[0].as_py():
        return None
    skeleton = skeletons(bared)[0].as_py()
    if not sound(skeleton):
        return None
    found = [each[0].as_py() for each in literals(bared, skeleton)]
    assert None not in found
    return Taken(skeleton, tuple(",".join(split(each)) for each in found))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_the_fast_way_takes_apart_as_the_slow_one_does(text: str) -> None:
    found = fast(text)
    if found is not None:
        slow = taken(text)
        assert slow is not None
        assert found.skeleton.rstrip("; ") == slow.skeleton.rstrip("; ")
        assert found.literals == slow.literals


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_literal_is_left_that_the_template_hides(text: str) -> None:
    found = taken(text)
    if found is not None:
        hidden = template(text)
        shown = re.sub('"[^"]*"', "", found.skeleton)
        assert not set(shown) & set("'0123456789") - set(re.sub('"[^"]*"', "", hidden)), (text, hidden)


def test_statements_that_differ_in_values_share_a_skeleton() -> None:
    texts = [f"/* user=u{n}; case=2024/{n} */ SELECT * FROM t WHERE a = '{n}' AND b IN ({n}, 2)" for n in range(9)]
    bared = bare(pa.array(texts, TEXT))
    assert plain(bared).to_pylist() == [True] * 9
    found = skeletons(bared)
    assert found.dictionary.to_pylist() == [f"SELECT * FROM t WHERE a = {LITERAL} AND b IN ({LIST})"]
    assert literals(bared, found.dictionary[0].as_py())[0].to_pylist() == [f"'{n}'" for n in range(9)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SELECT E'it\\'s'", ("'it''s'",)),
        ("SELECT $q$a'b$q$ -- 'no'", ("'a''b'",)),
        ("SELECT /* 'no' /* nested */ */ 1", ("1",)),
        ("SELECT 'a', \"b'c\", 2", ("'a'", "2")),
    ],
)
def test_odd_literals_are_read_where_they_are_certain(text: str, values: tuple[str, ...]) -> None:
    found = taken(text)
    assert found is not None
    assert found.literals == values


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'open",
        "SELECT 'a\\' OR 1=1 --'",
        "SELECT E'\\x41'",
        "SELECT U&'x'",
        "/* open",
        "SELECT \x02",
        'SELECT "open',
    ],
)
def test_what_is_not_certain_is_refused(text: str) -> None:
    assert taken(text) is None
    assert fast(text) is None


def test_a_very_long_statement_is_refused() -> None:
    assert taken("SELECT '" + "a" * 11_000_000 + "'") is None


def test_unquoted() -> None:
    assert [unquoted(each) for each in ("'it''s'", "12")] == ["it's", "12"]
