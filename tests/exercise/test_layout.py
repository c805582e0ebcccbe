from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kulla.errors import ConfigError, UsageError
from kulla.exercise.layout import ExerciseFolder, Settings


def test_settings_come_back_as_written(tmp_path: Path) -> None:
    settings = Settings(10, 3, 7, 'a "quoted" \\ profile.toml', ("civil", "voter"))
    folder = ExerciseFolder(tmp_path / "new")
    folder.write(settings)
    assert folder.read() == settings
    assert folder.read().start == date(2024, 1, 1)
    assert [p.name for p in folder.path.iterdir()] == ["exercise.toml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("persons = ", "not TOML"), ("schema = 2", "schema must be 1"), ("schema = 1\npersons = 3", "missing"),
     ('schema = 1\nregisters = ["civil"]\ncolour = 1', "unknown")],
)  # fmt: skip
def test_settings_that_are_wrong_are_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "exercise.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        ExerciseFolder(tmp_path).read()


def test_an_unknown_register_is_refused() -> None:
    with pytest.raises(UsageError, match="taxes"):
        Settings(10, 3, 7, "steady", ("taxes",))
