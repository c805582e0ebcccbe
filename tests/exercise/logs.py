"""The logs of a small exercise with every misdeed, written once for all tests."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.make import make_registers
from kulla.exercise.misdeeds import NAMES, Misdeed
from kulla.exercise.profile import shipped
from kulla.exercise.reading import Written, write_reads

SETTINGS = Settings(3_000, 3, 9, "steady", ("payroll", "civil"))
DAYS, ACCOUNTS = 20, 40


@dataclass(frozen=True)
class LogFolder:
    folder: ExerciseFolder
    written: Written

    @property
    def files(self) -> list[Path]:
        return sorted((self.folder.logs / "payroll").glob("*.csv"))

    @property
    def lines(self) -> int:
        return self.written.lines


@cache
def logs() -> LogFolder:
    path = Path(tempfile.mkdtemp(prefix="kulla-exercise-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    profile = shipped("overdispersed")
    make_registers(path, SETTINGS, profile)
    orders = tuple(Misdeed(name, start=8, days=2) for name in NAMES)
    [written] = write_reads(
        path, SETTINGS, profile, how="both", accounts=ACCOUNTS, misdeeds=orders, registers=("payroll",), days=DAYS
    )
    return LogFolder(ExerciseFolder(path), written)
