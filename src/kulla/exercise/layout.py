"""Where the parts of an exercise lie, and its settings in exercise.toml.

DIR/exercise.toml                    persons, months, seed, profile, start, zone, registers, format version
DIR/owner/                           an owner's folder: see kulla.registers.folder
DIR/owner/logs/<register>/           the database's logs; logs/{host,backup,vpn,windows}/ beside them
DIR/truth/                           what really happened, apart: misdeeds.jsonl, accounts.parquet,
                                     transactions.parquet (the registers' long transactions)
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from kulla.errors import ConfigError, InputError, UsageError
from kulla.exercise.frame import START, ZONE
from kulla.registers.folder import OwnerFolder, made

SCHEMA: Final = 1
REGISTERS: Final = ("civil", "payroll", "vehicle", "voter")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an exercise was made with; the same settings make the same exercise.

    Attributes:
        profile: name of the profile, or path of its file.
        registers: those that were made.
        start: first day of the span; the span is `months` calendar months of `zone`.
    """

    persons: int
    months: int
    seed: int
    profile: str
    registers: tuple[str, ...] = REGISTERS
    start: date = START
    zone: str = ZONE

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.registers) - set(REGISTERS)):
            raise UsageError(f"--registers {unknown[0]}: no such register; known are {', '.join(REGISTERS)}")
        if not self.registers:
            raise UsageError(f"--registers: name at least one of {', '.join(REGISTERS)}")


@dataclass(frozen=True, slots=True)
class ExerciseFolder:
    """The folder of one exercise."""

    path: Path

    @property
    def settings(self) -> Path:
        """The settings' file; written last, so an exercise cut short has none."""
        return self.path / "exercise.toml"

    @property
    def owner(self) -> OwnerFolder:
        """The owner's folder."""
        return OwnerFolder(self.path / "owner")

    @property
    def logs(self) -> Path:
        """The logs of databases and hosts."""
        return self.path / "owner" / "logs"

    @property
    def truth(self) -> Path:
        """What really happened."""
        return self.path / "truth"

    def read(self) -> Settings:
        """The settings. Raises InputError when there are none, ConfigError when they are wrong."""
        try:
            table = tomllib.loads(self.settings.read_text("utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"{self.path}: no exercise here; make one with kulla exercise make") from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{self.settings}: not TOML: {error}") from error
        if table.pop("schema", None) != SCHEMA:
            raise ConfigError(f"{self.settings}: schema must be {SCHEMA}; another version of Kulla wrote it")
        try:
            return Settings(**table | {"registers": tuple(table["registers"])})
        except (KeyError, TypeError) as error:
            raise ConfigError(f"{self.settings}: a key is missing or unknown: {error}") from error

    def write(self, settings: Settings) -> None:
        """Write the settings, whole or not at all."""
        made(self.path)
        waiting = self.settings.with_suffix(".new")
        waiting.write_text(_text(settings), "utf-8")
        waiting.replace(self.settings)


def _text(settings: Settings) -> str:
    quoted = settings.profile.replace("\\", "\\\\").replace('"', '\\"')
    registers = ", ".join(f'"{name}"' for name in settings.registers)
    return (
        f"schema = {SCHEMA}\npersons = {settings.persons}\nmonths = {settings.months}\nseed = {settings.seed}\n"
        f'profile = "{quoted}"\nregisters = [{registers}]\nstart = {settings.start}\nzone = "{settings.zone}"\n'
    )
