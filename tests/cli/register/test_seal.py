"""`kulla register seal` and `kulla register health` as their users run them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli.inprocess import kulla

from kulla.registers.folder import OwnerFolder
from kulla.registers.manifest import Column, Copy, Manifest

SAMPLE = Path(__file__).parents[2] / "events" / "formats" / "samples" / "postgres.csv"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An owner's folder with one register, its log, and keys of agent and centre beside."""
    copies = (Copy("nightly", "backup"),)
    columns = (Column("nid", "national_id"),)
    manifest = Manifest("payroll", "o", "tax", "civil", "law", "files", "", "", ("nid",), columns, copies=copies)
    OwnerFolder(tmp_path / "own").register("payroll").write(manifest)
    shutil.copy(SAMPLE, tmp_path / "audit.csv")
    for name in ("agent", "centre"):
        ran = kulla("register", "seal", "key", tmp_path / f"{name}.pem")
        assert (ran.code, len(ran.out.strip())) == (0, 32)
    return tmp_path


def sealed(own: Path) -> str:
    ran = kulla(
        "register", "seal", "run", "payroll", own / "audit.csv", "--key", own / "agent.pem", "--owner", own / "own"
    )
    assert ran.code == 0, ran.err
    return ran.out


def chain(own: Path) -> Path:
    return own / "own" / "registers" / "payroll" / "outbox" / "seals.jsonl"


def verify(own: Path, *more: object) -> tuple[int, set[str]]:
    ran = kulla("register", "seal", "verify", chain(own), "--public", own / "agent.pem.pub", "--json", *more)
    # Whether this machine's clock is synchronised is not for a test to know.
    return ran.code, {fault["problem"] for fault in json.loads(ran.out)["faults"]} - {"clock"}


def test_a_log_is_sealed_verified_and_countersigned(own: Path) -> None:
    assert "1 start, 1 segment" in sealed(own)
    assert "1 start; 0 bytes" in sealed(own)
    assert verify(own) == (3, {"restarted"})
    heads = own / "heads.jsonl"
    signing = ("register", "seal", "countersign", chain(own), "--public", own / "agent.pem.pub", "--key",
               own / "centre.pem", "--out", heads)  # fmt: skip
    assert kulla(*signing).code == 0
    known = ("--heads", heads, "--centre", own / "centre.pem.pub")
    assert verify(own, *known) == (3, {"restarted"})
    lines = chain(own).read_bytes().splitlines(keepends=True)
    chain(own).write_bytes(b"".join(lines[:2]))
    assert verify(own, *known) == (3, {"truncated"})
    refused = kulla(*signing)
    assert (refused.code, refused.out) == (3, "")
    assert "not countersigned" in refused.err


def test_what_cannot_be_used_is_told(own: Path) -> None:
    sealed(own)
    alone = kulla("register", "seal", "verify", chain(own), "--public", own / "agent.pem.pub", "--heads", own / "x")
    assert (alone.code, "go together" in alone.err) == (2, True)
    missing = kulla("register", "seal", "run", "payroll", own / "no.csv", "--key", own / "agent.pem")
    assert (missing.code, "no such file or folder" in missing.err) == (3, True)
    empty = kulla("register", "seal", "verify", own / "none.jsonl", "--public", own / "agent.pem.pub")
    assert (empty.code, "no seals" in empty.err) == (3, True)


def test_health_tells_grades_copies_and_where_to_look(own: Path) -> None:
    early = kulla("register", "health", "payroll", "--owner", own / "own")
    assert (early.code, "no audit log was read yet" in early.err) == (3, True)
    sealed(own)
    assert kulla("register", "accesses", "payroll", own / "audit.csv", "--owner", own / "own", "--jobs", 0).code == 0
    ran = kulla("register", "health", "payroll", "--owner", own / "own", "--public", own / "agent.pem.pub", "--json")
    found = {each["check"]: each for each in json.loads(ran.out)["findings"]}
    assert ran.code == 3
    assert found["copies without a log"]["count"] == 1
    assert found["sealed late"]["count"] > 50
    assert "never sealed" not in found
    assert found["error after read"]["places"]
    plain = kulla("register", "health", "payroll", "--owner", own / "own")
    assert "copies without a log" in plain.out
