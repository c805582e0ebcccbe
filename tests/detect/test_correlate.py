"""Correlations: each type by example, and the sliding windows against an obvious oracle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.detect.correlate import Correlator, Finding, Signal, checkpoint
from kulla.detect.correlate.windows import COMPARE
from kulla.detect.rule import Correlation, CorrelationType, Meta, Operator, Place

SECOND = 1_000_000


def correlation(
    kind: CorrelationType,
    rules: Sequence[str] = ("a",),
    bounds: Sequence[tuple[Operator, float]] = (("gte", 3),),
    span: int = 10,
    by: Sequence[str] = ("user",),
    of: Sequence[str] = (),
    identity: str = "k",
    percentile: float | None = None,
    aliases: Mapping[str, Mapping[str, str]] | None = None,
) -> Correlation:
    return Correlation(
        meta=Meta(identity, identity, Place("c.yml")),
        type=kind,
        rules=tuple(rules),
        group_by=tuple(by),
        timespan=dt.timedelta(seconds=span),
        bounds=tuple(bounds),
        value_fields=tuple(of),
        percentile=percentile,
        aliases=aliases or {},
    )


def signal(second: int, who: str = "a", number: int = 0, **values: str) -> Signal:
    held = {"user": "u", **values}
    return Signal(second * SECOND, (0, number), f"{second}-{number}", who, {k: (v,) for k, v in held.items()}, {})


def find(each: Correlation | Sequence[Correlation], signals: Sequence[Signal]) -> list[Finding]:
    correlator = Correlator([each] if isinstance(each, Correlation) else each)
    correlator.add(signals)
    return correlator.advance()


def test_event_count_fires_once_per_run_and_counts_both_ends_of_the_window() -> None:
    found = find(correlation("event_count"), [signal(0), signal(5), signal(10), signal(18), signal(100)])
    assert [(f.first, f.last, f.count, f.value) for f in found] == [(0, 10 * SECOND, 3, 3.0)]


def test_a_run_of_firings_is_one_finding() -> None:
    (found,) = find(correlation("event_count"), [signal(n) for n in range(0, 60, 4)])
    assert (found.first, found.last, found.count) == (0, 56 * SECOND, 15)


def test_a_window_one_microsecond_too_long_does_not_fire() -> None:
    late = Signal(10 * SECOND + 1, (0, 2), "late", "a", {"user": ("u",)}, {})
    assert find(correlation("event_count"), [signal(0), signal(5), late]) == []


def test_groups_are_apart_and_case_does_not_split_them() -> None:
    apart = [signal(0, user="x"), signal(1, user="y"), signal(2, user="z")]
    assert find(correlation("event_count"), apart) == []
    same = [signal(0, user="Admin"), signal(1, user="ADMIN"), signal(2, user="admin")]
    (found,) = find(correlation("event_count"), same)
    assert found.key == ("admin",)


def test_a_hit_without_a_group_field_stays_out() -> None:
    assert find(correlation("event_count", by=("user", "ip")), [signal(0), signal(1), signal(2)]) == []


def test_value_count_counts_distinct_values() -> None:
    each = correlation("value_count", of=("ip",))
    assert find(each, [signal(n, ip="1.1.1.1", number=n) for n in range(9)]) == []
    (found,) = find(each, [signal(n, ip=f"1.1.1.{n % 3}", number=n) for n in range(9)])
    assert found.value == 3.0


def test_temporal_needs_all_rules_in_any_order() -> None:
    each = correlation("temporal", rules=("a", "b"), bounds=())
    assert len(find(each, [signal(3, "b"), signal(5, "a")])) == 1
    assert find(each, [signal(3, "b"), signal(15, "a")]) == []


def test_temporal_ordered_needs_the_order() -> None:
    each = correlation("temporal_ordered", rules=("a", "b", "c"), bounds=())
    assert find(each, [signal(1, "c"), signal(2, "b"), signal(3, "a")]) == []
    assert len(find(each, [signal(1, "a"), signal(2, "b"), signal(3, "c")])) == 1
    assert find(each, [signal(1, "a"), signal(2, "b"), signal(12, "c")]) == []


def test_one_event_is_not_two_steps_of_an_order() -> None:
    each = correlation("temporal_ordered", rules=("a", "b"), bounds=())
    assert find(each, [signal(1, "a"), signal(1, "b")]) == []


@pytest.mark.parametrize(
    ("kind", "bound", "expected"),
    [
        ("value_sum", 30, 1),
        ("value_sum", 31, 0),
        ("value_avg", 10, 1),
        ("value_avg", 11, 0),
        ("value_median", 10, 1),
        ("value_median", 11, 0),
    ],
)
def test_numeric_types(kind: CorrelationType, bound: float, expected: int) -> None:
    """Over values that rise to their statistic: 5, 10, 15 and a text that is no number."""
    signals = [signal(0, bytes=text, number=n) for n, text in enumerate(["10", "5", "15", "none"])]
    assert len(find(correlation(kind, bounds=[("gte", bound)], of=("bytes",)), signals)) == expected


def test_rare_values_by_share() -> None:
    each = correlation("value_percentile", bounds=[("lte", 10)], of=("image",), span=100)
    signals = [signal(n, image="common.exe") for n in range(20)] + [signal(30, image="odd.exe")]
    (found,) = find(each, signals)
    assert found.final.value == ("odd.exe",)


def test_aliases_give_each_rule_its_own_field() -> None:
    each = correlation("temporal", rules=("a", "b"), bounds=(), by=("who",), aliases={"who": {"a": "src", "b": "dst"}})
    assert Correlator([each]).graph.needs == {"a": frozenset({"src"}), "b": frozenset({"dst"})}
    assert len(find(each, [signal(1, "a", src="h1"), signal(2, "b", dst="h1")])) == 1
    assert find(each, [signal(1, "a", src="h1"), signal(2, "b", src="h1", dst="h2")]) == []


def test_chained_correlations() -> None:
    inner = correlation("event_count", identity="spray")
    outer = correlation("temporal_ordered", rules=("spray", "b"), bounds=(), identity="spray_then_logon")
    found = find([outer, inner], [signal(0), signal(1), signal(2), signal(4, "b")])
    assert [f.correlation.meta.id for f in found] == ["spray", "spray_then_logon"]


def test_what_is_evicted_is_counted() -> None:
    correlator = Correlator([correlation("event_count", bounds=[("gte", 1000)])], limit=100)
    for start in range(0, 1000, 50):
        correlator.add(signal(n, number=n) for n in range(start, start + 50))
    assert correlator.evicted >= 900
    assert len(correlator.advance()) == 0


SIGNALS = st.lists(
    st.builds(
        lambda time, who, user, value: (time, who, user, value),
        st.integers(0, 25),
        st.sampled_from("ab"),
        st.sampled_from(["u", "U", "v"]),
        st.sampled_from(["1", "2", "2.5", "x", "-1"]),
    ),
    max_size=25,
)
KINDS: list[CorrelationType] = ["event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg",
                                "value_median", "value_percentile"]  # fmt: skip


def obvious(each: Correlation, signals: Sequence[Signal]) -> set[tuple[str, int]]:
    """(group, time) of every moment whose window meets the condition, straight from the definition."""
    span = round(each.timespan.total_seconds()) * SECOND
    met = set()
    for last in signals:
        if last.rule not in each.rules:
            continue
        user = last.values["user"][0].lower()
        window = [s for s in signals if s.rule in each.rules and s.values["user"][0].lower() == user
                  and last.time - span <= s.time <= last.time]  # fmt: skip
        number = measure(each, window, last)
        bounds = each.bounds or (("gte", 1.0 if each.type == "temporal_ordered" else float(len(each.rules))),)
        if number is not None and all(COMPARE[op](number, bound) for op, bound in bounds):
            met.add((user, last.time))
    return met


def measure(each: Correlation, window: Sequence[Signal], last: Signal) -> float | Fraction | None:
    values = [s.values["n"][0] for s in window]
    numbers = sorted(Fraction(v) for v in values if v != "x")
    match each.type:
        case "event_count":
            return len({s.event for s in window})
        case "value_count":
            return len(set(values))
        case "temporal":
            return len({s.rule for s in window})
        case "temporal_ordered":
            pairs = [(p, q) for p in window for q in window if p.rule == "a" and q.rule == "b"
                     and (p.time, p.order) < (q.time, q.order) and p.event != q.event
                     and q.time == last.time and last.rule == "b"]  # fmt: skip
            return float(bool(pairs))
        case "value_sum":
            return sum(numbers) if numbers else None
        case "value_avg":
            return sum(numbers) / len(numbers) if numbers else None
        case "value_median":
            middle = len(numbers) // 2
            if not numbers:
                return None
            return numbers[middle] if len(numbers) % 2 else (numbers[middle - 1] + numbers[middle]) / 2
        case _:
            return Fraction(100 * values.count(last.values["n"][0]), len(values))


def drawn(rows: Sequence[tuple[int, str, str, str]]) -> list[Signal]:
    return [
        Signal(time * SECOND, (0, number), f"e{number}", who, {"user": (user,), "n": (value,)}, {})
        for number, (time, who, user, value) in enumerate(rows)
    ]


BOUNDS = st.tuples(st.sampled_from(["gte", "lte", "eq", "gt", "lt", "neq"]), st.sampled_from([0, 1, 2, 2.5, 3, 50]))


def make(kind: CorrelationType, bound: tuple[Operator, float]) -> Correlation:
    ordered = kind in ("temporal", "temporal_ordered")
    of = ("n",) if kind.startswith("value") else ()
    return correlation(kind, rules=("a", "b"), bounds=() if ordered else (bound,), span=6, of=of)


@settings(max_examples=300, deadline=None)
@given(SIGNALS, st.sampled_from(KINDS), BOUNDS)
def test_windows_equal_the_obvious_definition(
    rows: Sequence[tuple[int, str, str, str]], kind: CorrelationType, bound: tuple[Operator, float]
) -> None:
    each, signals = make(kind, bound), drawn(rows)
    met = obvious(each, signals)
    found = find(each, signals)
    covered = {(f.key[0].lower(), time) for f in found for user, time in met if user == f.key[0].lower()
               and f.first <= time <= f.last}  # fmt: skip
    assert covered == met
    assert {(f.key[0].lower(), f.last) for f in found} <= met


@settings(max_examples=150, deadline=None)
@given(SIGNALS, st.sampled_from(KINDS), BOUNDS, st.randoms(use_true_random=False), st.integers(1, 8))
def test_order_parts_and_watermarks_change_nothing(
    rows: Sequence[tuple[int, str, str, str]],
    kind: CorrelationType,
    bound: tuple[Operator, float],
    random: object,
    step: int,
) -> None:
    each, signals = make(kind, bound), drawn(rows)
    whole = find(each, signals)
    shuffled = list(signals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    half = Correlator([each])
    half.add(shuffled[::2])
    other = Correlator([each])
    other.add(shuffled[1::2])
    half.merge(other)
    assert half.advance() == whole
    live = Correlator([each])
    found: list[Finding] = []
    for start in range(0, 30, step):
        live.add(s for s in signals if start * SECOND <= s.time < (start + step) * SECOND)
        found += live.advance((start + step) * SECOND - 1)
        live = checkpoint.load(checkpoint.dump(live), [each])
    found += live.advance()
    order = lambda f: (f.key, f.first, f.last)  # noqa: E731
    assert sorted(found, key=order) == sorted(whole, key=order)


def test_a_state_of_another_version_is_refused() -> None:
    data = checkpoint.dump(Correlator([])).replace(b'"version":2', b'"version":99')
    with pytest.raises(ValueError, match="version 2"):
        checkpoint.load(data, [])


def test_a_state_of_version_1_is_read() -> None:
    each = correlation("event_count")
    data = b"""{"version":1,"evicted":4,"groups":[["k",["u"],0,[[["u"],0,[0,0],"e0",0,[],{}]]]]}"""
    state = checkpoint.load(data, [each])
    state.add([signal(1, number=1), signal(2, number=2)])
    assert [(found.first, found.last, found.count) for found in state.advance()] == [(0, 2 * SECOND, 3)]
    assert state.evicted == 4


CHAIN = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("ab"), st.sampled_from("uU")), max_size=25)


@settings(max_examples=300, deadline=None)
@given(CHAIN, st.sampled_from(["event_count", "temporal", "temporal_ordered"]), st.integers(1, 8), st.integers(1, 12))
def test_watermarks_change_nothing_for_correlations_of_correlations(
    rows: Sequence[tuple[int, str, str]], kind: CorrelationType, step: int, span: int
) -> None:
    inner = correlation("event_count", ("a",), (("gte", 2),), span=5, identity="in")
    middle = correlation("event_count", ("in",), (("gte", 1),), span=3, identity="mid")
    outer = correlation(kind, ("mid", "b"), (("gte", 2),) if kind == "event_count" else (), span=span, identity="out")
    rules = [outer, middle, inner]
    signals = drawn([(time, who, user, "") for time, who, user in rows])
    live, found = Correlator(rules), []
    for start in range(0, 41, step):
        live.add(each for each in signals if start * SECOND <= each.time < (start + step) * SECOND)
        found += live.advance((start + step) * SECOND - 1)
        live = checkpoint.load(checkpoint.dump(live), rules)
    found += live.advance()
    order = lambda f: (f.correlation.meta.id, f.key, f.first, f.last)  # noqa: E731
    assert sorted(found, key=order) == sorted(find(rules, signals), key=order)


def test_a_run_without_end_is_held_no_longer_than_its_window() -> None:
    live, most = Correlator([correlation("event_count")]), 0
    for second in range(2_000):
        live.add([signal(second, number=second)])
        assert live.advance(second * SECOND) == []
        most = max(most, live.held)
    assert most <= 12
    (found,) = live.advance()
    assert (found.first, found.last, found.count, len(found.entries)) == (0, 1_999 * SECOND, 2_000, 50)
    assert found.entries[:2] == find(correlation("event_count"), [signal(n, number=n) for n in range(9)])[0].entries[:2]


def test_of_an_open_run_whose_hits_had_to_go_all_are_counted() -> None:
    live = Correlator([correlation("event_count", span=100)], limit=20)
    for second in range(60):
        live.add([signal(second, number=second)])
        live.advance(second * SECOND)
    (found,) = live.advance()
    assert (found.count, live.held) == (60, 0)
    assert live.evicted > 0
