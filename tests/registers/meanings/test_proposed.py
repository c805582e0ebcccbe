"""Meanings are found in values; each family has columns that it must know and ones that it must leave alone."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from functools import cache

import pyarrow as pa
import pytest
from payrolls import nid

from kulla.registers.meanings._api import Sample
from kulla.registers.meanings.amounts import valid_iban
from kulla.registers.meanings.places import MUNICIPALITIES
from kulla.registers.meanings.proposed import MEANINGS_PROPOSED, Suggested, proposed
from kulla.registers.nationalid import birth_date

N = 400
RANDOM = random.Random(1)
IDS = [nid(n) for n in range(N)]
BORN = [birth_date(each) for each in IDS]
GIVEN = ["Agron", "Blerina", "Dritan", "Gëzim", "Mirela", "Arben", "Teuta", "Ilir"]
FAMILY = ["Hoxha", "Krasniqi", "Shehu", "Përgjini", "Çela", "Leka"]


def some(*values: str) -> list[str]:
    return [values[n % len(values)] for n in range(N)]


def iban(number: int) -> str:
    body = f"2121100900{number:014}"
    rest = int("".join(str(int(c, 36)) for c in body + "AL00")) % 97
    return f"AL{98 - rest:02}{body}"


COLUMNS: dict[str, tuple[str, list[str]]] = {
    "c_ids": ("national_id", IDS),
    "c_full": ("name", [f"{GIVEN[n % 8]} {FAMILY[n % 6]}" for n in range(N)]),
    "c_given": ("given_name", some(*GIVEN)),
    "c_family": ("family_name", some(*FAMILY)),
    "c_mobile": ("phone", [f"+35569{2000000 + n}" for n in range(N)]),
    "c_mail": ("email", [f"a{n}@example.al" for n in range(N)]),
    "c_plate": ("plate", [f"AA {n:03} BC" for n in range(N)]),
    "c_iban": ("iban", [iban(n) for n in range(N)]),
    "gross_salary": ("money", [f"{40000 + n * 7}.50" for n in range(N)]),
    "c_nipt": ("employer_id", [f"L{10000000 + n * 991}K" for n in range(N)]),
    "c_firm": ("employer", [f"Kuka {n} SHPK" for n in range(N)]),
    "c_born": ("birth_date", [str(b) for b in BORN]),
    "c_hired": ("date", [str(date(2015, 1, 1) + timedelta(days=n * 3)) for n in range(N)]),
    "c_month": ("period", some("2021-01", "2021-02", "2021-03")),
    "c_town": ("municipality", some("Tiranë", "Durrës", "Shkodra", "Vlora")),
    "office": ("office", some("Drejtoria 1", "Drejtoria 2")),
    "c_street": ("address", [f"Rruga e Durrësit {n}" for n in range(N)]),
    "preference": ("special", some("A", "B", "C")),
    "c_faith": ("special", some("mysliman", "katolik", "ortodoks")),
    "sex": ("code", some("F", "M")),
    "c_text": ("other", [f"remark {n * 7919} of no kind" for n in range(N)]),
}


@cache
def suggested() -> dict[str, Suggested]:
    return {s.name: s for s in proposed(pa.table({name: values for name, (_, values) in COLUMNS.items()}))}


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_is_known_by_its_values(name: str) -> None:
    found = suggested()[name]
    assert found.best.meaning == COLUMNS[name][0], found.proposals
    assert found.column().evidence


def test_evidence_holds_counts_and_no_value() -> None:
    for name, found in suggested().items():
        for proposal in found.proposals:
            for value in set(map(str, COLUMNS[name][1])):
                if len(value) >= 5:
                    assert value not in proposal.evidence
            assert re.search(r"\d", proposal.evidence), proposal
            assert 0 < proposal.score <= 1


def test_ids_need_their_check_letter() -> None:
    wrong = [each[:9] + ("A" if each[9] != "A" else "B") for each in IDS]
    table = pa.table({"c": wrong, "national_id": wrong})
    unnamed, named = proposed(table)
    assert unnamed.best.meaning != "national_id"
    assert named.best.meaning == "national_id"
    assert named.doubtful


def test_a_birth_date_is_told_by_the_id_beside_it() -> None:
    days = [str(b) for b in BORN]
    _, born = proposed(pa.table({"a": IDS, "b": days}))
    assert born.best.meaning == "birth_date"
    assert "400 of 400 rows have the day that the national id tells" in born.best.evidence
    _, other = proposed(pa.table({"a": IDS, "b": days[1:] + days[:1]}))
    assert other.best.meaning == "date"


def test_nipts_are_no_national_ids_and_the_other_way_round() -> None:
    found = suggested()
    assert not [p for p in found["c_nipt"].proposals if p.meaning == "national_id"]
    assert not [p for p in found["c_ids"].proposals if p.meaning == "employer_id"]


def test_what_is_sure_and_what_must_be_asked() -> None:
    found = suggested()
    for name in ("c_ids", "c_mobile", "c_mail", "c_iban", "gross_salary", "c_nipt", "c_born"):
        assert not found[name].doubtful, name
    assert found["c_text"].doubtful
    (bare,) = proposed(pa.table({"x": [f"{n}.25" for n in range(N)]}))
    assert (bare.best.meaning, bare.doubtful) == ("money", True)


@pytest.mark.parametrize(
    ("name", "category"),
    [("partia", "politics"), ("Diagnoza", "health"), ("besimi_fetar", "religion"), ("etnia", "ethnic origin")],
)
def test_special_categories_are_named(name: str, category: str) -> None:
    (found,) = proposed(pa.table({name: some("x", "y", "z")}))
    assert (found.best.meaning, found.best.category) == ("special", category)


def test_types_of_columns() -> None:
    table = pa.table({
        "gross": pa.array([1.5, 2.5] * 50), "empty": pa.nulls(100, pa.string()),
        "birth": pa.array([date(1980, 1, 1)] * 100).cast(pa.timestamp("us")),
    })  # fmt: skip
    assert [s.best.meaning for s in proposed(table)] == ["money", "other", "birth_date"]


def test_names_of_columns_are_read_in_any_style() -> None:
    assert Sample("GrossSalary_ALL", ()).words == ("gross", "salary", "all")
    assert Sample("MBIEMRI", ()).called("mbiemri")
    assert Sample("Datëlindja", ()).called("datelindja")
    assert not Sample("network", ()).called("net")
    assert Sample("diagnosis", ()).called("diagnos")


def test_ibans() -> None:
    assert valid_iban("AL47212110090000000235698741")
    assert valid_iban("DE89370400440532013000")
    assert not valid_iban("AL4721211009000000023569874")
    assert not valid_iban("DE88370400440532013000")


def test_lists_are_whole() -> None:
    assert len(MUNICIPALITIES) == 61
    assert len({type(each) for each in MEANINGS_PROPOSED}) == len(MEANINGS_PROPOSED) == 16
