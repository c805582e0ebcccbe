from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from centremade import NOW, centre_at

from kulla.centre.checking import check
from kulla.centre.folder import Centre
from kulla.centre.vault.keybackup import make_shares
from kulla.centre.vault.store import Store
from kulla.registers.keyfile import new_key, write_key


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    made = centre_at(tmp_path)
    make_shares(made.keys, 2, 3)
    (tmp_path / "away").mkdir()
    Store(made.evidence, made.keys.evidence()).put([b"x"])
    return made.rewritten(replace(made.told, anchors=(str(tmp_path / "away"),)))


def errors(centre: Centre, evidence: bool = False) -> list[str]:
    return [f"{each.about} {each.text}" for each in check(centre.path, evidence=evidence) if each.level == "error"]


def test_a_centre_in_order(centre: Centre) -> None:
    assert errors(centre, evidence=True) == []
    assert [(each.level, each.about) for each in check(centre.path)] == [("warning", "anchors")], "the same disk"


def test_what_a_bad_day_needs(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    assert {each.about for each in check(made.path)} == {"recovery", "anchors"}
    made.rewritten(replace(made.told, anchors=("/nowhere/at/all",)))
    assert any("no folder that can be reached" in each for each in errors(made))


def owner_key(centre: Centre, folder: Path) -> None:
    outside = centre.path.parent / "owner.key"
    write_key(outside, new_key("owner", NOW))
    shutil.move(outside, folder / "renamed.txt")


def beside(centre: Centre) -> None:
    owner_key(centre, centre.keys.folder)


def both(centre: Centre) -> None:
    owner_key(centre, centre.state)
    shutil.copy(centre.keys.folder / "centre.key", centre.registers / "x.bin")


def inside(centre: Centre, name: str, place: Path) -> None:
    shutil.copy(centre.keys.folder / name, place)


def manifest(centre: Centre, data: bytes) -> None:
    (centre.registers / "payroll").mkdir()
    (centre.registers / "payroll" / "manifest.toml").write_bytes(data)


CASES: list[tuple[Callable[[Centre], None], str]] = [
    (beside, "renamed.txt an owner's key lies beside"),
    (lambda c: owner_key(c, c.state), "a key (owner) lies inside"),
    (both, "both parts of a split key"),
    (lambda c: inside(c, "evidence.key", c.path / "e"), "a key lies inside"),
    (lambda c: inside(c, "signing.key", c.traces / "s.pem"), "a key lies inside"),
    (lambda c: inside(c, "console.key", c.registers / "note"), "a key lies inside"),
    (lambda c: (c.path / "lake").rmdir(), "lake is missing"),
    (lambda c: (c.path / "inbox").chmod(0o755), "inbox"),
    (lambda c: (c.state / "centre.sqlite3").touch(0o644), "centre.sqlite3"),
    (lambda c: next(c.evidence.glob("items/*/*")).chmod(0o600), "may be written to"),
    (lambda c: next(c.evidence.glob("items/*")).chmod(0o755), "others may reach"),
    (lambda c: c.path.chmod(0o750), "others may reach"),
    (lambda c: (c.keys.folder / "audit.key").unlink(), "audit.key"),
    (lambda c: (c.keys.folder / "mail.password").touch(0o644), "mail.password"),
    (lambda c: (c.path / "centre.toml").unlink(), "no centre's folder"),
    (lambda c: (c.registers / "payroll").mkdir(), "register payroll"),
    (lambda c: manifest(c, b"schema = 9"), "register payroll"),
    (lambda c: manifest(c, b"\xff"), "not UTF-8; have the register delivered again"),
]


@pytest.mark.parametrize(("change", "why"), CASES)
def test_what_is_wrong_is_told(centre: Centre, change: Callable[[Centre], None], why: str) -> None:
    change(centre)
    found = errors(centre)
    assert any(why in each for each in found), found


@pytest.mark.parametrize("store", ["evidence", "state/reports"])
def test_evidence_is_read_when_asked(centre: Centre, store: str) -> None:
    Store(centre.path / store, centre.keys.evidence()).put([b"x"])
    item = next((centre.path / store).glob("items/*/*"))
    item.chmod(0o600)
    data = bytearray(item.read_bytes())
    data[-1] ^= 1
    item.write_bytes(data)
    item.chmod(0o400)
    assert errors(centre) == []
    (told,) = errors(centre, evidence=True)
    assert told.startswith(f"{store.rpartition('/')[2]} {item.name}")
    item.chmod(0o644)
    assert any(item.name in each and "others may reach" in each for each in errors(centre))
