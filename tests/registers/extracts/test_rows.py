"""Rows of decoys: new where they tell who it is, like the model's elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.names import whole_name
from kulla.registers.decoys.persons import Decoy
from kulla.registers.decoys.roll import Roll, large_enough
from kulla.registers.extracts.rows import Maker
from kulla.registers.extracts.streets import Streets
from kulla.registers.extracts.values import iban
from kulla.registers.manifest import Column, Manifest, Meaning

MEANINGS: dict[str, Meaning] = {
    "nid": "national_id", "name": "name", "boss": "employer_id", "job": "code", "month": "period", "pay": "money",
    "phone": "phone", "mail": "email", "account": "iban", "plate": "plate", "since": "date", "town": "municipality",
}  # fmt: skip
MODEL = "J05115999K"
DECOY = Decoy("all", 3, 1, "J00101999W", "Besa", "Hoxha", "069 765 4321", 3, MODEL)


def roll(rows: list[dict[str, Any]]) -> Roll:
    manifest = Manifest(
        "payroll", "o", "c", "civil", "law", "files", "x", "", ("nid",),
        tuple(Column(name, meaning) for name, meaning in MEANINGS.items()), entry=("boss", "month"), person="nid",
    )  # fmt: skip
    return Roll(manifest, pa.Table.from_pylist(rows))


def person(nid: str, month: str, boss: str = "L1", pay: str = "71234.00") -> dict[str, Any]:
    return {"nid": nid, "name": "Gashi Drita", "boss": boss, "job": "clerk", "month": month, "pay": Decimal(pay),
            "phone": "069 111 2222", "mail": "d.gashi@tax.example", "account": "AL47212110090000000235698741",
            "plate": "AA 123 BB", "since": date(2010, 5, 5), "town": "Vlorë"}  # fmt: skip


MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


def made(rows: list[dict[str, Any]], decoy: Decoy = DECOY) -> list[dict[str, Any]]:
    whole = roll(rows)
    maker = Maker(b"k" * 32, whole, whole.of([decoy.model]), {MODEL: ("Drita", "Gashi")})
    return list(maker.table([decoy]).to_pylist())


def test_what_tells_the_person_is_new_and_the_rest_fits() -> None:
    rows = [person(nid, month) for nid in (MODEL, "J00101001C") for month in MONTHS]
    found = made(rows)
    assert len(found) == 12
    assert {row["month"] for row in found} == set(MONTHS)
    for row in found:
        assert row["nid"] == DECOY.id
        assert row["name"] == "Hoxha Besa", "written as the model's"
        assert row["phone"] == DECOY.phone
        assert row["mail"] == "besa.hoxha@tax.example"
        assert row["plate"] != "AA 123 BB"
        assert row["account"] != rows[0]["account"]
        assert iban(row["account"]) == row["account"]
        assert row["since"] != rows[0]["since"]
        assert abs((row["since"] - rows[0]["since"]).days) <= 26 * 7
        assert row["since"].weekday() == rows[0]["since"].weekday()
        assert (row["town"], row["job"], row["boss"]) == ("Vlorë", "clerk", "L1")
        assert abs(row["pay"] / rows[0]["pay"] - 1) <= Decimal("0.061")
    assert len({row["pay"] for row in found}) == 1, "what was constant stays so"
    assert found == made(rows), "drawn from the key alone"


def test_changes_come_some_months_earlier_or_later() -> None:
    rows = [person("J00101001C", month, "L1" if month < "2025-06" else "L2") for month in MONTHS[2:]]
    rows += [person(MODEL, month) for month in MONTHS]
    spans = set()
    for number in range(12):
        found = made(rows, replace(DECOY, id=f"J0010100{number % 10}{'WABC'[number % 4]}"))
        months = sorted(row["month"] for row in found)
        assert months == MONTHS[MONTHS.index(months[0]) :], "without a gap, to the end"
        spans.add(months[0])
        assert sum(a["boss"] != b["boss"] for a, b in pairwise(found)) <= 1
    assert len(spans) > 2
    assert "2025-03" not in spans, "never the donor's own month"


def test_a_model_that_has_left_gives_no_rows() -> None:
    assert made([person("J00101001C", "2025-01")]) == []


@pytest.mark.parametrize(("like", "whole"), [
    (("Drita Gashi", "Drita", "Gashi"), "Besa Çela"),
    (("Gashi, Drita", "Drita", "Gashi"), "Çela, Besa"),
    (("GASHI DRITA", "Drita", "Gashi"), "ÇELA BESA"),
    (("Edlira Celaj", "Edlira", "Çelaj"), "Besa Cela"),
    (("unknown", "", ""), "Besa Çela"),
])  # fmt: skip
def test_whole_names_are_written_as_the_models(like: tuple[str, str, str], whole: str) -> None:
    assert whole_name("Besa", "Çela", like) == whole


def test_small_employers_are_left_out_but_never_many() -> None:
    rows = [person(f"J0010{at:04}X"[:10], "2025-01", "big") for at in range(300)]
    rows += [person(f"J0020{at:04}X"[:10], "2025-01", f"small {at // 3}") for at in range(9)]
    mask = large_enough(roll(rows))
    assert mask is not None
    assert mask.to_pylist() == [True] * 300 + [False] * 9
    many = [person(f"J0010{at:04}X"[:10], "2025-01", f"small {at // 3}") for at in range(90)]
    mask = large_enough(roll(many))
    assert mask is not None
    assert all(mask.to_pylist()), "where all are small none is left out"


def test_streets_are_as_lonely_as_real_ones() -> None:
    manifest = Manifest(
        "civil", "o", "c", "civil", "law", "files", "x", "", ("nid",),
        (Column("nid", "national_id"), Column("town", "municipality"), Column("address", "address")),
    )  # fmt: skip
    rows = [{"nid": str(at), "town": "Vlorë", "address": f"Rruga {at // 2}A, nr. {at % 2 + 1}"} for at in range(100)]
    rows += [{"nid": str(at), "town": "Vlorë", "address": f"Sheshi {at}B, nr. 1"} for at in range(100, 200)]
    rows += [{"nid": str(at), "town": "Berat", "address": f"Shëtitorja {at}C, nr. {at}"} for at in range(200, 300)]
    streets = Streets(Roll(manifest, pa.Table.from_pylist(rows)))
    found = [streets.address(Draw(b"k", at), "Vlorë", "Rruga 1A, nr. 1") for at in range(300)]
    assert not {row["address"] for row in rows if row["town"] == "Vlorë"} & set(found)
    alone = sum(text.startswith("Shëtitorja") for text in found) / len(found)
    assert 0.4 < alone < 0.6, "one household in two is alone in its street"


def test_flats_are_in_buildings_as_full_as_real_ones() -> None:
    manifest = Manifest(
        "civil", "o", "c", "civil", "law", "files", "x", "", ("nid",),
        (Column("nid", "national_id"), Column("town", "municipality"), Column("address", "address")),
    )  # fmt: skip
    flats = [f"Rruga {at % 5}, nr. {at}, ap. {flat}" for at in range(20) for flat in (1, 2, 3)]
    flats += [f"Rruga {at % 5}, nr. {at}, ap. 1" for at in range(100, 160)]
    rows = [{"nid": str(at), "town": "Vlorë", "address": text} for at, text in enumerate(flats)]
    streets = Streets(Roll(manifest, pa.Table.from_pylist(rows)))
    found = [streets.address(Draw(b"k", at), "Vlorë", flats[0]) for at in range(300)]
    assert not set(flats) & set(found)
    buildings = {text.rpartition(" ")[0] for text in flats}
    joined = sum(text.rpartition(" ")[0] in buildings for text in found) / len(found)
    assert 0.4 < joined < 0.6, "half of the households have neighbours in their building"
