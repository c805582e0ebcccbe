"""`kulla register imprint` and `erase` as a user runs them."""

from __future__ import annotations

from pathlib import Path

from cli.inprocess import kulla
from payrolls import key, nid, owner

from kulla.registers.keyfile import write_key


def test_imprint_then_erase(tmp_path: Path) -> None:
    owner(tmp_path / "own")
    write_key(tmp_path / "k", key())
    options = ("--owner", tmp_path / "own", "--key", tmp_path / "k")
    first = kulla("register", "imprint", "payroll", *options)
    assert first.out == "full imprint, epoch 1: 36 versions, 30 new records, 1 parts\n"
    again = kulla("register", "imprint", "payroll", *options, "--json").json()
    assert again == {"full": False, "epoch": 1, "rows": 0, "new_records": 0, "skipped": {}, "parts": 1}
    gone = kulla("register", "erase", "payroll", *options, given=nid(5).encode() + b"\n")
    assert gone.code == 0, gone.err
    assert " erased: 2 versions, 2 rows of the imprint" in gone.out
    unknown = kulla("register", "erase", "payroll", *options, given=nid(5).encode() + b"\n")
    assert unknown.code == 3
    assert nid(5) not in gone.out + gone.err + unknown.out + unknown.err
    assert kulla("register", "erase", "payroll", *options).code == 2


def test_a_key_others_can_read_is_refused(tmp_path: Path) -> None:
    owner(tmp_path / "own")
    write_key(tmp_path / "k", key())
    (tmp_path / "k").chmod(0o644)
    ran = kulla("register", "imprint", "payroll", "--owner", tmp_path / "own", "--key", tmp_path / "k")
    assert (ran.code, "others may reach this key" in ran.err) == (2, True)
    assert not (tmp_path / "own/registers/payroll/outbox").exists()
