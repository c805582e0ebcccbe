from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.vault.custody import (
    REQUIRED,
    CustodyEvent,
    Kind,
    Problem,
    anchored,
    follow,
    read_anchor,
    read_event,
    verify,
    verify_all,
)
from kulla.errors import InputError, UsageError

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
PUBLIC = [KEY.public_key()]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KINDS: tuple[Kind, ...] = ("intake", "viewed", "exported", "transferred", "sealed", "released", "viewed", "disposed")


def details(kind: Kind) -> dict[str, str]:
    return {name: "01" * 32 if name == "sha256" else f"the {name}" for name in REQUIRED[kind]}


def after(before: CustodyEvent | None, kind: Kind, item: str = "E-1", key: Ed25519PrivateKey = KEY) -> CustodyEvent:
    seq = before.seq if before else 0
    return follow(before, item, kind, NOW + timedelta(hours=seq), "a.hoxha", "përse", "room 4", details(kind), key)


def chain(length: int = len(KINDS), item: str = "E-1") -> list[CustodyEvent]:
    found: list[CustodyEvent] = []
    for kind in KINDS[:length]:
        found.append(after(found[-1] if found else None, kind, item))
    return found


def problems(events: list[CustodyEvent]) -> tuple[Problem, ...]:
    return verify("E-1", events, PUBLIC)


def test_a_chain_as_it_was_made_holds() -> None:
    assert [each.seq for each in chain()] == list(range(1, 9))
    assert problems(chain()) == ()
    assert [read_event(each.line()) for each in chain()] == chain()
    assert [read_event(each.line().decode()) for each in chain()] == chain()


@given(st.integers(0, 7), st.sampled_from(["actor", "reason", "place", "details", "time", "kind", "item", "previous"]))
def test_any_field_altered_is_found_at_its_event(at: int, name: str) -> None:
    events = chain()
    new: Any = {
        "details": {**events[at].details, "x": "y"}, "time": events[at].time + timedelta(seconds=1),
        "kind": "sealed" if events[at].kind != "sealed" else "viewed", "previous": "1" * 64,
    }.get(name, "someone else")  # fmt: skip
    events[at] = replace(events[at], **{name: new})
    found = problems(events)
    assert any(each.seq == at + 1 and "signature" in each.text for each in found)
    assert at == 7 or any(each.seq == at + 2 and "does not follow" in each.text for each in found)


@given(st.data())
def test_events_removed_or_put_elsewhere_are_found(data: st.DataObject) -> None:
    events = chain()
    order = data.draw(st.lists(st.sampled_from(range(8)), max_size=9))
    if order != list(range(len(order))):
        assert problems([events[at] for at in order])


@given(st.integers(0, 7))
def test_the_newest_removed_are_found_up_to_the_last_anchor(left: int) -> None:
    events = chain()
    assert verify("E-1", events[:left], PUBLIC) == (() if left else (Problem("E-1", 0, "there is no event"),))
    early, late = anchored({"E-1": events[3]}, NOW, KEY), anchored({"E-1": events[6]}, NOW, KEY)
    found = verify_all({"E-1": events[:left]}, PUBLIC, [early, late]) if left else verify_all({}, PUBLIC, [early, late])
    gone = [each for each in found if "is gone" in each.text]
    assert len(gone) == (left < 4) + (left < 7)
    assert all(each.seq == left + 1 for each in gone)
    assert verify_all({"E-1": events}, PUBLIC, [early, late]) == ()


def test_a_chain_made_anew_with_the_key_is_found_by_an_anchor() -> None:
    events = chain()
    anchor = anchored({"E-1": events[4]}, NOW, KEY)
    again = [after(None, "intake")]
    for kind in ("sealed", "viewed", "viewed", "viewed", "viewed"):
        again.append(after(again[-1], kind))
    assert verify("E-1", again, PUBLIC) == ()
    assert "not the one that was anchored" in verify("E-1", again, PUBLIC, [anchor])[0].text


def test_a_whole_item_gone_is_found() -> None:
    one, two = chain(3), chain(4, "E-2")
    anchor = anchored({"E-1": one[-1], "E-2": two[-1]}, NOW, KEY)
    assert verify_all({"E-1": one, "E-2": two}, PUBLIC, [anchor]) == ()
    assert {each.item for each in verify_all({"E-1": one}, PUBLIC, [anchor])} == {"E-2"}


def test_chains_of_two_items_are_not_exchanged() -> None:
    assert any("another item" in each.text for each in verify("E-1", chain(3, "E-2"), PUBLIC))


def test_a_signature_of_another_key_counts_for_nothing() -> None:
    events = [after(None, "intake", key=OTHER)]
    assert [each.text for each in problems(events)] == ["its signature does not hold"]
    assert verify("E-1", events, [KEY.public_key(), OTHER.public_key()]) == ()
    bad = anchored({"E-1": events[0]}, NOW, OTHER)
    assert "anchor" in verify_all({}, PUBLIC, [bad])[0].text


def test_an_altered_anchor_is_found_and_not_used() -> None:
    events = chain(2)
    anchor = replace(anchored({"E-1": events[1]}, NOW, KEY), heads={"E-1": (9, "0" * 64)})
    found = verify_all({"E-1": events}, PUBLIC, [anchor])
    assert [each.item for each in found] == [""]
    again = read_anchor(anchored({"E-1": events[1]}, NOW, KEY).line())
    assert verify_all({"E-1": events}, PUBLIC, [again]) == ()


@pytest.mark.parametrize("kind", list(REQUIRED))
def test_what_must_be_told_must_be_told(kind: Kind) -> None:
    before = None if kind == "intake" else chain(1)[0]
    for missing in ("actor", "reason", "place", *REQUIRED[kind]):
        told = {"actor": "a", "reason": "r", "place": "p", **details(kind)} | {missing: " "}
        own = {name: told.pop(name) for name in ("actor", "reason", "place")}
        with pytest.raises(UsageError, match=f"must tell {missing}"):
            follow(before, "E-1", kind, NOW, own["actor"], own["reason"], own["place"], told, KEY)


def test_what_cannot_follow_is_refused() -> None:
    whole = chain()
    for before, kind, why in (
        (None, "viewed", "first event"), (whole[0], "intake", "one intake"), (whole[-1], "viewed", "follow a disposal"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            after(before, kind)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="another item"):
        after(whole[0], "viewed", "E-2")
    with pytest.raises(UsageError, match="zone"):
        follow(None, "E", "intake", NOW.replace(tzinfo=None), "a", "r", "p", details("intake"), KEY)
    with pytest.raises(UsageError, match="no such event"):
        follow(whole[0], "E-1", "lost", NOW, "a", "r", "p", {}, KEY)  # type: ignore[arg-type]


def test_a_clock_that_went_back_is_told() -> None:
    first = after(None, "intake")
    earlier = follow(first, "E-1", "viewed", NOW - timedelta(days=1), "a", "r", "p", {}, KEY)
    assert [each.text for each in problems([first, earlier])] == ["is earlier than the event before it"]


@pytest.mark.parametrize("change", [
    {"seq": "1"}, {"kind": "lost"}, {"kulla_custody": 2}, {"more": 1}, {"details": {"a": 1}}, {"details": []},
    {"time": "today"}, {"time": "2026-03-02T09:00:00"}, {"actor": None}, {"time": "2026-03-02T09:00:00Z"},
])  # fmt: skip
def test_a_line_that_is_none_is_refused(change: dict[str, object]) -> None:
    plain = orjson.loads(chain(1)[0].line()) | change
    with pytest.raises(InputError):
        read_event(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS))


@given(st.binary(max_size=40))
def test_whatever_is_read_raises_only_what_it_says(data: bytes) -> None:
    for read in (read_event, read_anchor):
        with pytest.raises(InputError):
            read(data)
