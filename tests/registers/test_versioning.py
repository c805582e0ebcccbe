"""Versions from changes, against an oracle that replays the transactions one by one."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.versioning import Applied, Change, Span, applied

State = dict[str, str]


@dataclass
class World:
    """What transactions did, as lines of changes and as the states that others could read after each commit."""

    changes: list[Change] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    states: list[tuple[int, State]] = field(default_factory=list)


ACTION = st.tuples(st.sampled_from("IUDKT"), st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("abc"))
TRANSACTIONS = st.lists(st.tuples(st.integers(1, 3), st.lists(ACTION, min_size=1, max_size=5)), max_size=8)


def lived(start: State, transactions: list[tuple[int, list[tuple[str, str, str, str]]]]) -> World:
    """Play the transactions, one after another; each commits a few microseconds after the last."""
    world, state, at = World(values=list(start.values())), dict(start), 100
    for number, (pause, actions) in enumerate(transactions):
        at += pause
        for action, key, value, other in actions:
            row = len(world.values)
            if action == "T" and key == "a":  # rarely
                state.clear()
                world.changes.append(Change(number, at, at, everything=True))
            elif action == "I" and key not in state:
                state[key] = value
                world.values.append(value)
                world.changes.append(Change(number, at, at, None, key, row))
            elif action == "U" and key in state and state[key] != value:
                state[key] = value
                world.values.append(value)
                world.changes.append(Change(number, at, at, key, key, row))
            elif action == "K" and key in state and other not in state:
                state[other] = state.pop(key)
                world.values.append(state[other])
                world.changes.append(Change(number, at, at, key, other, row))
            elif action == "D" and key in state:
                del state[key]
                world.changes.append(Change(number, at, at, key, None))
        world.states.append((at, dict(state)))
    return world


def read_at(start: State, world: World, moment: int) -> State:
    return next((state for at, state in reversed(world.states) if at <= moment), start)


def names(world: World, start: State) -> dict[int, str]:
    found = dict(enumerate(start))
    found.update({change.row: change.after for change in world.changes if change.after is not None})
    return found


def visible(done: Applied, world: World, start: State, moment: int) -> list[tuple[str, str]]:
    key = names(world, start)
    return sorted((key[s.row], world.values[s.row]) for s in (*done.closed, *done.lasting)
                  if s.valid_from <= moment and (s.valid_to is None or moment < s.valid_to))  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")), TRANSACTIONS)
def test_versions_say_what_could_be_read_at_every_moment(
    start: State, transactions: list[tuple[int, list[tuple[str, str, str, str]]]]
) -> None:
    world = lived(start, transactions)
    lasting = {key: Span(row, 0) for row, key in enumerate(start)}
    done = applied(lasting, world.changes, world.values)
    assert (done.unmatched, done.clock_steps) == (0, 0)
    for moment in (50, *range(100, 130)):
        assert visible(done, world, start, moment) == sorted(read_at(start, world, moment).items())
    assert all(span.valid_to is not None and span.valid_from < span.valid_to for span in done.closed)
    assert all(span.valid_to is None for span in done.lasting)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")), TRANSACTIONS, st.integers(0, 8))
def test_two_takes_say_the_same_as_one(
    start: State, transactions: list[tuple[int, list[tuple[str, str, str, str]]]], cut: int
) -> None:
    world = lived(start, transactions)
    whole = applied({key: Span(row, 0) for row, key in enumerate(start)}, world.changes, world.values)
    early = [change for change in world.changes if change.transaction < cut]
    one = applied({key: Span(row, 0) for row, key in enumerate(start)}, early, world.values)
    key = names(world, start)
    carried = {key[span.row]: Span(span.row, span.valid_from, span.known_from) for span in one.lasting}
    two = applied(carried, world.changes[len(early) :], world.values)

    def plain(spans: list[Span]) -> list[tuple[int, int, int | None]]:
        return sorted((span.row, span.valid_from, span.valid_to or 0) for span in spans)

    assert plain(two.lasting) == plain(whole.lasting)
    # A TRUNCATE of the second take ends what that take did not touch: the caller does that.
    if one.cleared is None and two.cleared is None:
        assert plain(one.closed + two.closed) == plain(whole.closed)


def test_a_commit_of_unknown_time_bounds_both_sides() -> None:
    done = applied({"a": Span(0, 5)}, [Change(1, 10, 90, "a", "a", 1), Change(2, 20, 90, "a", None)])
    first, second = done.closed
    assert (first.valid_from, first.valid_to, first.known_to) == (5, 90, 10)
    assert (second.valid_from, second.valid_to) == (10, 90)
    assert second.known_from == second.known_to
    assert done.lasting == []


def test_a_clock_that_steps_back_loses_no_version() -> None:
    done = applied(
        {}, [Change(1, 100, 100, None, "a", 0), Change(2, 50, 50, "a", "a", 1), Change(3, 60, 60, "a", None)]
    )
    assert done.clock_steps == 2
    assert [(s.row, s.valid_from, s.valid_to) for s in done.closed] == [(0, 100, 101), (1, 101, 102)]


def test_changes_of_rows_that_nobody_knew_are_counted() -> None:
    done = applied({}, [Change(1, 1, 1, "a", None), Change(2, 2, 2, None, "b", 0), Change(3, 3, 3, None, "b", 1)])
    assert done.unmatched == 2
    assert [span.row for span in done.lasting] == [1]
