"""What a peer is: a command line to measure, and a way to read its hits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a program.

    Attributes:
        argv: the command line.
        stdout: the file that takes the program's standard output; None for nowhere.
        extra: environment variables besides those of this process.
    """

    argv: tuple[str, ...]
    stdout: Path | None = None
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The whole environment to run with. Byte code is kept, as on any machine after the first run."""
        return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | self.extra


class Peer(Protocol):
    """An engine beside ours."""

    @property
    def name(self) -> str:
        """Its name in tables, with its version."""

    def call(self, events: Path, rules: Path, work: Path, cores: int) -> Call:
        """The command line that matches all `rules` on `events`, its fastest fair way, on `cores` processors."""

    def hits(self, events: Path, rules: Path, work: Path) -> Iterator[tuple[str, int]]:
        """Each hit as rule id and 1-based line of `events`, from a run of its own that is not timed."""
