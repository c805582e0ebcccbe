"""`kulla register keys` as a user runs it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cli.inprocess import kulla

from kulla.registers.envelope import opened
from kulla.registers.keyfile import read_key


def test_a_key_from_beginning_to_end(tmp_path: Path) -> None:
    own, centre = tmp_path / "owner.key", tmp_path / "centre.key"
    assert kulla("register", "keys", "new", own).code == 0
    made = kulla("register", "keys", "new", centre, "--centre")
    public = made.out.split()[-1]
    assert kulla("register", "keys", "new", own).code == 5
    secret = read_key(own).secret()
    assert kulla("register", "keys", "rotate", own).out.endswith("now epoch 2\n")
    out = tmp_path / "e"
    seal = (
        "register",
        "keys",
        "seal",
        own,
        "--to",
        public,
        "--register",
        "payroll",
        "--case",
        "2026/1",
        "--epoch",
        "1",
    )
    assert kulla(*seal, "--name", "A", "--out", out).code == 2
    sealed = kulla(*seal, "--name", "A", "--name", "B", "--out", out)
    assert sealed.code == 0, sealed.err
    got, purpose = opened(out.read_bytes(), read_key(centre).sealing, datetime.now(UTC))
    assert (got, purpose.epoch, purpose.case) == (secret, 1, "2026/1")
    assert kulla("register", "keys", "destroy", own, "--epoch", "1", given=b"n\n").code == 130
    assert read_key(own).secret(1) == secret
    assert kulla("register", "keys", "destroy", own, "--epoch", "1", "--yes").code == 0
    shown = kulla("register", "keys", "show", own, "--json").json()
    assert isinstance(shown, dict)
    assert [bool(e["destroyed"]) for e in shown["epochs"]] == [True, False]
    assert public in kulla("register", "keys", "show", centre).out
    assert kulla(*seal, "--name", "A", "--name", "B", "--out", tmp_path / "f").code == 2


def test_a_wrong_public_key_is_told(tmp_path: Path) -> None:
    own = tmp_path / "owner.key"
    kulla("register", "keys", "new", own)
    seal = ("register", "keys", "seal", own, "--register", "p", "--case", "1", "--name", "A", "--name", "B")
    for wrong in ("no key", "QUJD"):
        assert kulla(*seal, "--to", wrong, "--out", tmp_path / "e").code == 3
    assert not (tmp_path / "e").exists()
