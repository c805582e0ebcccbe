"""What may be taken from the inbox."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kulla.centre.worker.inbox import Inbox


def names(inbox: Inbox) -> list[str]:
    return [each.name for each in inbox.waiting("tax")]


def test_a_quiet_file_is_taken_and_a_fresh_one_waits(tmp_path: Path) -> None:
    (tmp_path / "tax" / "sub").mkdir(parents=True)
    (tmp_path / "tax" / "sub" / "a.log").write_text("a")
    os.utime(tmp_path / "tax" / "sub" / "a.log", (0, 0))  # `cp -p` and `tar x` keep old times; ctime tells the truth
    assert names(Inbox(tmp_path, 3600)) == []
    assert names(Inbox(tmp_path, 0)) == ["sub/a.log"]


def test_a_file_renamed_from_part_is_taken_at_once(tmp_path: Path) -> None:
    (tmp_path / "tax").mkdir()
    part = tmp_path / "tax" / "a.log.part"
    part.write_text("a")
    inbox = Inbox(tmp_path, 3600)
    assert names(inbox) == []
    part.rename(tmp_path / "tax" / "a.log")
    (tmp_path / "tax" / "b.log").write_text("b")
    assert names(inbox) == ["a.log"]
    assert names(inbox) == ["a.log"], "and stays so until it is taken"


def test_links_and_hidden_names_are_left_alone(tmp_path: Path) -> None:
    secret = tmp_path / "secret.key"
    secret.write_text("x")
    tax = tmp_path / "inbox" / "tax"
    (tax / ".hidden").mkdir(parents=True)
    (tax / ".hidden" / "a").write_text("a")
    (tax / ".b").write_text("b")
    (tax / "link.log").symlink_to(secret)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "c.log").write_text("c")
    (tax / "folder").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tax / "fifo")
    inbox = Inbox(tmp_path / "inbox", 0)
    assert names(inbox) == []
    assert inbox.constituents() == ["tax"]


def test_a_file_that_changed_is_no_longer_the_same(tmp_path: Path) -> None:
    (tmp_path / "tax").mkdir()
    path = tmp_path / "tax" / "a.log"
    path.write_text("a")
    (waiting,) = Inbox(tmp_path, 0).waiting("tax")
    assert waiting.same()
    with path.open("a") as file:
        file.write("b")
    assert not waiting.same()
    path.unlink()
    assert not waiting.same()


def test_a_part_is_known_though_other_constituents_and_many_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kulla.centre.worker.inbox.MOST", 1)
    for place in ("navy", "tax"):
        (tmp_path / place).mkdir()
    (tmp_path / "tax" / "0.log").write_text("0")
    os.utime(tmp_path / "tax" / "0.log", (0, 0))
    part = tmp_path / "tax" / "a.log.part"
    part.write_text("a")
    inbox = Inbox(tmp_path, 0)
    assert names(inbox) == ["0.log"]
    assert inbox.waiting("navy") == []
    part.rename(tmp_path / "tax" / "a.log")
    inbox.quiet = 3600
    (tmp_path / "tax" / "0.log").unlink()
    assert names(inbox) == ["a.log"]
