"""Whole tables of a small exercise: columns found without headers, plain code's verdicts, strangers left out."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from leakregisters import CENTRE, OWNER, Opened, leak
from plainrecognise import PlainRegister

from kulla.errors import ConfigError
from kulla.leaks.desk.imprintindex import open_index
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import (
    ALTERED,
    AMBIGUOUS,
    CERTAIN,
    EXACT,
    INVENTED,
    NO_PERSON,
    PROBABLE,
    UNCOMPARED,
    Matched,
)
from kulla.leaks.recognise import recognise
from kulla.registers.keys import centre_key, owner_keys
from kulla.registers.nationalid import made as made_id

JULY = datetime(2024, 7, 1, 12, tzinfo=UTC)
Columns = dict[str, list[str | None]]


def taken(opened: Opened, places: np.ndarray, names: tuple[str, ...]) -> Columns:
    return {name: opened.texts(name, places) for name in names}


def damaged(columns: Columns, seed: int, altered: float, invented: float, keep: str) -> tuple[Columns, np.ndarray]:
    """A share of rows with one cell of another row, and of rows with all cells of others; which are invented."""
    random = np.random.default_rng(seed)
    names = [name for name in columns if name != keep]
    rows = len(next(iter(columns.values())))
    fake = random.random(rows) < invented
    which = np.where(random.random(rows) < altered, random.integers(0, len(names), rows), -1)
    made = dict(columns)
    for number, name in enumerate(names):
        other = random.permutation(rows)
        hit = fake | (which == number)
        made[name] = [columns[name][o] if h else v for v, o, h in zip(columns[name], other, hit, strict=True)]
    return made, fake


def table(columns: Columns) -> LeakTable:
    return leak(list(columns.values()))


def mapping(columns: Columns, matched: Matched) -> dict[str, str]:
    """Leaked column → register column."""
    names = list(columns)
    return {
        "+".join(names[place] for place in sorted((each.column, *each.joined))): each.register_column
        for each in matched.columns
    }


def payroll(opened: Opened, period: str = "2024-05") -> np.ndarray:
    return opened.at(JULY, period=period)


ALL = ("phone", "employer", "gross_salary", "period", "municipality", "full_name", "nid", "position", "employer_id")


def test_columns_and_rows_with_ids_are_those_of_plain_code(registers: dict[str, Opened]) -> None:
    opened = registers["payroll"]
    columns, _ = damaged(taken(opened, payroll(opened), ALL), 1, 0.2, 0.05, "nid")
    matched = opened.recognise(table(columns))
    assert matched.linked_by == "record"
    assert mapping(columns, matched) == {name: name for name in ALL}
    assert matched.columns[0].register_column == "nid"
    plain = PlainRegister(opened.versions, opened.record.tolist(), opened.manifest)
    chance = {each.register_column: each.chance for each in matched.columns[1:]}
    of = [each.register_column for each in matched.columns]
    for place in range(0, len(columns["nid"]), 3):
        expected = plain.by_key({name: columns[name][place] for name in ALL}, chance)
        found = (matched.record[place], matched.verdict[place], matched.surety[place])
        assert found == (expected.record, expected.verdict, expected.surety)
        assert (of[matched.altered[place]] if matched.altered[place] >= 0 else "") == expected.altered
        own = slice(matched.intervals.offsets[place], matched.intervals.offsets[place + 1])
        spans = list(zip(matched.intervals.first[own], matched.intervals.last[own], strict=True))
        assert spans == expected.intervals
    assert {EXACT, ALTERED, INVENTED} == set(matched.verdict.tolist())


def test_the_owners_own_imprint_gives_the_same(registers: dict[str, Opened]) -> None:
    opened = registers["payroll"]
    columns = taken(opened, payroll(opened)[:200], ALL)
    inner = open_index(opened.folder / "outbox" / "imprint")
    ours = recognise(table(columns), inner, opened.manifest, owner_keys(OWNER.secret()), None, 1)
    theirs = opened.recognise(table(columns))
    assert inner.info.side == "inner"
    assert ours.columns == theirs.columns
    assert (ours.record == theirs.record).all()
    assert (ours.intervals.first == theirs.intervals.first).all()
    assert not (opened.folder / "outbox" / "index").exists()
    with pytest.raises(ConfigError, match="centre's key"):
        recognise(table(columns), opened.index, opened.manifest, owner_keys(OWNER.secret()), None, 1)


def test_spreadsheet_damage_is_read_or_left_out(registers: dict[str, Opened]) -> None:
    opened = registers["civil"]
    places = opened.at(JULY)[:600]
    columns = taken(opened, places, ("nid", "birth_date", "address", "given_name"))
    exact = opened.recognise(table(columns))
    born = [date.fromisoformat(text) for text in columns["birth_date"] if text]
    serials = [str((day - date(1899, 12, 30)).days) for day in born]
    american = [f"{day.month}/{day.day}/{day.year}" for day in born]
    short = [f"{day.day:02}.{day.month:02}.{day.year % 100:02}" for day in born]
    for dates, least in ((serials, 0.95), (american, 1.0), (short, 0.85)):
        matched = opened.recognise(
            table(columns | {"birth_date": list(dates), "address": [*["#REF!"] * 9, *columns["address"][9:]]})
        )
        assert mapping(columns, matched) == {name: name for name in columns}
        assert (matched.verdict == EXACT).mean() >= least
        assert (matched.verdict[:9] == EXACT).any()
    assert (exact.verdict == EXACT).all()


def test_phones_kept_to_few_digits_are_not_called_altered(registers: dict[str, Opened]) -> None:
    opened = registers["payroll"]
    columns = taken(opened, payroll(opened), ("nid", "phone", "gross_salary", "period"))
    columns["phone"] = ["6.91E+08" if place % 2 else text for place, text in enumerate(columns["phone"])]
    matched = opened.recognise(table(columns))
    assert "phone" in mapping(columns, matched)
    assert (matched.verdict == EXACT).all()


def test_a_register_of_plates_is_found_by_plate(registers: dict[str, Opened]) -> None:
    opened = registers["vehicle"]
    columns = taken(opened, opened.at(JULY), ("owner_name", "model", "plate", "nid", "make"))
    columns["plate"] = [text.replace(" ", "-").lower() for text in columns["plate"] if text]
    matched = opened.recognise(table(columns))
    assert mapping(columns, matched) == {name: name for name in columns}
    assert matched.columns[0].register_column == "plate"
    assert (matched.verdict == EXACT).all()


def plain_names(names: list[str | None], random: np.random.Generator) -> list[str | None]:
    """Diacritics stripped, words in any order."""
    bare = ["".join(c for c in unicodedata.normalize("NFKD", n or "") if not unicodedata.combining(c)) for n in names]
    return [" ".join(random.permutation(name.split())) for name in bare]


def test_names_employers_and_salaries_are_enough(registers: dict[str, Opened]) -> None:
    opened = registers["payroll"]
    places = payroll(opened)
    columns, fake = damaged(taken(opened, places, ("gross_salary", "full_name", "employer")), 2, 0.1, 0.05, "")
    columns["full_name"] = plain_names(columns["full_name"], np.random.default_rng(3))
    matched = opened.recognise(table(columns))
    assert matched.linked_by == "blocks"
    assert mapping(columns, matched) == {name: name for name in columns}
    truth = np.where(fake, 0, opened.record[places])
    assert (matched.record == truth)[~fake].mean() >= 0.95
    certain = matched.surety == CERTAIN
    assert certain.mean() > 0.5
    assert (matched.record == truth)[certain].all()
    whole = matched.verdict == EXACT
    assert matched.intervals.holds(int(JULY.timestamp() * 1e6))[whole].mean() > 0.99
    assert not matched.intervals.some[~whole].any()


def test_given_and_family_names_in_columns_of_their_own(registers: dict[str, Opened]) -> None:
    opened = registers["civil"]
    places = opened.at(JULY)
    columns = taken(opened, places, ("birth_date", "given_name", "father_name", "family_name", "municipality"))
    matched = opened.recognise(table(columns))
    assert matched.linked_by == "blocks"
    found = mapping(columns, matched)
    assert found.pop("given_name+family_name") in ("given_name", "family_name")
    assert found == {"birth_date": "birth_date", "municipality": "municipality"}
    linked = matched.record != 0
    assert linked.mean() > 0.98
    assert (matched.record == opened.record[places])[linked].all()


def test_ids_damaged_in_some_rows_leave_these_to_blocks(registers: dict[str, Opened]) -> None:
    opened = registers["payroll"]
    places = payroll(opened)
    columns = taken(opened, places, ("nid", "full_name", "employer", "gross_salary", "phone"))
    lost, wrong = np.arange(len(places)) % 4 == 1, np.arange(len(places)) % 4 == 2
    columns["nid"] = [
        None if gone else made_id(date(1875, 1, 1), False, place % 1000) if bad else text
        for place, (text, gone, bad) in enumerate(zip(columns["nid"], lost, wrong, strict=True))
    ]
    matched = opened.recognise(table(columns))
    assert matched.linked_by == "record"
    linked = matched.record != 0
    assert linked.mean() > 0.97
    assert (matched.record == opened.record[places])[linked].all()
    assert (matched.verdict[lost & linked] == EXACT).all()
    assert (matched.verdict[wrong & linked] == ALTERED).all()
    assert (matched.altered[wrong & linked] == 0).all()
    assert set(matched.verdict[wrong & ~linked].tolist()) <= {NO_PERSON, AMBIGUOUS}
    assert not matched.intervals.some[wrong].any()


def test_each_register_judges_its_own_rows(registers: dict[str, Opened]) -> None:
    payrolls, vehicles = registers["payroll"], registers["vehicle"]
    ours = taken(payrolls, payroll(payrolls)[:300], ("nid", "full_name", "gross_salary"))
    theirs = taken(vehicles, vehicles.at(JULY)[:300], ("plate", "owner_name", "make"))
    mixed = leak([a + b for a, b in zip(ours.values(), theirs.values(), strict=True)])
    of_payroll, of_vehicle = payrolls.recognise(mixed), vehicles.recognise(mixed)
    assert (of_payroll.verdict[:300] == EXACT).all()
    assert (of_payroll.verdict[300:] == NO_PERSON).all()
    assert (of_vehicle.verdict[300:] == EXACT).all()
    assert (of_vehicle.verdict[:300] == NO_PERSON).all()


def strangers(opened: Opened, kind: str, seed: int) -> Columns:
    """Tables that are not from the registers, of forms as near to theirs as can be."""
    random = np.random.default_rng(seed)
    rows = 900
    whole = plain_names(opened.texts("full_name", random.integers(0, len(opened.versions), rows)), random)
    names = [
        f"{a.split()[0]} {b.split()[-1]}" for a, b in zip(whole, random.permutation(np.array(whole)), strict=True) if a
    ]
    towns = opened.texts("municipality", random.integers(0, len(opened.versions), rows))
    phones = [f"06{random.integers(7, 10)}{random.integers(0, 10**7):07}" for _ in range(rows)]
    if kind == "phone book":
        return {"name": list(names), "phone": list(phones), "town": towns}
    if kind == "random ids":
        days = [date.fromordinal(int(day)) for day in random.integers(712000, 732000, rows)]
        ids = [made_id(day, bool(day.day % 2), int(random.integers(1000))) for day in days]
        salaries = opened.texts("gross_salary", random.integers(0, len(opened.versions), rows))
        return {"id": list(ids), "name": list(names), "salary": salaries}
    if kind == "numbers":
        return {"a": [str(n) for n in range(rows)], "b": [str(n) for n in random.integers(0, 10**6, rows)]}
    given = [f"{first} {last}" for first, last in zip(random.choice(["Jan", "Piotr", "Ewa", "Zofia"], rows),
             random.choice(["Nowak", "Kowalski", "Wójcik", "Mazur"], rows), strict=True)]  # fmt: skip
    pesel = [f"{random.integers(0, 10**11):011}" for _ in range(rows)]
    return {"pesel": list(pesel), "name": list(given), "phone": list(phones), "pay": [p[-5:] for p in pesel]}


@pytest.mark.parametrize("kind", ["phone book", "random ids", "numbers", "another country"])
@pytest.mark.parametrize("seed", range(3))
def test_strangers_are_not_from_these_registers(registers: dict[str, Opened], kind: str, seed: int) -> None:
    table_ = table(strangers(registers["payroll"], kind, seed))
    for opened in registers.values():
        matched = opened.recognise(table_, seed)
        assert (matched.columns, matched.linked_by) == ((), "none")
        assert (matched.verdict == UNCOMPARED).all()
        assert not matched.record.any()


def test_a_table_without_rows_is_from_no_register(registers: dict[str, Opened]) -> None:
    matched = registers["payroll"].recognise(leak([[], []]))
    assert matched.linked_by == "none"


def test_few_rows_are_enough_with_ids(registers: dict[str, Opened]) -> None:
    opened = registers["civil"]
    columns = taken(opened, opened.at(JULY)[::100][:12], ("family_name", "nid", "birth_date"))
    matched = opened.recognise(table(columns))
    assert set(mapping(columns, matched).values()) == {"nid", "family_name", "birth_date"}
    assert (matched.verdict == EXACT).all()
    assert (matched.surety == CERTAIN).all()


def test_an_id_alone_is_no_cell_that_holds(registers: dict[str, Opened]) -> None:
    opened = registers["civil"]
    matched = opened.recognise(table(taken(opened, opened.at(JULY)[:200], ("nid",))))
    assert (matched.verdict == UNCOMPARED).all()
    assert (matched.surety == PROBABLE).all()
    assert matched.record.all()


def test_the_seed_changes_no_verdict(registers: dict[str, Opened]) -> None:
    opened = registers["payroll"]
    columns, _ = damaged(taken(opened, payroll(opened), ALL), 5, 0.2, 0.05, "nid")
    first, second = opened.recognise(table(columns), 1), opened.recognise(table(columns), 2)
    assert [replace(each, chance=0) for each in first.columns[1:]] == [replace(e, chance=0) for e in second.columns[1:]]
    assert (first.intervals.first == second.intervals.first).all()


def test_of_very_wide_tables_the_fullest_columns_are_looked_at(registers: dict[str, Opened]) -> None:
    opened = registers["civil"]
    columns = taken(opened, opened.at(JULY)[:300], ("birth_date", "nid", "address"))
    nearly_empty: list[list[str | None]] = [[*[None] * 299, "x"] for _ in range(400)]
    wide = [columns["birth_date"], *nearly_empty, columns["nid"], *nearly_empty, columns["address"]]
    matched = opened.recognise(leak(wide))
    assert {(each.column, each.register_column) for each in matched.columns} == {
        (0, "birth_date"), (401, "nid"), (802, "address"),
    }  # fmt: skip
    assert (matched.verdict == EXACT).all()


def test_keys_are_not_shown(registers: dict[str, Opened]) -> None:
    assert centre_key(CENTRE.secret()).outer.hex() not in repr(registers["civil"].index)


@pytest.mark.parametrize("father", [False, True])
def test_whole_names_of_a_register_that_has_them_in_parts(registers: dict[str, Opened], father: bool) -> None:
    opened = registers["civil"]
    places = opened.at(JULY)[:900]
    columns = taken(opened, places, ("nid", "birth_date", "given_name", "father_name", "family_name", "address"))
    parts = zip(columns.pop("given_name"), columns.pop("father_name"), columns.pop("family_name"), strict=True)
    names: list[str | None] = [
        f"{given} {middle} {family}" if father else f"{family} {given}" for given, middle, family in parts
    ]
    names[:30] = names[30:60]
    matched = opened.recognise(table({"who": names, **columns}))
    mapped = [(each.column, each.register_column) for each in matched.columns]
    assert mapped[0] == (1, "nid")
    assert {(0, "given_name"), (0, "family_name")} < set(mapped)
    assert (matched.verdict[30:] == EXACT).all()
    assert (matched.verdict[:30] == ALTERED).mean() > 0.8
    named = matched.altered[:30][matched.verdict[:30] == ALTERED]
    assert {matched.columns[place].column for place in named.tolist()} == {0}
    without = opened.recognise(table({"who": names, **{name: columns[name] for name in ("birth_date", "address")}}))
    assert without.linked_by == "blocks"
    assert ((without.record == opened.record[places])[30:]).mean() > 0.98
