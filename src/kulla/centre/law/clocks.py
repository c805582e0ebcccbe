"""Clocks: who owes whom which document until when, and where that stands.

A clock belongs to (case, duty-bearer, law). It starts only from what a person recorded: awareness is a decision with a
name, a time and a reason, and nothing else stands for it, no alert and no time in a trace. Everything here is computed
from the recorded decisions and the moment asked about; nothing is stored, so a corrected decision corrects every clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from kulla.centre.law.jurisdiction import (
    BEARERS,
    DECISIONS,
    DOCUMENTS,
    BearerKind,
    Duty,
    Jurisdiction,
    Law,
)
from kulla.centre.law.periods import Ends, ends
from kulla.errors import UsageError

Verb = Literal["aware", "sent", "received", "decided", "void", "withdrawn"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)

State = Literal["not_started", "running", "due_soon", "overdue", "met", "met_late", "void"]
STATES: Final[tuple[State, ...]] = get_args(State)
OPEN: Final[frozenset[State]] = frozenset({"running", "due_soon", "overdue"})
"""States in which somebody still has to do something."""

MARKS: Final = (50, 80, 100)
"""Per cent of the time up to the aim at which people are told."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
SOON: Final = 80
"""From this mark on a clock is due soon."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person recorded.

    Attributes:
        verb: `aware` of an incident under a law; `sent` or `received` a document; `decided` one of DECISIONS; `void`:
            a duty, or every duty of a law, does not exist in this case; `withdrawn`: an earlier decision was wrong.
        subject: a law's id (aware), a document (sent, received), a decision (decided), a duty's or law's id (void),
            verb and subject of the earlier decision (withdrawn), such as `void nis2`.
        at: when it happened; recorded: when it was written down. Both aware.
        person, reason: who says so and why.

    Raises UsageError for a decision that lacks person, reason or a time zone, or lies after its recording.
    """

    verb: Verb
    subject: str
    at: datetime
    person: str
    reason: str
    recorded: datetime

    def __post_init__(self) -> None:
        if not self.person.strip() or not self.reason.strip():
            raise UsageError(f"{self.verb} {self.subject}: a decision needs the person who takes it, and the reason")
        if self.at.tzinfo is None or self.recorded.tzinfo is None:
            raise UsageError(f"{self.verb} {self.subject}: a time needs its time zone")
        if self.at > self.recorded:
            raise UsageError(f"{self.verb} {self.subject}: it lies after the time at which it was recorded")
        allowed = {"sent": DOCUMENTS, "received": DOCUMENTS, "decided": DECISIONS}.get(self.verb)
        if allowed is not None and self.subject not in allowed:
            raise UsageError(f"{self.verb}: must be one of {', '.join(allowed)}")


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who has the duty.

    name: of the constituent, controller or centre. traits: of jurisdiction.TRAITS. timezone: its own, empty for the
    jurisdiction's. towards: for the centre, the entity whose early warning it answers.
    """

    kind: BearerKind
    name: str
    traits: frozenset[str] = frozenset()
    timezone: str = ""
    towards: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All decisions about one duty-bearer in one case. Of two on the same thing, the one recorded last counts."""

    case: str
    bearer: Bearer
    decisions: tuple[Decision, ...] = ()

    def find(self, verb: Verb, *subjects: str) -> Decision | None:
        """The decision that counts; None when there is none."""
        found: dict[str, Decision | None] = dict.fromkeys(subjects)
        for each in sorted(self.decisions, key=lambda each: each.recorded):
            if each.verb == verb and each.subject in found:
                found[each.subject] = each
            elif each.verb == "withdrawn" and each.subject in (told := {f"{verb} {name}": name for name in subjects}):
                found[told[each.subject]] = None
        return max(filter(None, found.values()), key=lambda each: each.recorded, default=None)

    def said(self, words: str, law: str) -> Decision | None:
        """The decision that `starts` or `needs` of a duty under a law names."""
        verb, _, subject = words.partition(" ")
        found: dict[str, Verb] = {each: each for each in VERBS}
        return self.find(found[verb], subject or law)


@dataclass(frozen=True, slots=True)
class Clock:
    """Where one duty of one bearer stands at a moment.

    Attributes:
        started: what it started from; None before.
        due: the end counted from the very moment: what people aim at, and what the marks are shares of. None for a
            clock that has not started, or has no period ("without undue delay").
        latest: the end by the reading of the law (periods.py): only after it is a clock overdue, or met late.
        met: what met it.
        voided: why it does not exist.
        share: of the time up to `due` that has passed, at most 1; None without an end.
        mark: the highest of MARKS that is reached, 0 below the first.
        waits_for: what it needs to start, as the duty writes it; empty once started.
    """

    case: str
    bearer: Bearer
    law: Law
    duty: Duty
    state: State
    started: Decision | None = None
    due: datetime | None = None
    latest: datetime | None = None
    met: Decision | None = None
    voided: Decision | None = None
    share: float | None = None
    mark: int = 0
    waits_for: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """What is told apart: case, kind and name of the bearer, towards whom, law, duty."""
        return (self.case, self.bearer.kind, self.bearer.name, self.bearer.towards, self.law.id, self.duty.id)

    @property
    def verified(self) -> bool:
        """Whether article and period were read in the law's own text. If not, whoever sees the clock is told."""
        return self.duty.verified

    def marks(self) -> tuple[tuple[int, datetime], ...]:
        """When each of MARKS is reached; empty without an end."""
        if self.started is None or self.due is None:
            return ()
        whole = self.due - self.started.at
        return tuple((percent, self.started.at + whole * percent / 100) for percent in MARKS)

    def reached(self, after: datetime, until: datetime) -> tuple[int, ...]:
        """The marks that an open clock reaches after one moment and up to another: each is told once.

        A clock that is met or void tells of none.
        """
        if self.state not in OPEN:
            return ()
        return tuple(percent for percent, at in self.marks() if after < at <= until)


def clocks(
    ledger: Ledger, jurisdiction: Jurisdiction, now: datetime, holidays: Collection[date] = frozenset()
) -> tuple[Clock, ...]:
    """The clocks of a bearer, in the order of the jurisdiction's duties.

    now: aware. holidays: days that are no working days where the bearer is; see periods.ends.
    """
    if now.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    bearer = ledger.bearer
    if bearer.kind not in BEARERS:
        raise ValueError(f"no such bearer: {bearer.kind}")
    zone = ZoneInfo(bearer.timezone) if bearer.timezone else jurisdiction.zone
    return tuple(
        _clock(ledger, duty, jurisdiction.laws[duty.law], now, zone, holidays)
        for duty in jurisdiction.duties
        if duty.bearer == bearer.kind
        and not bearer.traits & set(duty.unless)
        and (not duty.only or bearer.traits & set(duty.only))
    )


def most_urgent(found: Iterable[Clock]) -> list[Clock]:
    """Open clocks, the one that ends first ahead, those without an end last; then those not yet started."""
    kept = [clock for clock in found if clock.state in OPEN or clock.state == "not_started"]
    return sorted(kept, key=lambda clock: (clock.state not in OPEN, clock.due or _NEVER))


def _clock(
    ledger: Ledger, duty: Duty, law: Law, now: datetime, zone: ZoneInfo, holidays: Collection[date]
) -> Clock:  # fmt: skip
    def clock(state: State, started: Decision | None = None, end: Ends | None = None,
              met: Decision | None = None, voided: Decision | None = None) -> Clock:  # fmt: skip
        due, latest = (end.aim, end.latest) if end else (None, None)
        share = _share(started, due, met.at if met else now)
        mark = max((each for each in MARKS if share is not None and share * 100 >= each), default=0)
        waits = "" if started or state == "void" else duty.starts
        whose = (ledger.case, ledger.bearer, law, duty)
        return Clock(*whose, state, started, due, latest, met, voided, share, mark, waits)

    voided = ledger.find("void", duty.id, law.id)
    met = _met(ledger, duty)
    if voided:
        return clock("void", voided=voided)
    if duty.needs and ledger.said(duty.needs, law.id) is None:
        # A report that was sent under the clock before this one leaves nothing to wait for.
        return clock("void" if met else "not_started")
    started = ledger.said(duty.starts, law.id)
    if started is None:
        return clock("met" if met else "not_started", met=met)
    if duty.period is None:
        return clock("met" if met else "running", started, met=met)
    end = ends(started.at, duty.period, zone, law.reading, holidays)
    if met:
        return clock("met" if met.at <= end.latest else "met_late", started, end, met)
    if now > end.latest:
        return clock("overdue", started, end)
    share = _share(started, end.aim, now)
    return clock("due_soon" if share is not None and share * 100 >= SOON else "running", started, end)


def _met(ledger: Ledger, duty: Duty) -> Decision | None:
    """What met the duty first. A progress report does only while the incident was not yet handled."""
    sent = ledger.find("sent", duty.document)
    progress, handled = ledger.find("sent", duty.while_ongoing), ledger.find("decided", "handled")
    if progress is None or (handled is not None and handled.at <= progress.at):
        return sent
    return progress if sent is None else min(sent, progress, key=lambda each: each.at)


def _share(started: Decision | None, due: datetime | None, now: datetime) -> float | None:
    if started is None or due is None:
        return None
    return min(max((now - started.at) / (due - started.at), 0.0), 1.0)
