"""`kulla leak protect` and `protected`: what a list's owner sees. With a leak: tests/cli/leak/test_leak.py."""

from __future__ import annotations

from pathlib import Path

from cli.inprocess import kulla


def test_a_list_is_sealed_and_its_key_made(tmp_path: Path) -> None:
    members = tmp_path / "judges.csv"
    members.write_text("national_id,phone\nJ99999999X,0691234567\nK88888888Y,\n")
    out, key = tmp_path / "judges.sealed", tmp_path / "judges.key"
    ran = kulla("leak", "protect", members, "--key", key, "--name", "judges", "--out", out)
    assert ran.code == 0, ran.err
    assert "3 ids, phones and plates sealed" in ran.out
    assert key.stat().st_mode & 0o077 == 0
    assert b"J99999999X" not in out.read_bytes()
    assert b"0691234567" not in out.read_bytes()


def test_a_list_without_a_column_that_is_known_is_refused(tmp_path: Path) -> None:
    members = tmp_path / "judges.csv"
    members.write_text("name\nAgron\n")
    ran = kulla("leak", "protect", members, "--key", tmp_path / "k", "--name", "n", "--out", tmp_path / "o")
    assert ran.code == 3
    assert "judges.csv:1: none of the columns" in ran.err
    assert "Agron" not in ran.err


def test_what_is_no_answer_is_refused(tmp_path: Path) -> None:
    members = tmp_path / "judges.csv"
    members.write_text("national_id\nJ99999999X\n")
    kulla("leak", "protect", members, "--key", tmp_path / "k", "--name", "n", "--out", tmp_path / "o")
    (tmp_path / "answer").write_text("{}")
    ran = kulla("leak", "protected", tmp_path / "answer", "--members", members, "--key", tmp_path / "k")
    assert ran.code != 0
    assert "answer" in ran.err
    assert "J99999999X" not in ran.err
