"""What a draft is made from: a case as a plain value, with no Django behind it and no person's data in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kulla.centre.law.clocks import Clock, Decision
from kulla.centre.law.jurisdiction import Duty, Jurisdiction
from kulla.centre.law.severity import Severity
from kulla.leaks.assess import facts_of
from kulla.leaks.trace import Trace
from kulla.share.marks import Marks

ContactRole = Literal["entity", "dpo", "press", "authority"]


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation. Empty fields are told as blanks."""

    name: str
    sector: str = ""
    address: str = ""
    registration: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to reach: the entity, the data protection officer, the press office, an authority."""

    role: ContactRole
    name: str
    phone: str = ""
    email: str = ""

    @property
    def line(self) -> str:
        """Name, telephone, mail, those that are known."""
        return ", ".join(filter(None, (self.name, self.phone, self.email)))


@dataclass(frozen=True, slots=True)
class PlainWords:
    """What may be told to persons and the public, in plain words. Of a case's other texts nothing goes there.

    what: happened. means: for people. doing: measures. advice: what people can do.
    """

    what: tuple[str, ...] = ()
    means: tuple[str, ...] = ()
    doing: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """Personal data in other hands, as a trace tells it: counts and categories, never values.

    Attributes:
        persons: those that are certain; None when it is too few to be told, or not known.
        records: register → certain records, None likewise.
        meanings: of the columns, as registers.manifest names them; special ones as `special:<category>`.
        first, last: between when the data were taken; None when it is not known, or has not ended.
        score, level: ENISA's severity of the breach (leaks.assess); None and empty without one.
    """

    persons: int | None
    records: Mapping[str, int | None]
    meanings: tuple[str, ...]
    first: datetime | None = None
    last: datetime | None = None
    score: float | None = None
    level: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """A case as drafts read it. What is empty or None becomes a blank in the draft; nothing is made up.

    Attributes:
        case, title: the case's reference, and what it is called (no person in it).
        made: when the draft is made; aware.
        bearer: who sends it: constituent or controller. authority: to whom.
        signer: the office that has to sign.
        clocks: of the bearer in this case (law.clocks): they give awareness, ends, and what was sent.
        references: document → the number under which it was received.
        rsit: id of an RSIT type. severity: None until answered.
        began, detected, ended: of the incident.
        malicious, cross_border: suspected or not; None for not answered. states: which other states.
        services, facts, effects, indicators, measures, planned, asked, lessons: sentences by the case's officers, in
            the draft's language, for authorities. asked: help wanted of the centre.
        plain: the same for persons and the public.
        cause, threat: the likely root cause, the type of threat.
        groups: categories of persons (employees, pupils, …). delay: reasons why a notice comes after its time.
        high_risk: who decided that the risk to persons is high, and why.
        next_word: when the public is told more.
        exercise: whether all of it is invented.
    """

    case: str
    title: str
    made: datetime
    jurisdiction: Jurisdiction
    marks: Marks
    bearer: Party
    authority: str = ""
    signer: str = ""
    exercise: bool = False
    clocks: tuple[Clock, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    rsit: str = ""
    severity: Severity | None = None
    began: datetime | None = None
    detected: datetime | None = None
    ended: datetime | None = None
    malicious: bool | None = None
    cross_border: bool | None = None
    states: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    lessons: tuple[str, ...] = ()
    plain: PlainWords = PlainWords()
    cause: str = ""
    threat: str = ""
    groups: str = ""
    delay: str = ""
    high_risk: Decision | None = None
    next_word: datetime | None = None
    loss: Loss | None = None
    contacts: tuple[Contact, ...] = ()

    def contact(self, role: ContactRole) -> Contact | None:
        """The first contact of a role; None without one."""
        return next((each for each in self.contacts if each.role == role), None)

    def clock(self, document: str) -> Clock | None:
        """The clock that a document meets; None when the bearer has none."""
        fits = [each for each in self.clocks if document in (each.duty.document, each.duty.while_ongoing)]
        return next((each for each in fits if each.started), fits[0] if fits else None)

    def duty(self, document: str) -> Duty | None:
        """The duty behind a document: its clock's, else the jurisdiction's first; None when no law asks for it."""
        clock = self.clock(document)
        if clock:
            return clock.duty
        fits = (each for each in self.jurisdiction.duties if document in (each.document, each.while_ongoing))
        return next(fits, None)

    def aware(self, law: str) -> Decision | None:
        """Who decided when the bearer became aware, under a law; None as long as nobody did."""
        started = (each.started for each in self.clocks if each.law.id == law and each.duty.starts == "aware")
        return next(filter(None, started), None)

    def sent(self, document: str) -> Decision | None:
        """When a document was sent; None when it was not."""
        met = (each.met for each in self.clocks if each.met and each.met.subject == document)
        return next(met, None)


def loss_of(trace: Trace) -> Loss:
    """What a trace says of the personal data, for a draft. It holds no value and no account."""
    told = facts_of(trace)
    spans = [span for piece in trace.pieces for span in piece["window"]["spans"]]
    open_end = any(piece["window"].get("open_end") for piece in trace.pieces)
    firsts = [datetime.fromisoformat(first) for first, _ in spans if first]
    lasts = [datetime.fromisoformat(last) for _, last in spans if last]
    assessment = trace.assessment or {}
    return Loss(
        persons=told.certain if trace.persons else None,
        records={register: counts.get("certain") for register, counts in trace.persons.items()},
        meanings=told.meanings,
        first=min(firsts, default=None),
        last=None if open_end or len(lasts) < len(spans) else max(lasts, default=None),
        score=assessment.get("score"),
        level=str(assessment.get("level", "")),
    )
