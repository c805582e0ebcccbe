from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.detect.yamlines import MAX_DEPTH, Map, Seq, documents


def test_lines_are_those_of_the_text() -> None:
    found, _ = documents("a: 1\nb:\n  - x\n  - c: y\n    d: z\n---\n- q\n")
    top = found[0].value
    assert isinstance(top, Map)
    inner = top["b"]
    assert isinstance(inner, Seq)
    assert isinstance(inner[1], Map)
    assert (top.line_of("b"), inner.lines, inner[1].line_of("d"), found[1].line) == (2, [3, 4], 5, 7)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: [1\nb: 2", 2, "not YAML"),
        ("a: 1\na: 2", 2, "twice"),
        ("a: *b", 1, "refers to no"),
        ("a: &b [*b]", 1, "refers to no"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", 2, "tag"),
        ("a: !mine x", 1, "tag"),
        ("? [a]\n: b", 1, "key"),
        ("a\x00b", 1, "character"),
        ("a: \ud800", 1, "character"),
        ("x: 1\n<<: 5\n<<: [1]", 3, "takes a map"),
        ("[" * (MAX_DEPTH + 1), 1, "nested"),
        ("- " * 200_000 + "a", 1, "nested"),
        ("[" * 2_000_000, 1, "nested"),
        ("a" * (17 * 1024 * 1024), 1, "longer"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text: str, line: int, said: str) -> None:
    _, faults = documents(text)
    assert faults[0].line == line
    assert said in faults[0].message


def test_alias_bombs_are_refused_quickly() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.process_time()
    _, faults = documents("\n".join(rows))
    assert "aliases counted" in faults[0].message
    assert time.process_time() - began < 1


def test_aliases_and_merges_give_values() -> None:
    found, faults = documents("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: *x\n")
    assert not faults
    assert found[0].value == {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}, "c": {"p": 1, "q": 2}}


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(_values)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    text = yaml.safe_dump(value)
    found, faults = documents(text)
    if "<<" not in text:
        assert not faults
        assert found[0].value == value
