"""A protected list and a leak meet, and only the list's owner learns who is in both."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.errors import InputError
from kulla.leaks import protected
from kulla.leaks.protected import Member, answer, new_list_key, open_answer, read_list, seal_list

KEY = new_list_key()
MEMBERS: list[Member] = [("national_id", f"J{n:08}A") for n in range(30)] + [("phone", "69123456")]


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 60), max_size=40))
def test_the_owner_learns_exactly_who_is_in_both(leaked: set[int]) -> None:
    sealed = read_list(seal_list("judges", MEMBERS, KEY), "judges")
    values = [("national_id", f"J{n:08}A") for n in leaked] + [("plate", "69123456")]
    leak, found = open_answer(answer(sealed, values, "leak-1"), MEMBERS, KEY, "answer")
    assert leak == "leak-1"
    assert set(found) == set(MEMBERS) & set(values)


def test_sizes_tell_nothing() -> None:
    lists = {len(seal_list("x", MEMBERS[:n], KEY)) for n in (1, 10, 31)}
    assert len(lists) == 1
    sealed = read_list(seal_list("x", MEMBERS, KEY), "x")
    answers = {len(answer(sealed, values, "l")) for values in ([], MEMBERS[:1], MEMBERS, [("plate", "AA001AA")])}
    assert len(answers) == 1


def test_neither_list_nor_answer_holds_a_value_or_its_hash() -> None:
    text = seal_list("x", MEMBERS, KEY)
    sealed = read_list(text, "x")
    hashes = {protected.hashed(member) for member in MEMBERS}
    assert not hashes & set(sealed.points)
    told = text + answer(sealed, MEMBERS, "l")
    assert not any(value.encode() in told for _, value in MEMBERS)


def test_two_answers_share_no_point() -> None:
    sealed = read_list(seal_list("x", MEMBERS, KEY), "x")
    first, second = (orjson.loads(answer(sealed, MEMBERS, "l"))["body"] for _ in range(2))
    assert first[:200] != second[:200]


def test_another_key_opens_nothing() -> None:
    sealed = read_list(seal_list("x", MEMBERS, KEY), "x")
    with pytest.raises(InputError, match="no answer to a list of this key"):
        open_answer(answer(sealed, MEMBERS, "l"), MEMBERS, new_list_key(), "a.json")


def test_another_list_of_the_same_key_is_refused() -> None:
    many: list[Member] = [("plate", f"AA{n:05}") for n in range(1100)]
    sealed = read_list(seal_list("x", many, KEY), "x")
    with pytest.raises(InputError, match="answers another list"):
        open_answer(answer(sealed, many, "l"), MEMBERS, KEY, "a.json")


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[1]", b'{"kulla_protected_list":1,"name":"x","public":"!","points":""}']
)
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(InputError, match=r"l\.json: is no protected list"):
        read_list(text, "l.json")


def test_hostile_points_are_refused() -> None:
    told = orjson.loads(seal_list("x", MEMBERS, KEY))
    told["points"] = "A" * 43 + "="
    with pytest.raises(InputError, match="a point that no value has"):
        answer(read_list(orjson.dumps(told), "l.json"), MEMBERS, "l")


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InputError, match="no member"):
        seal_list("x", [], KEY)
