"""`kulla leak check-citizen`: what a gateway meets. With a leak's set: tests/cli/leak/test_leak.py."""

from __future__ import annotations

from pathlib import Path

from cli.inprocess import kulla


def test_without_an_id_the_question_is_refused(tmp_path: Path) -> None:
    ran = kulla("leak", "check-citizen", tmp_path / "set", "--key", tmp_path / "k", given=b"\n")
    assert (ran.code, "no national id on standard input" in ran.err) == (2, True)


def test_a_set_or_key_that_is_none_is_said_without_the_id(tmp_path: Path) -> None:
    key, held = tmp_path / "gateway.key", tmp_path / "leak.citizens"
    missing = kulla("leak", "check-citizen", held, "--key", key, given=b"J99999999X\n")
    assert (missing.code != 0, "gateway.key" in missing.err) == (True, True)
    assert kulla("register", "keys", "new", key).code == 0
    held.write_text("no set")
    ran = kulla("leak", "check-citizen", held, "--key", key, given=b"J99999999X\n")
    assert (ran.code != 0, "leak.citizens" in ran.err) == (True, True)
    assert "J99999999X" not in missing.err + ran.err + ran.out
