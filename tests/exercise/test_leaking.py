"""Leaks of the exercise: their rows are what the registers showed, and the noise is as ordered."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest

from kulla.errors import UsageError
from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.leaking import Order, leak
from kulla.exercise.leakparts import Part, read_part
from kulla.exercise.make import Reads, make_exercise

AT = datetime(2024, 2, 10, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> ExerciseFolder:
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(
        folder, Settings(800, 3, 5, "steady", ("civil", "payroll")),
        Reads("direct", 12, ("bulk_export:rate=200",), 60, None), None,
    )  # fmt: skip
    return ExerciseFolder(folder)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def standing(country: ExerciseFolder, register: str, at: datetime) -> list[dict[str, object]]:
    out = []
    for path in country.owner.register(register).history.glob("*.parquet"):
        out += [
            row
            for row in pq.read_table(path).to_pylist()
            if row["valid_from"] <= at and (row["valid_to"] is None or row["valid_to"] > at)
        ]
    return out


def test_a_clean_leak_is_the_registers_state(country: ExerciseFolder, tmp_path: Path) -> None:
    made = leak(country, Order((Part("civil", AT, ("nid", "family_name", "address")),)), tmp_path / "a.csv")
    wanted = {(r["nid"], r["family_name"], r["address"]) for r in standing(country, "civil", AT)}
    assert {(r["nid"], r["family_name"], r["address"]) for r in rows(tmp_path / "a.csv")} == wanted
    assert made.rows == len(wanted)


def test_a_misdeeds_leak_has_its_records_at_its_time(country: ExerciseFolder, tmp_path: Path) -> None:
    made = leak(country, Order((read_part("payroll@,misdeed=bulk_export,columns=nid+period"),)), tmp_path / "b.csv")
    truth = orjson.loads((country.truth / "misdeeds.jsonl").read_bytes().splitlines()[0])
    assert made.parts[0]["accounts"] == truth["accounts"]
    assert len({r["nid"] for r in rows(tmp_path / "b.csv")}) <= truth["persons"]
    noted = orjson.loads((country.truth / "leaks.jsonl").read_bytes().splitlines()[-1])
    assert noted["sha256"] == made.sha256


def test_noise_is_as_ordered_and_by_seed(country: ExerciseFolder, tmp_path: Path) -> None:
    order = Order((Part("civil", AT),), altered=0.2, invented=0.1, plain=True, seed=3)
    first = leak(country, order, tmp_path / "c.csv")
    second = leak(country, order, tmp_path / "d.csv")
    assert first.sha256 == second.sha256
    known = {str(r["nid"]): r for r in standing(country, "civil", AT)}
    found = rows(tmp_path / "c.csv")
    invented = sum(r["nid"] not in known for r in found)
    assert 0.05 * len(found) < invented < 0.15 * len(found)
    moved = sum(r["nid"] in known and r["address"] != known[r["nid"]]["address"] for r in found)
    assert moved > 0
    assert all(r["family_name"].isascii() and r["family_name"].isupper() for r in found if r["family_name"])


def test_two_registers_are_joined_by_the_id(country: ExerciseFolder, tmp_path: Path) -> None:
    parts = (Part("payroll", AT, ("nid", "gross_salary")), Part("civil", AT, ("nid", "address")))
    leak(country, Order(parts, joined=True), tmp_path / "e.csv")
    homes = {r["nid"]: r["address"] for r in standing(country, "civil", AT)}
    found = rows(tmp_path / "e.csv")
    assert found
    assert all(r["address"] == homes[r["nid"]] for r in found)


@pytest.mark.parametrize("text", ["payroll", "payroll@x", "payroll@2024-02-01,colour=red", "payroll@2024-02-01,rows=x"])
def test_a_part_that_cannot_be_read_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="--part"):
        read_part(text)


def test_a_part_that_the_exercise_lacks_is_told(country: ExerciseFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no misdeed"):
        leak(country, Order((read_part("civil@,misdeed=bulk_export"),)), tmp_path / "f.csv")
    with pytest.raises(UsageError, match="no column"):
        leak(country, Order((Part("civil", AT, ("shoe_size",)),)), tmp_path / "f.csv")


@pytest.mark.parametrize("at", ["2030-01-01", "2023-12-30", "2024-04-01T00:00+02:00"])
def test_a_time_outside_the_countrys_history_is_refused(country: ExerciseFolder, tmp_path: Path, at: str) -> None:
    """Before it nothing stood; after it all stands as it last did, which would look like a leak of that day."""
    with pytest.raises(UsageError, match="the country's history is from 2024-01-01 to 2024-03-31; give a time within"):
        leak(country, Order((read_part(f"civil@{at}"),)), tmp_path / "g.csv")
    with pytest.raises(UsageError, match="the country's history is from"):
        leak(country, Order((read_part(f"civil@2024-02-01,stale=0.1,stale_at={at}"),)), tmp_path / "g.csv")
    assert not (tmp_path / "g.csv").exists()
    leak(country, Order((read_part("civil@2024-03-31T23:00+02:00,rows=5"),)), tmp_path / "g.csv")
