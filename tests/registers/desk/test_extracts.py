"""Marked copies from making to identifying, on the exercise's registers."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from registers.extracts.country import NOW, made

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.registers.desk import extracts as desk
from kulla.registers.desk.recordmap import read_map
from kulla.registers.extracts.formats import write
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import KeyFile, new_key
from kulla.settings import read_settings

SETTINGS = read_settings({})
LOAN = desk.Request("payroll", "Bank of Tirana", "loan checks", "parquet", slots=64)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[OwnerFolder, KeyFile, Path]:
    folder = tmp_path_factory.mktemp("owner")
    owner, key = made(folder)
    for register in ("payroll", "civil"):
        for recipient in ("Bank of Tirana", "Bureau of Statistics", "Insurer"):
            request = replace(LOAN, register=register, recipient=recipient)
            desk.make(owner, request, key, folder / f"{register} {recipient}.parquet", NOW)
    return owner, key, folder


def copy(place: tuple[OwnerFolder, KeyFile, Path], register: str = "payroll", who: str = "Bank of Tirana") -> pa.Table:
    return pq.read_table(place[2] / f"{register} {who}.parquet")


def named(place: tuple[OwnerFolder, KeyFile, Path], path: Path) -> set[str]:
    return {score.name for score in desk.find(place[0], path, place[1], SETTINGS).verdict.named}


def plain(text: str | None) -> str | None:
    return None if text is None else "".join(c for c in unicodedata.normalize("NFKD", text) if ord(c) < 128).upper()


def real_ids(owner: OwnerFolder) -> set[str]:
    return {key for name in ("civil", "payroll") for key in read_map(owner.register(name)).column("key").to_pylist()}


def test_no_row_of_a_person_is_altered(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    (roll,) = [r for r in desk._rolls(place[0], NOW) if r.name == "payroll"]
    table = copy(place)
    real = table.filter(pc.is_in(table["nid"], value_set=roll.persons))
    keys = [("nid", "ascending"), ("employer_id", "ascending"), ("period", "ascending")]
    assert real.sort_by(keys).equals(roll.rows.sort_by(keys).cast(real.schema))
    assert table["nid"].to_pylist() == sorted(table["nid"].to_pylist()), "where a row stands tells nothing"


def test_decoys_are_nobody_and_the_same_in_every_register(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    ids = real_ids(place[0])
    pay = {r["nid"]: r for r in copy(place).to_pylist() if r["nid"] not in ids}
    home = {r["nid"]: r for r in copy(place, "civil").to_pylist() if r["nid"] not in ids}
    assert 64 <= len(pay) < len(home)
    assert pay.keys() <= home.keys(), "whoever is paid is registered"
    for each, row in pay.items():
        both = f"{home[each]['given_name']} {home[each]['family_name']}"
        assert sorted((plain(row["full_name"]) or "").split()) == sorted((plain(both) or "").split())
    people = {(r["given_name"], r["family_name"], r["birth_date"]) for r in copy(place, "civil").to_pylist()
              if r["nid"] in ids}  # fmt: skip
    assert not people & {(r["given_name"], r["family_name"], r["birth_date"]) for r in home.values()}
    employers = {r["employer_id"] for r in copy(place).to_pylist() if r["nid"] in ids}
    assert {r["employer_id"] for r in pay.values()} <= employers


def test_nothing_of_a_decoy_stands_in_the_clear(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    ids = real_ids(place[0])
    decoys = [r for r in copy(place).to_pylist() if r["nid"] not in ids]
    for path in (place[0].path / "state").iterdir():
        data = path.read_bytes()
        assert not any(r["nid"].encode() in data or r["full_name"].encode() in data for r in decoys), path.name
        assert path.stat().st_mode & 0o077 == 0 or path.suffix == ".lock"


def spoiled(table: pa.Table) -> pa.Table:
    """Every third person, other order, columns dropped and renamed, names turned, phones and ids written otherwise."""
    ids = pc.unique(table["nid"]).to_pylist()
    table = table.filter(pc.is_in(table["nid"], value_set=pa.array(ids[::3] + ids[1::3]))).sort_by("gross_salary")
    turned = [plain(" ".join(reversed(name.split()))) for name in table["full_name"].to_pylist()]
    phones = [
        None if p is None else f"+355 {p.lstrip('0')[:2]}-{p.lstrip('0')[2:]}" for p in table["phone"].to_pylist()
    ]
    ids = [f" {each.lower()} " for each in table["nid"].to_pylist()]
    return pa.table({"a": table["gross_salary"], "b": turned, "c": phones, "d": ids})


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "tsv"])
def test_the_recipient_is_found_in_a_spoiled_file(place: tuple[OwnerFolder, KeyFile, Path], form: str) -> None:
    table, out = spoiled(copy(place)), io.BytesIO()
    if form == "tsv":
        pcsv.write_csv(table, out, pcsv.WriteOptions(delimiter="\t"))
    elif form == "csv":
        write(out, table, "csv", "x")
    else:
        write(out, table, "xlsx" if form == "xlsx" else "parquet", "x")
    path = place[2] / f"spoiled.{form}"
    path.write_bytes(out.getvalue().decode().encode("cp1252") if form == "csv" else out.getvalue())
    found = desk.find(place[0], path, place[1], SETTINGS)
    assert [score.name for score in found.verdict.named] == ["Bank of Tirana"]
    assert found.verdict.chance <= 1e-3
    assert {entry.register for entry in found.extracts} == {"payroll", "civil"}


def test_two_copies_merged_name_both(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    both = pa.concat_tables([copy(place), copy(place, who="Insurer")])
    pq.write_table(both.sort_by("nid"), place[2] / "merged.parquet")
    assert named(place, place[2] / "merged.parquet") == {"Bank of Tirana", "Insurer"}


def test_a_file_without_marks_names_nobody(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    table = copy(place)
    ids = real_ids(place[0])
    pq.write_table(table.filter(pc.is_in(table["nid"], value_set=pa.array(sorted(ids)))), place[2] / "real.parquet")
    found = desk.find(place[0], place[2] / "real.parquet", place[1], SETTINGS)
    assert found.verdict.outcome == "none"
    assert found.rows > 1000


def test_names_alone_are_no_mark(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    pq.write_table(copy(place).select(["full_name", "employer"]), place[2] / "names.parquet")
    assert desk.find(place[0], place[2] / "names.parquet", place[1], SETTINGS).verdict.outcome == "none"


def test_a_choice_of_rows_is_marked_too(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    owner, key, folder = place
    request = replace(LOAN, register="civil", where=(("sex", "F"),), form="csv", recipient="Clinic")
    entry = desk.make(owner, request, key, folder / "women.csv", NOW)
    assert entry.decoys >= 64
    assert entry.where == ("sex",)
    rows = list(csv.DictReader(io.StringIO((folder / "women.csv").read_text("utf-8"))))
    assert {row["sex"] for row in rows} == {"F"}
    assert named(place, folder / "women.csv") == {"Clinic"}


@pytest.mark.parametrize(("change", "words"), [
    ({"register": "voter"}, "electoral"),
    ({"where": (("full_name", "x"),)}, "hold no decoys"),
    ({"where": (("nowhere", "x"),)}, "no column"),
    ({"columns": ("nid", "gross_salary")}, "at least two"),
    ({"columns": ("nid", "nowhere")}, "no column"),
    ({"slots": 20}, "64 to 128"),
    ({"colluders": 4}, "--colluders"),
    ({"purpose": " "}, "--purpose"),
])  # fmt: skip
def test_what_cannot_be_marked_is_refused(place: tuple[OwnerFolder, KeyFile, Path], change: dict[str, object],
                                          words: str) -> None:  # fmt: skip
    out = place[2] / "never.csv"
    before = (place[0].path / "state" / "extracts.jsonl").read_bytes()
    with pytest.raises(UsageError, match=words):
        desk.make(place[0], replace(LOAN, **change), place[1], out, NOW)  # type: ignore[arg-type]
    assert not out.exists()
    assert (place[0].path / "state" / "extracts.jsonl").read_bytes() == before


def test_too_few_rows_and_another_key_are_refused(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    owner, key, folder = place
    with pytest.raises(InputError, match="fewer slots or more rows"):
        desk.make(owner, replace(LOAN, where=(("municipality", "Has"),)), key, folder / "never.csv", NOW)
    with pytest.raises(ConfigError):
        desk.find(owner, folder / "payroll Insurer.parquet", new_key("owner", NOW), SETTINGS)
    with pytest.raises(ConfigError):
        desk.make(owner, LOAN, new_key("centre", NOW), folder / "never.csv", NOW)
    with pytest.raises(OutputError):
        desk.make(owner, LOAN, key, folder / "no folder" / "never.csv", NOW)
    (folder / "rubbish.xlsx").write_bytes(b"PK\x03\x04rubbish")
    with pytest.raises(InputError):
        desk.find(owner, folder / "rubbish.xlsx", key, SETTINGS)


def test_refused_ids_are_replaced_and_old_copies_still_identified(place: tuple[OwnerFolder, KeyFile, Path]) -> None:
    owner, key, folder = place
    first = desk.reserve(owner, key, NOW, 64)
    assert not real_ids(owner) & set(first.ids)
    (folder / "refused.txt").write_text("\n".join(first.ids[:40]))
    second = desk.reserve(owner, key, NOW, 64, folder / "refused.txt")
    assert second.replaced == 40
    assert not set(first.ids[:40]) & set(second.ids)
    assert len(second.ids) == len(first.ids)
    assert named(place, folder / "payroll Insurer.parquet") == {"Insurer"}
    rotated = key.rotated(NOW)
    assert desk.find(owner, folder / "payroll Insurer.parquet", rotated, SETTINGS).verdict.named
