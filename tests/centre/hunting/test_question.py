"""The question of a page, and what its parts lead to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.hunting.charts import HEIGHT, WIDTH, bars
from kulla.centre.hunting.question import Question, both, last_term
from kulla.lake.language import literal, parse
from kulla.lake.tree import And

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_spans_and_ends() -> None:
    assert Question.of({"q": " a "}, NOW) == Question("a", NOW - timedelta(days=7), None, "7d")
    assert Question.of({"span": "all"}, NOW) == Question("", None, None, "all")
    assert Question.of({"span": "all", "since": "2026-03-01T00:00Z"}, NOW).since is None
    changed = {"since": "2026-03-01T00:00Z", "span": "7d"}  # of a form that shows both, what was changed counts
    assert Question.of({**changed, "was": "7d"}, NOW).since == datetime(2026, 3, 1, tzinfo=UTC)
    assert Question.of({**changed, "was": ""}, NOW).since == NOW - timedelta(days=7)
    assert Question.of({"span": "7d", "was": "7d", "since": "", "until": ""}, NOW).span == "7d"
    assert Question.of({"span": "nonsense"}, NOW).since == NOW - timedelta(days=7)
    with timezone.override("Europe/Tirane"):
        local = Question.of({"since": "2026-03-01T10:00"}, NOW)
    assert local.since == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert Question.of({"since": "x"}, NOW).wrong
    assert Question.of({"since": "2026-03-02T00:00Z", "until": "2026-03-01T00:00Z"}, NOW).wrong


@given(st.text(max_size=8), st.sampled_from(["", "1h", "all"]))
def test_an_address_is_the_question_again(query: str, span: str) -> None:
    asked = Question.of({"q": query, "span": span}, NOW)
    assert Question.of(dict(parse_qsl(asked.address())), NOW) == asked
    part = Question.of(dict(parse_qsl(asked.address(since=NOW, until=NOW + timedelta(hours=1)))), NOW)
    assert (part.query, part.since, part.until) == (asked.query, NOW, NOW + timedelta(hours=1))


@given(st.sampled_from(["", "a", "a or b", "not a", "x:(a or b)", '"or"', "a and b"]), st.text(min_size=1, max_size=6))
def test_one_more_condition_narrows(query: str, value: str) -> None:
    more = f"host:{literal(value)}"
    found = parse(both(query, more))
    if not query:
        assert found == parse(more)
        return
    assert isinstance(found, And)
    before = parse(query)
    assert found.children == (*(before.children if isinstance(before, And) else (before,)), parse(more))


@given(st.text('a" ():\\', max_size=12))
def test_the_last_term_is_the_end_of_the_query(query: str) -> None:
    before, term = last_term(query)
    assert before + term == query


@pytest.mark.parametrize("counts", [[], [0, 0], [1, 0, 1_000_000], [5]])
def test_bars_stay_in_their_chart(counts: list[int]) -> None:
    edges = [NOW + timedelta(hours=number) for number in range(len(counts) + 1)]
    found = bars(edges, counts)
    assert [bar.count for bar in found] == [count for count in counts if count]
    for bar in found:
        assert 0 <= bar.x <= bar.x + bar.width <= WIDTH
        assert bar.y >= 0
        assert bar.y + bar.height == pytest.approx(HEIGHT, abs=0.02)
