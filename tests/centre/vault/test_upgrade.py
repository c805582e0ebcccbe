from __future__ import annotations

from pathlib import Path

import pytest
from centremade import centre_at

from kulla.centre.centretoml import LAYOUT
from kulla.centre.folder import Centre, told_in
from kulla.centre.vault.upgrade import STEPS, Step, upgrade
from kulla.errors import ConfigError, InputError, OutputError


def nothing(centre: Centre) -> None:
    pass


def test_a_centre_that_is_up_to_date_gets_its_database_alone(tmp_path: Path) -> None:
    made, called = centre_at(tmp_path), []
    done = upgrade(made.path, None, lambda _: called.append("save"), lambda _: called.append("migrate"))
    assert (done.before, done.after, done.steps, called) == (LAYOUT, LAYOUT, (), ["save", "migrate"])


def test_every_older_layout_has_its_step() -> None:
    assert [step.origin for step in STEPS] == list(range(1, LAYOUT))


def test_steps_go_on_where_they_were_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.centre.centretoml.LAYOUT", 4)
    made, called = centre_at(tmp_path), []

    def fails(centre: Centre) -> None:
        called.append("two")
        if called.count("two") == 1:
            raise OutputError("full")

    steps = (
        Step(1, "first", lambda _: called.append("one")),
        Step(2, "second", fails),
        Step(3, "third", lambda _: called.append("three")),
    )
    with pytest.raises(OutputError, match="full"):
        upgrade(made.path, None, nothing, nothing, steps, 4)
    assert told_in(made.path).version == 2
    done = upgrade(made.path, None, nothing, nothing, steps, 4)
    assert called == ["one", "two", "two", "three"]
    assert (done.before, done.after, done.steps) == (2, 4, ("second", "third"))


def test_a_running_centre_and_one_of_a_newer_kulla_are_left_alone(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    with made.alone(), pytest.raises(OutputError, match="another process"):
        upgrade(made.path, None, nothing, nothing)
    path = made.path / "centre.toml"
    path.write_text(path.read_text().replace(f"version = {LAYOUT} ", f"version = {LAYOUT + 1} "))
    with pytest.raises(ConfigError, match="newer Kulla"):
        upgrade(made.path, None, nothing, nothing)
    with pytest.raises(InputError):
        upgrade(tmp_path / "nowhere", None, nothing, nothing)
