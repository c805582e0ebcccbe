"""What a row of the hunt shows of an event."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.hunting.telling import TELLING, parts_of


@pytest.mark.parametrize("raw", ['{"a": 1}', "<x/>", '  {"a": 1}', "Nov 10 app01 sysmon: <Event><System/>", None])
def test_of_a_record_the_fields_that_tell_most_come_first(raw: str | None) -> None:
    fields = [
        ("Version", "5"),
        ("winlog.User", "arta"),
        ("winlog.CommandLine", "whoami"),
        ("User", "-"),
        ("Image", None),
    ]
    assert parts_of(raw, fields, 100) == ([("CommandLine", "whoami"), ("User", "arta")], False)


@pytest.mark.parametrize("raw", ["Nov 10 sshd[1]: Failed", "<38>Nov 10 sshd[1]: Failed"])
def test_a_line_stays_as_it_came(raw: str) -> None:
    assert parts_of(raw, [("User", "arta")], 100) == ([("", raw)], False)


def test_a_record_without_telling_fields_is_shown_as_it_is() -> None:
    assert parts_of('{"zz": 1}', [("zz", "1")], 5) == ([("", '{"zz"')], True)
    assert parts_of(None, [("zz", "1"), ("yy", None)], 50) == ([("", "zz=1")], False)


@given(
    st.none() | st.text(max_size=30), st.lists(st.tuples(st.sampled_from([*TELLING, "a.Image", "b"]),
    st.none() | st.text(max_size=400)), max_size=12), st.integers(1, 20),
)  # fmt: skip
def test_what_is_shown_is_short_and_says_when_it_was_cut(
    raw: str | None, fields: list[tuple[str, str | None]], length: int
) -> None:
    parts, cut = parts_of(raw, fields, length)
    assert len(parts) <= 7
    if parts and not parts[0][0]:
        assert len(parts[0][1]) <= length
        return
    values = [value for _, value in fields if value]
    for _name, value in parts:
        assert any(each.startswith(value) for each in values)
        assert value in values or cut
