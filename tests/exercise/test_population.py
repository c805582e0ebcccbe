from __future__ import annotations

import numpy as np
from exercise.countries import MONTHS, PERSONS, people

from kulla.exercise.frame import START, frame
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.names import names, plain
from kulla.exercise.population import population

EVERYBODY = np.arange(PERSONS)


def test_children_are_named_after_the_man_of_the_household() -> None:
    country, member = people(), people().frame.member
    fathers = country.father_text(EVERYBODY).to_pylist()
    given = country.given_text(EVERYBODY).to_pylist()
    children = np.flatnonzero(member > 1)
    for child in children.tolist():
        head = child - int(member[child])
        man = head + 1 if country.frame.is_woman[head] else head
        assert fathers[child] == given[man]
    assert children.size > 1000


def test_names_fit_the_sex() -> None:
    country = people()
    for name, woman in zip(country.given_text(EVERYBODY).to_pylist(), country.frame.is_woman.tolist(), strict=True):
        assert name in (names().women if woman else names().men)


def test_plain_names_are_the_same_names() -> None:
    country = people()
    folded = country.plain(EVERYBODY, "payroll")
    assert 0.1 < folded.mean() < 0.2
    given, family = country.given_text(EVERYBODY).to_pylist(), country.family_text(EVERYBODY).to_pylist()
    for i, full in enumerate(country.full_text(EVERYBODY, "payroll").to_pylist()):
        wanted = f"{given[i]} {family[i]}"
        assert full == (plain(wanted) if folded[i] else wanted)


def test_some_have_no_phone_and_some_share_the_heads() -> None:
    number = people().phone_number(EVERYBODY)
    assert 0.09 < np.mean(number < 0) < 0.15
    known = number[number >= 0]
    shared = known.size - np.unique(known).size
    assert 0.01 * known.size < shared < 0.06 * known.size
    assert (people().phone_number(EVERYBODY, 1) >= 0).all()


def test_a_move_gives_another_address_and_seldom_another_municipality() -> None:
    country, none = people(), np.zeros(PERSONS, dtype=np.int64)
    homes = [country.address(EVERYBODY, none + k).to_pylist() for k in (0, 1, 2)]
    assert np.mean([a == b for a, b in zip(homes[0], homes[1], strict=True)]) < 0.01
    places = [country.municipality(EVERYBODY, none + k) for k in (0, 1, 2)]
    assert np.array_equal(places[0], country.frame.municipality)
    assert 0.15 < np.mean(places[0] != places[1]) < 0.35
    mixed = country.municipality(EVERYBODY, EVERYBODY % 3)
    assert np.array_equal(mixed, np.choose(EVERYBODY % 3, places))


def test_the_old_die_more_often_and_the_rate_is_that_of_the_habits() -> None:
    country = population(frame(60_000, 2), RegisterHabits(), MONTHS)
    everybody = np.arange(60_000)
    deaths = country.deaths(everybody)
    assert np.unique(deaths.record).size == deaths.record.size
    assert 0.8 < deaths.record.size / (0.0007 * MONTHS * 60_000) < 1.1
    age = country.age(everybody)
    old, young = age >= 70, age < 50
    dead = np.isin(everybody, deaths.record)
    assert dead[old].mean() > 10 * dead[young].mean()


def test_age_counts_whole_years_at_the_start() -> None:
    born = people().frame.born
    birthdays = (np.datetime64(START, "Y") - born.astype("datetime64[Y]")).astype(np.int64)
    age = people().age(EVERYBODY)
    assert set((birthdays - age).tolist()) <= {0, 1}
