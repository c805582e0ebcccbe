"""A scored day, or an administrator's act, in words: the finding with its reasons, baseline figures and limits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

import numpy as np

from kulla.alert import Evidence, Level
from kulla.registers.insider.administrators import UNKNOWN, Act
from kulla.registers.insider.baseline import ENOUGH
from kulla.registers.insider.combine import Scored
from kulla.registers.insider.finding import EVIDENCE, Finding
from kulla.registers.insider.pseudonym import Pseudonyms
from kulla.registers.insider.reads import BEHIND, DayReads, Ints, day_of
from kulla.registers.insider.signals import CERTAIN, SIGNALS, Words
from kulla.registers.insider.today import Today

TOLD: Final = 4
"""Reasons a finding names at most."""

LEAST: Final = 1.5
"""Least surprise of a reason besides the strongest: one account-day in thirty."""

_TITLES: Final = {
    "persons_day": "Unusually many persons read in a day",
    "persons_change": "Lasting rise of persons read",
    "persons_month": "Unusually many persons read in 30 days",
    "persons_quarter": "Unusually many persons read in 90 days",
    "persons_peers": "More persons read than by peers",
    "lists_and_pages": "Unusually many lists or pages read",
    "outside_remit": "Persons outside the remit read",
    "enumeration": "Records looked up in the register's order",
    "nobody_found": "Look-ups that find nobody",
    "off_hours": "Persons read at unusual hours",
    "watched_persons": "Watched persons read",
    "error_after_read": "Reads ended by error or cancellation",
    "unknown_extent": "Reads whose extent is hidden",
    "first_statement": "Persons read by a kind of statement new to the account",
    "first_tool": "Persons read by a tool new to the account",
    "first_computer": "Persons read from a computer new to the account",
    "pool_from_elsewhere": "Pooled account used from another computer",
    "without_case": "Persons read without naming a case",
    "database_copied": "Database copied by a dump or backup tool",
    "decoy": "Decoy read",
}
_BY_NAME: Final = {signal.name: signal for signal in SIGNALS}


def explained(register: str, scored: Scored, today: Today, reads: DayReads, names: Pseudonyms) -> Finding:
    """The finding of a scored account-day. To be made before the day is closed."""
    told = [(name, value) for at, (name, value) in enumerate(scored.surprises) if at == 0 or value >= LEAST][:TOLD]
    reasons = tuple((name, _BY_NAME[name].words(today, scored.at)) for name, _ in told)
    day = day_of(today.day)
    mine = np.flatnonzero(today.facts.read_subject == scored.at)  # `reads` may have several subjects for one person
    evidence = _evidence(reads, mine, today)
    return Finding(
        register=register,
        pseudonym=names.of(scored.subject),
        day=day,
        since=min((words.since for _, words in reasons if words.since), default=day),
        first=_moment(int(reads.time[mine].min())),
        last=_moment(int(reads.time[mine].max())),
        level=_level(scored.score),
        score=scored.score,
        title=_TITLES[told[0][0]],
        persons=reasons[0][1].persons,
        reasons=reasons,
        notes=_notes(scored, today),
        evidence=tuple(Evidence("read", reads.read_id[at].tobytes().hex()) for at in evidence[:EVIDENCE].tolist()),
        total=len(evidence),
        administrator=today.facts.posts[scored.at].administrator,
    )


def _evidence(reads: DayReads, mine: Ints, today: Today) -> Ints:
    """The account's reads that no explanation covers whole, those that name the most persons first."""
    facts = today.facts
    some = mine[~facts.cleared[mine] & ((facts.read_persons[mine] > 0) | reads.unknown[mine] | reads.whole[mine])]
    return some[np.argsort(-facts.read_persons[some], kind="stable")]


def _level(score: float) -> Level:
    return "high" if score >= min(CERTAIN, 7.0) else "medium"


def _notes(scored: Scored, today: Today) -> tuple[str, ...]:
    post, subject = today.facts.posts[scored.at], scored.subject
    notes = []
    if today.own.days[scored.at] < ENOUGH:
        notes.append(
            f"the account has read on {int(today.own.days[scored.at])} days in its present post; it is held against"
            " its peers alone"
        )
    behind = bool(today.facts.read_pool[today.facts.read_subject == scored.at].any())
    if BEHIND in subject or behind:
        notes.append("the end user is the one that the application or a comment named; whoever holds the pool's "
                     "password can name another")  # fmt: skip
    elif post.pooled:
        notes.append("a pooled account: no end user was told, so it is a finding about the whole pool")
    if not today.context.on_list(subject, today.day):
        notes.append("the staff list has no such account on that day")
    return tuple(notes)


def act_finding(register: str, act: Act, names: Pseudonyms) -> Finding:
    """The finding of an administrator's acts on one day."""
    kinds = ", ".join(act.kinds)
    hosts = f" at {', '.join(act.hosts[:3])}" if act.hosts else ""
    words = Words(
        f"{act.hits:,} log records tell of: {kinds}{hosts}",
        "none: such acts under an account that is not a backup account's are looked at each time",
        "the change request, restore test or new replica it belongs to; an explanation of kind job or audit",
    )
    unknown = act.account.startswith(UNKNOWN)
    return Finding(
        register=register,
        pseudonym=names.of(act.account),
        day=date.fromisoformat(act.day),
        since=date.fromisoformat(act.day),
        first=act.first,
        last=act.last,
        level=act.level,
        score=CERTAIN,
        title=f"Administrator's act: {act.kinds[0]}",
        persons=0,
        reasons=(("administrators_acts", words), *(("rule", Words(t, "see the rule", "see the rule's false positives"))
                                                   for t in act.titles[:TOLD])),
        notes=("the log names no account: the pseudonym stands for the host",) if unknown else (),
        evidence=tuple(Evidence("event", each) for each in act.event_ids[:EVIDENCE]),
        total=len(act.event_ids),
        rule_id=act.rule_id,
        administrator=True,
    )  # fmt: skip


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC).replace(microsecond=micros % 1_000_000)
