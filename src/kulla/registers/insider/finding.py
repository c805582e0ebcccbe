"""The finding: what is unusual about one account's day, and the alert it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from kulla.alert import Alert, Entity, Evidence, Level, alert_id
from kulla.registers.insider.signals import Words
from kulla.registers.manifest import Manifest

KIND: Final = "insider"
ADMINISTRATOR: Final = Entity("role", "administrator")
"""What marks a finding about one of the register's administrators: the centre keeps it from the register's owner."""
EVIDENCE: Final = 500
"""References an alert carries at most; the explanation says how many there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An account's finding. It holds the pseudonym, never the account.

    Attributes:
        pseudonym: of the account, or of the end user behind a pool.
        day: the day it became a finding; since: from when on it is unusual.
        first, last: times of the reads or acts that it rests on, UTC.
        score: -log10 of how rare such an account-day is in this register.
        persons: how many persons the strongest reason concerns; 0 unknown.
        reasons: (signal, its words), strongest first.
        notes: what limits it: a new account, an end user that can be forged, an audit that was never sealed.
        evidence: ids of reads (or events), at most EVIDENCE; total: of how many.
        administrator: whether the account is one of the register's administrators; then its owner may not see it.
    """

    register: str
    pseudonym: str
    day: date
    since: date
    first: datetime
    last: datetime
    level: Level
    score: float
    title: str
    persons: int
    reasons: tuple[tuple[str, Words], ...]
    notes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    total: int
    rule_id: str | None = None
    administrator: bool = False

    def explanation(self) -> str:
        """The finding in words, one line a statement."""
        lines = [f"{self.title}. A finding about an account; it is no statement about who used it, or why."]
        for name, words in self.reasons:
            since = f", since {words.since.isoformat()}" if words.since and words.since != self.day else ""
            lines.append(f"- {name}: {words.changed}{since}. Baseline: {words.baseline}. Cleared by: {words.clears}.")
        lines += [f"- note: {note}." for note in self.notes]
        named = f"; the first {len(self.evidence):,} are named" if self.total > len(self.evidence) else ""
        lines.append(f"Rests on {self.total:,} records of evidence{named}.")
        return "\n".join(lines)


def alert(finding: Finding, manifest: Manifest) -> Alert:
    """The alert that triage sees. Its id depends on register, pseudonym and day (and the rule), not on the score."""
    source = f"{finding.register}/{finding.rule_id}" if finding.rule_id else finding.register
    role = (ADMINISTRATOR,) if finding.administrator else ()
    return Alert(
        id=alert_id(KIND, source, finding.pseudonym, finding.day.isoformat()),
        kind=KIND,
        title=finding.title,
        level=finding.level,
        time_first=finding.first,
        time_last=finding.last,
        constituent=manifest.constituent,
        zone=manifest.zone,
        tlp="AMBER+STRICT",
        entities=(Entity("account", finding.pseudonym), Entity("register", finding.register), *role),
        rule_id=finding.rule_id,
        evidence=finding.evidence,
        explanation=finding.explanation(),
    )
