"""Which letter a message answers: numbers of every zone, and nothing but what the code proves."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.notices import threads
from kulla.centre.notices.mail import Mail
from kulla.centre.people.zones import LETTERS

letters = st.sampled_from(sorted(LETTERS.values()))
numbers = st.builds("R-{}-{}-{:05d}".format, letters, st.integers(2026, 2030), st.integers(1, 9_999_999))


@given(numbers, st.sampled_from([str.upper, str.lower]))
def test_a_letters_id_and_address_prove_their_number(number: str, written: Callable[[str], str]) -> None:
    for told in (
        Mail(ids=("<other@x>", written(threads.new_id(number, "c.example")))),
        Mail(to=f"Centre <{written(threads.answer_address(number, 'reports@c.example'))}>"),
    ):
        assert threads.proven(told) == number


@given(numbers, numbers)
def test_the_code_of_one_number_proves_no_other(number: str, other: str) -> None:
    forged = threads.new_id(number, "c.example").replace(number, other)
    assert threads.proven(Mail(ids=(forged,))) == (number if number == other else "")


@given(numbers)
def test_a_number_in_a_subject_is_a_claim(number: str) -> None:
    told = Mail(subject=f"Re: [Qendra {number}] phish")
    assert (threads.claimed(told), threads.proven(told)) == (number, "")
    assert threads.claimed(Mail(subject=f"Re: {number[2:]}")) == ""
    assert threads.claimed(Mail(subject=f"Re: R-X{number[3:]}")) == ""
