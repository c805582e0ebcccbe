"""What the marks of handed-out extracts say of a leak's source: extracts whose decoys are in the file.

`kulla extract identify --json`, run by the register's owner, names recipients whose copies hold the decoys that were
seen, with a bound of the chance that any recipient who gave nothing would be named (registers.decoys.identify). Each
extract that a named recipient was handed is a source beside reads and copies; the marks' evidence for it is minus the
logarithm of that chance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log
from typing import Any, Final

from kulla.errors import InputError

NAMED: Final = ("one", "several")
"""Outcomes of identification that name recipients."""
_LEAST: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Extract:
    """A marked copy that was handed out and whose marks are in the file.

    name: `extract` and its number in the ledger; recipient: as the ledger has it; taken: when it was made,
    microseconds UTC; columns: it has, empty when all; nats: what the marks say for it.
    """

    name: str
    recipient: str
    taken: int
    columns: tuple[str, ...]
    nats: float

    def gives(self, columns: tuple[str, ...]) -> bool:
        """Whether it has all of these columns."""
        return not self.columns or set(columns) <= set(self.columns)


def extracts(told: Mapping[str, Any] | None, register: str) -> tuple[Extract, ...]:
    """The extracts of a register that identification's JSON names; empty when it names nobody, or nothing was told.

    Raises InputError when it is not what `kulla extract identify --json` prints.
    """
    if told is None:
        return ()
    try:
        if told["outcome"] not in NAMED:
            return ()
        chances = {str(each["name"]): float(each["chance"]) for each in told["named"]}
        return tuple(
            Extract(
                f"extract {int(each['seq'])}", str(each["recipient"]), _micros(str(each["time"])),
                tuple(map(str, each["columns"])), -log(max(chances[each["recipient"]], _LEAST)),
            )
            for each in told["extracts"] if each["register"] == register
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"register {register}: the marks are damaged ({type(error).__name__}); make them with"
            " kulla extract identify --json"
        ) from None


def _micros(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)
