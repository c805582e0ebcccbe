"""ATT&CK tactics and techniques as rules' tags name them (`attack.t1059.001`, `attack.execution`).

The tables of MITRE's names are `detect.attack`'s; here stands what hits and reports need of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from kulla.detect import attack

TACTICS: tuple[tuple[str, str], ...] = (
    ("reconnaissance", "Reconnaissance"),
    ("resource-development", "Resource Development"),
    ("initial-access", "Initial Access"),
    ("execution", "Execution"),
    ("persistence", "Persistence"),
    ("privilege-escalation", "Privilege Escalation"),
    ("defense-evasion", "Defense Evasion"),
    ("credential-access", "Credential Access"),
    ("discovery", "Discovery"),
    ("lateral-movement", "Lateral Movement"),
    ("collection", "Collection"),
    ("command-and-control", "Command and Control"),
    ("exfiltration", "Exfiltration"),
    ("impact", "Impact"),
)
"""Short name (as in tags, with hyphens) and name of the enterprise tactics, in ATT&CK's order of the kill chain."""

_ORDER = {short: number for number, (short, _) in enumerate(TACTICS)}
_SHORT = {name.lower(): short for short, name in TACTICS}
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique by id (`T1059.001`), name (the id where the table lacks it) and tactics' short names, in order."""

    id: str
    name: str
    tactics: tuple[str, ...]


def short(tactic: str) -> str | None:
    """The short name of a tactic in any spelling; None when it is none of ATT&CK's.

    >>> short("Defense Evasion"), short("defense_evasion"), short("stealth")
    ('defense-evasion', 'defense-evasion', None)
    """
    folded = tactic.lower().replace("_", "-")
    return folded if folded in _ORDER else _SHORT.get(tactic.lower())


def name(tactic: str) -> str:
    """The name of a tactic from its short name."""
    return TACTICS[_ORDER[tactic]][1]


@cache
def technique(number: str) -> Technique:
    """A technique by its id, in any case."""
    found = attack.technique(number.upper())
    if found is None:
        return Technique(number.upper(), number.upper(), ())
    title, tactics = found
    return Technique(number.upper(), title, ordered(known for tactic in tactics if (known := short(tactic))))


def ordered(tactics: Iterable[str]) -> tuple[str, ...]:
    """Distinct short names in the order of the kill chain."""
    return tuple(sorted(set(tactics), key=_ORDER.__getitem__))


def techniques_of(tags: Iterable[str]) -> tuple[Technique, ...]:
    """The techniques that tags name, in the order of their ids."""
    numbers = {match.group(1).upper() for tag in tags if (match := _TECHNIQUE.fullmatch(tag))}
    return tuple(technique(number) for number in sorted(numbers))


def tactics_of(tags: Iterable[str]) -> tuple[str, ...]:
    """The tactics that tags name; where they name only techniques, those techniques' tactics."""
    tags = tuple(tags)
    named = [known for tag in tags if tag.lower().startswith("attack.") and (known := short(tag[7:]))]
    return ordered(named or (tactic for item in techniques_of(tags) for tactic in item.tactics))
