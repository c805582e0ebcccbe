"""A small owner's folder for tests: civil, payroll, vehicle and voter registers of the exercise's country."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kulla.exercise.layout import Settings
from kulla.exercise.make import make_exercise
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import Epoch, KeyFile

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def made(folder: Path, persons: int = 6000) -> tuple[OwnerFolder, KeyFile]:
    """The exercise's registers, and a key that is always the same, so that what passes passes again."""
    make_exercise(folder / "ex", Settings(persons, 3, 1, "steady"))
    return OwnerFolder(folder / "ex" / "owner"), KeyFile("owner", "test", (Epoch(1, NOW, b"k" * 32),))
