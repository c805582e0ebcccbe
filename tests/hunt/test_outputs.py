from __future__ import annotations

from pathlib import Path

import pytest
from synthetic_hits import facts, table, week

from kulla.errors import OutputError, UsageError
from kulla.hunt.findings import Findings, findings
from kulla.hunt.outputs import Outputs, writer_for
from kulla.hunt.writers import WRITERS


def some() -> Findings:
    made = week(1)
    return findings([table(made.rows[:50])], facts(made))


def test_every_extension_finds_its_writer_and_others_are_refused(tmp_path: Path) -> None:
    for writer in WRITERS:
        assert writer_for(tmp_path / f"A{writer.suffix.upper()}") is writer
    for name in ("a.txt", "a.json", ".csv", "csv"):
        with pytest.raises(UsageError, match="extension"):
            writer_for(tmp_path / name)


def test_unwritable_places_are_told_before_work(tmp_path: Path) -> None:
    (tmp_path / "dir.csv").mkdir()
    for path in (tmp_path / "no" / "a.csv", tmp_path / "dir.csv"):
        with pytest.raises(OutputError), Outputs([tmp_path / "good.csv", path]):
            raise AssertionError("work began")
    assert [p.name for p in tmp_path.iterdir()] == ["dir.csv"]


def test_old_files_stay_until_new_ones_are_whole(tmp_path: Path) -> None:
    old = tmp_path / "a.jsonl"
    old.write_text("old")
    with pytest.raises(KeyboardInterrupt), Outputs([old]):
        raise KeyboardInterrupt
    assert old.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]
    with Outputs([old]) as outputs:
        assert outputs.write(some()) == (old,)
    assert old.read_text().count("\n") == 50
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_the_same_findings_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        with Outputs([tmp_path / folder / f"a{writer.suffix}" for writer in WRITERS]) as outputs:
            outputs.write(some())
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()
