"""`kulla extract`: from a register to a copy and back to its recipient."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli.command import kulla
from registers.extracts.country import made

from kulla.registers.keyfile import write_key


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("extract")
    owner, key = made(folder, 4000)
    write_key(folder / "owner.key", key)
    return owner.path, folder / "owner.key", folder


def test_a_copy_is_made_listed_and_identified(place: tuple[Path, Path, Path]) -> None:
    owner, key, folder = place
    common = ("--owner", owner, "--key", key)
    ran = kulla("extract", "make", "civil", *common, "--recipient", "Statistics", "--purpose", "census", "--slots", 64,
                "--format", "xlsx", "-o", folder / "civil.xlsx", "--columns",
                "nid,given_name,family_name,municipality")  # fmt: skip
    assert ran.code == 0, ran.err
    assert "decoys among the persons, for Statistics" in ran.out
    listed = kulla("extract", "list", "--owner", owner)
    assert "Statistics" in listed.out
    assert "census" in listed.out
    found = kulla("extract", "identify", folder / "civil.xlsx", *common)
    assert found.code == 0
    assert "recipient: Statistics" in found.out
    assert "chance of a false accusation at most" in found.out
    plain = kulla("extract", "identify", folder / "civil.xlsx", *common, "--json").json()
    assert isinstance(plain, dict)
    assert plain["outcome"] == "one"
    assert plain["named"][0]["name"] == "Statistics"
    (folder / "other.csv").write_text("id;name\n1;x\n")
    other = kulla("extract", "identify", folder / "other.csv", *common)
    assert "No extract's marks are in this file." in other.out
    (folder / "broken.xlsx").write_bytes(b"PK\x03\x04 broken")
    assert kulla("extract", "identify", folder / "broken.xlsx", *common).code == 3


def test_errors_tell_what_to_do(place: tuple[Path, Path, Path]) -> None:
    owner, key, folder = place
    common = ("--owner", owner, "--key", key, "--recipient", "X", "--purpose", "y", "-o", folder / "x.csv")
    electoral = kulla("extract", "make", "voter", *common)
    assert electoral.code == 2
    assert "electoral" in electoral.err
    assert kulla("extract", "make", "civil", *common, "--format", "pdf").code == 2
    assert kulla("extract", "make", "civil", *common, "--where", "sex").code == 2
    assert kulla("extract", "make", "nowhere", *common).code == 3
    assert not (folder / "x.csv").exists()


def test_ids_are_listed_for_the_issuer(place: tuple[Path, Path, Path]) -> None:
    owner, key, folder = place
    ran = kulla("extract", "reserve", "--owner", owner, "--key", key, "--slots", "64", "-o", folder / "ids.csv")
    assert ran.code == 0, ran.err
    lines = (folder / "ids.csv").read_text().splitlines()
    assert lines[0] == "kind,value"
    assert sum(line.startswith("national_id,") for line in lines) >= 128
    assert (folder / "ids.csv").stat().st_mode & 0o077 == 0
