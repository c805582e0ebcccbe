"""A citizen's question: only certain persons, categories instead of values, one size, few questions a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from kulla.errors import ConfigError, InputError, UsageError
from kulla.leaks.citizens import (
    ANSWER_BYTES,
    CATEGORIES,
    FILL,
    PER_DAY,
    Answer,
    Questions,
    bits_of,
    check_citizen,
    citizen_set,
    from_table,
    to_table,
)
from kulla.registers.manifest import MEANINGS

KEY = bytes(range(32))
IDS = ["J00101999W", "J05115999K"]
HELD = citizen_set("leak-1", IDS, [bits_of(["national_id", "money"]), bits_of(["phone"])], KEY, "k1")


def test_who_is_in_is_told_the_categories() -> None:
    assert check_citizen(HELD, KEY, "k1", "j00101999w ") == Answer(True, ("identity", "money"))
    assert check_citizen(HELD, KEY, "k1", IDS[1]) == Answer(True, ("contact",))


def test_who_is_not_in_is_told_so() -> None:
    assert check_citizen(HELD, KEY, "k1", "J00101998A") == Answer(False, ())


def test_answers_have_one_size() -> None:
    every = Answer(True, tuple(CATEGORIES))
    assert {len(a.plain()) for a in (Answer(False), Answer(True, ("money",)), every)} == {ANSWER_BYTES}


def test_the_set_is_filled_up_and_holds_no_id() -> None:
    assert len(HELD.tags) == FILL
    assert len(citizen_set("l", [f"x{n}" for n in range(FILL + 1)], [1] * (FILL + 1), KEY, "k1").tags) == 2 * FILL
    table = to_table(HELD)
    stored = b"".join(table["tag"].to_pylist())
    assert not any(one.encode() in stored for one in IDS)
    assert sorted(table["tag"].to_pylist()) == table["tag"].to_pylist()


def test_one_person_twice_gets_all_categories() -> None:
    held = citizen_set("l", [IDS[0], IDS[0]], [bits_of(["money"]), bits_of(["plate"])], KEY, "k1")
    assert check_citizen(held, KEY, "k1", IDS[0]).categories == ("money", "vehicle")


def test_a_set_survives_its_table() -> None:
    again = from_table(to_table(HELD), "set.parquet")
    assert check_citizen(again, KEY, "k1", IDS[0]).found
    assert (again.leak, again.key_id) == ("leak-1", "k1")
    with pytest.raises(InputError, match=r"set\.parquet: is no look-up set"):
        from_table(pa.table({"tag": []}), "set.parquet")


def test_another_key_is_refused_and_finds_nobody() -> None:
    with pytest.raises(ConfigError, match="given is key k2"):
        check_citizen(HELD, KEY, "k2", IDS[0])
    assert not check_citizen(HELD, bytes(32), "k1", IDS[0]).found


def test_what_is_no_id_is_told() -> None:
    with pytest.raises(UsageError, match="no national id"):
        check_citizen(HELD, KEY, "k1", " - ")


def test_questions_are_few_a_day() -> None:
    asked, now = Questions(KEY), datetime(2026, 5, 4, tzinfo=UTC)
    assert [asked.allow(IDS[0], now) for _ in range(PER_DAY + 1)] == [True] * PER_DAY + [False]
    assert asked.allow(IDS[1], now)
    assert asked.allow(IDS[0], now + timedelta(hours=24))
    assert IDS[0] not in repr(asked)


def test_every_meaning_has_its_category() -> None:
    assert {meaning for those in CATEGORIES.values() for meaning in those} == set(MEANINGS)
    assert np.unique([bits_of([m]) for m in MEANINGS]).size == len(CATEGORIES)
