"""MITRE ATT&CK 17.0, Enterprise: techniques with their names and tactics, offline.

The table beside this file is made by `tools/make_attack.py`; MITRE's notice is in NOTICE. Tactics are short names
as tags write them, with hyphens.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SINCE_RENAMED = ("stealth", "defense-impairment")
"""Tactics that ATT&CK introduced after 17.0 in place of defense-evasion, and that current rules already name."""


@dataclass(frozen=True, slots=True)
class Attack:
    """The whole table: tactics in kill-chain order as (id, short name); technique id → name and tactics."""

    version: str
    tactics: tuple[tuple[str, str], ...]
    techniques: dict[str, tuple[str, tuple[str, ...]]]


@cache
def attack() -> Attack:
    """The table, read once from the package's own data."""
    data = json.loads(files(__package__).joinpath("attack.json").read_text(encoding="utf-8"))
    order = [name for _, name in data["tactics"]]
    techniques = {
        technique: (name, tuple(order[number] for number in numbers))
        for technique, (name, *numbers) in data["techniques"].items()
    }
    return Attack(data["version"], tuple((identity, name) for identity, name in data["tactics"]), techniques)


def technique(identity: str) -> tuple[str, tuple[str, ...]] | None:
    """Name and tactics (in kill-chain order) of a technique by its id in any case; None when it is not known.

    >>> technique("t1059.001")
    ('PowerShell', ('execution',))
    """
    return attack().techniques.get(identity.upper())


def tactics() -> tuple[str, ...]:
    """The short names of all tactics, from reconnaissance to impact."""
    return tuple(name for _, name in attack().tactics)
