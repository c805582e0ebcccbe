"""What the short ways of reading JSON may skip."""

from __future__ import annotations

import re

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.events import jsonnames, jsonread

PARTS = st.sampled_from(
    ['"a"', '"a b"', '"a\\":"', '" x"', '"\\\\"', " ", "\t", ":", "{", "}", ",", "1", "[", "]", '"a":1', '"a" :1',
     '"b":"c"', '"a":{"a":2}', "1e300"]
)  # fmt: skip


def count(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, list) else 0


@settings(max_examples=500, deadline=None)
@given(st.lists(PARTS, max_size=9).map(lambda parts: "{" + "".join(parts) + "}"))
def test_what_is_proven_holds_every_name_of_the_text(text: str) -> None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    plain = re.sub(r"\\.", "", text)
    if jsonread.proven(text, found):
        assert len(re.findall(r'"[ \t\r\n]*:', plain)) == count(found)


def test_a_repeated_name_is_never_proven() -> None:
    for text in (
        '{"a":1,"a":2}',
        '{"a" :1,"a":2}',
        '{"a":1,"a":"\\":"}',
        '{"x":{"a":1,"a":2}}',
        '{"a"\n:1,"a":"\\":"}',
    ):
        assert not jsonread.proven(text, orjson.loads(text))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "a.b", "a[0]"]), inner),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["a", "b", "a.b", "a[0]", "a.b[0]"]), VALUES))
def test_pairs_of_what_nests_are_the_members(event: dict[str, object]) -> None:
    assert jsonnames.pairs(event) == [(each.stored, each.text) for each in jsonnames.members(event)]
