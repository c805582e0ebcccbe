"""A small exercise with a centre, for tests of tracing: two registers, reads, one bulk export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.leaking import Order, leak
from kulla.exercise.leakparts import read_part
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.desk.centrefolder import CentreFolder
from kulla.leaks.desk.request import Request
from kulla.leaks.desk.site import CentreSite, OwnerSite
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.receiving import receive
from kulla.registers.keyfile import KeyFile, new_key, write_key

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
REGISTERS = ("civil", "payroll")


@dataclass(frozen=True)
class Office:
    """An exercise country, its centre, and their keys."""

    path: Path
    country: ExerciseFolder
    centre: CentreFolder
    key: KeyFile
    owner_key: Path
    centre_key: Path

    def leak(self, name: str, *parts: str, **noise: Any) -> Path:
        """A leak made of parts."""
        out = self.path / name
        leak(self.country, Order(tuple(map(read_part, parts)), **noise), out)
        return out

    def misdeed(self) -> dict[str, Any]:
        """The truth of the bulk export."""
        found: dict[str, Any] = orjson.loads((self.country.truth / "misdeeds.jsonl").read_bytes().splitlines()[0])
        return found

    def at_centre(self, *names: str) -> CentreSite:
        """The centre, with the owner's key of these registers."""
        return CentreSite(self.centre, self.key, dict.fromkeys(names or REGISTERS, self.owner_key), "2026/1", NOW)

    def at_owner(self) -> OwnerSite:
        """The owner's site."""
        return OwnerSite(self.country.owner, self.owner_key)

    def request(self, *files: Path, **changes: Any) -> Request:
        """A request for these files."""
        told: dict[str, Any] = {"case": "2026/1", "purpose": "test", "actor": "a.hoxha", "second": "b.leka", "now": NOW}
        return Request(files, **(told | changes))


def office(
    path: Path, persons: int = 2500, months: int = 4, reads: int = 6000, centre_key: KeyFile | None = None
) -> Office:
    """Make it; for the centre in `path/centre` whose key is given, when there is one."""
    wanted = Reads("direct", 40, ("bulk_export",), None, reads)
    make_exercise(path / "c", Settings(persons, months, 5, "steady", REGISTERS), wanted, None)
    country = ExerciseFolder(path / "c")
    owner, centre = new_key("owner", NOW), centre_key or new_key("centre", NOW)
    write_key(path / "owner.key", owner)
    write_key(path / "centre.key", centre)
    for name in REGISTERS:
        imprint(country.owner.register(name), owner)
        receive(country.owner.register(name).outbox, path / "centre", centre)
    return Office(path, country, CentreFolder(path / "centre"), centre, path / "owner.key", path / "centre.key")
