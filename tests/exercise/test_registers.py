"""What holds in every register of the exercise, and what is particular to each."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from exercise.countries import MONTHS, PERSONS, people, rows, versions

from kulla.exercise.jobs import LEAST, LEAST_SECOND
from kulla.exercise.layout import REGISTERS
from kulla.exercise.manifests import manifest
from kulla.exercise.vehicle import vehicles
from kulla.exercise.voter import batches
from kulla.registers.nationalid import birth_date, well_formed

BEGINS = datetime(2023, 12, 31, 23, tzinfo=UTC)
ENDS = datetime(2024, 12, 31, 23, tzinfo=UTC)
ALL = pytest.mark.parametrize("register", REGISTERS)


def histories(register: str) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    """Versions by record and entry."""
    declared = manifest(register, people().calendar)
    found = defaultdict(list)
    for row in rows(register):
        found[tuple(row[name] for name in (*declared.record, *declared.entry))].append(row)
    return found


@ALL
def test_versions_never_overlap(register: str) -> None:
    for story in histories(register).values():
        for one, next_ in pairwise(story):
            assert one["valid_to"] is not None
            assert one["valid_from"] < one["valid_to"] <= next_["valid_from"]
        last = story[-1]
        assert last["valid_to"] is None or last["valid_from"] < last["valid_to"]


@ALL
def test_every_version_differs_from_the_one_before(register: str) -> None:
    times = ("valid_from", "valid_to")
    same = changed = 0
    for story in histories(register).values():
        for one, next_ in pairwise(story):
            alike = all(one[name] == next_[name] for name in one if name not in times)
            same, changed = same + alike, changed + (not alike)
    assert changed > 20
    # A draw may fall on the value that stood there: seldom, but where few values exist (preferences).
    assert same <= (0.35 if register == "voter" else 0.05) * changed


@ALL
def test_changes_lie_inside_the_span_and_in_working_hours(register: str) -> None:
    zone = ZoneInfo("Europe/Tirane")
    moments = {row[name] for row in rows(register) for name in ("valid_from", "valid_to")} - {None, BEGINS}
    assert len(moments) > 100
    for each in moments:
        assert isinstance(each, datetime)
        assert BEGINS < each < ENDS
        assert 8 <= each.astimezone(zone).hour < 16
    early = np.mean([each.astimezone(zone).day <= 9 for each in moments])
    assert early > 0.35


@ALL
def test_any_size_of_chunk_makes_the_same(register: str) -> None:
    whole = versions(register)
    for chunk in (977, 5_000):
        assert versions(register, chunk).equals(whole)


@ALL
def test_long_transactions_show_many_rows_at_one_commit(register: str) -> None:
    begun = Counter(row["valid_from"] for row in rows(register) if row["valid_from"] != BEGINS)
    assert begun.most_common(1)[0][1] >= 3


@ALL
def test_ids_are_of_their_form_and_belong_to_their_record(register: str) -> None:
    ids = people().nid(np.arange(PERSONS)).to_pylist()
    assert len(set(ids)) == PERSONS
    for row in rows(register):
        assert well_formed(str(row["nid"]))
        if register != "vehicle":
            assert row["nid"] == ids[row["record"]]


def test_civil_has_everybody_and_tells_the_birth_date_of_the_id() -> None:
    assert [row["record"] for row in rows("civil") if row["valid_from"] == BEGINS] == list(range(PERSONS))
    for row in rows("civil"):
        assert row["birth_date"] == birth_date(str(row["nid"]))
        assert (str(row["nid"])[2] in "56") == (row["sex"] == "F")


def test_households_share_surname_and_address_and_move_at_one_commit() -> None:
    homes = defaultdict(list)
    for row in rows("civil"):
        homes[int(people().frame.household[row["record"]])].append(row)
    shared = moved = 0
    for members in homes.values():
        states = {(row["valid_from"], row["address"], row["municipality"]) for row in members}
        moved += len({address for _, address, _ in states}) > 1
        # Whoever is the first to die or takes another name apart: an address begins at one time for all.
        began: dict[str, datetime] = {}
        for since, address, _ in sorted(states):
            began.setdefault(address, since)
        for row in members:
            story = [one for one in members if one["record"] == row["record"] and one["address"] == row["address"]]
            assert min(one["valid_from"] for one in story) == began[row["address"]]
        first = [row for row in members if row["valid_from"] == BEGINS]
        assert len({(row["address"], row["municipality"]) for row in first}) == 1
        shared += len({row["family_name"] for row in first}) == 1
    assert moved > 50
    assert shared > 0.85 * len(homes)


def test_the_dead_leave_civil_then_voter_and_are_not_declared_any_more() -> None:
    ended = {}
    for row in rows("civil"):
        ended[row["record"]] = row["valid_to"]
    dead = {record: when for record, when in ended.items() if when is not None}
    assert 0.5 * 0.024 * PERSONS < len(dead) < 1.5 * 0.024 * PERSONS
    for row in rows("payroll"):
        if row["record"] in dead:
            assert str(row["period"]) <= f"{dead[row['record']]:%Y-%m}"
    last = {row["record"]: row["valid_to"] for row in rows("voter")}
    for record, when in dead.items():
        assert isinstance(when, datetime)
        if record in last and when < ENDS - timedelta(days=35):
            gone = last[record]
            assert isinstance(gone, datetime)
            assert when < gone


def test_voters_are_adults_and_the_young_come_in_monthly() -> None:
    monthly = {datetime.fromtimestamp(t / 1e6, UTC).replace(microsecond=0) for t in batches(people()).tolist()}
    entered: dict[object, dict[str, Any]] = {}
    for row in rows("voter"):
        entered.setdefault(row["record"], row)
    late = 0
    for row in entered.values():
        born, since = row["birth_date"], row["valid_from"]
        assert (since.year - born.year) * 12 + since.month - born.month >= 18 * 12 - (since == BEGINS)
        if since != BEGINS:
            late += 1
            assert since.replace(microsecond=0) in monthly
    assert late > 20


def test_voters_phones_are_mostly_those_of_the_payroll() -> None:
    phone = {row["record"]: row["phone"] for row in rows("payroll")}
    pairs = [(row["phone"], phone[row["record"]]) for row in rows("voter") if row["record"] in phone]
    known = [(str(a)[-8:], str(b)[-8:]) for a, b in pairs if a is not None and b is not None]
    assert 0.5 < np.mean([a == b for a, b in known]) < 0.95
    missing = np.mean([row["phone"] is None for row in rows("payroll")])
    assert 0.05 < missing < 0.2


def test_payroll_is_bitemporal() -> None:
    corrected = amended = 0
    for story in histories("payroll").values():
        for one, next_ in pairwise(story):
            late = next_["valid_from"] - datetime.fromisoformat(one["period"] + "-01T00:00+00:00")
            corrected += one["gross_salary"] != next_["gross_salary"] and late > timedelta(days=58)
            amended += one["phone"] != next_["phone"]
    assert corrected > 200
    assert amended > 30


def test_declarations_follow_their_period_and_come_with_their_employer() -> None:
    filed: dict[tuple[str, str], set[datetime]] = defaultdict(set)
    for story in histories("payroll").values():
        first = story[0]
        filed[first["employer_id"], first["period"]].add(first["valid_from"])
        if first["valid_from"] != BEGINS:
            assert first["period"] < f"{first['valid_from']:%Y-%m}"
    assert all(len(times) == 1 for times in filed.values())
    periods = {period for _, period in filed}
    assert min(periods) == "2023-09"
    assert max(periods) == "2024-11"
    assert len(periods) == MONTHS + 3


def test_people_change_jobs_and_some_have_two() -> None:
    jobs: dict[object, dict[object, set[object]]] = defaultdict(lambda: defaultdict(set))
    for row in rows("payroll"):
        jobs[row["record"]][row["period"]].add(row["employer_id"])
    two = np.mean([any(len(each) == 2 for each in person.values()) for person in jobs.values()])
    moved = np.mean([len(set().union(*person.values())) > 1 for person in jobs.values()])
    assert 0.01 < two < 0.06
    assert two < moved < 0.25
    assert all(len(each) <= 2 for person in jobs.values() for each in person.values())


def test_salaries_are_skewed_and_none_is_below_the_least() -> None:
    salaries = np.array([float(str(row["gross_salary"])) for row in rows("payroll")])
    assert salaries.min() == LEAST_SECOND < LEAST
    assert np.mean(salaries < LEAST) < 0.04
    assert 0.02 < np.mean(salaries == 40_000) < 0.4
    assert salaries.mean() > 1.05 * np.median(salaries)
    assert isinstance(rows("payroll")[0]["gross_salary"], Decimal)


def test_some_names_are_written_without_diacritics() -> None:
    civil = {row["record"]: f"{row['given_name']} {row['family_name']}" for row in reversed(rows("civil"))}
    marked = [(name, str(row["full_name"])) for row in rows("payroll")
              if set(name := civil[row["record"]]) & set("ëçËÇ")]  # fmt: skip
    assert len(marked) > 100
    assert 0.08 < np.mean([name != full for name, full in marked]) < 0.25


def test_plates_are_issued_in_order_of_registration() -> None:
    plates: dict[str, dict[str, Any]] = {}
    for row in rows("vehicle"):
        plates.setdefault(str(row["plate"]), row)
    assert list(plates) == sorted(plates, key=lambda p: (p[:2], p[-2:], p[3:6]))
    at_start, total = vehicles(people())
    assert at_start < total
    days = [row["valid_from"].date() for row in plates.values()]
    assert days == sorted(days)
    assert sum(day > date(2024, 1, 1) for day in days) == pytest.approx(total - at_start, rel=0.1)
    assert all(row["first_registration"] <= row["valid_from"].date() for row in plates.values())


def test_vehicles_are_sold_to_others_and_owned_by_adults() -> None:
    sold = sum(len({row["nid"] for row in story}) > 1 for story in histories("vehicle").values())
    assert 0.05 < sold / len(histories("vehicle")) < 0.15
    assert all((birth_date(str(row["nid"])) or date.max) < date(2006, 1, 2) for row in rows("vehicle"))


def test_tables_are_typed_as_the_database_would() -> None:
    for register in REGISTERS:
        for field in versions(register).schema:
            text = field.name not in {"birth_date", "first_registration", "gross_salary", "record"}
            assert not text or field.name.startswith(("valid_", "known_")) or field.type == pa.string()
