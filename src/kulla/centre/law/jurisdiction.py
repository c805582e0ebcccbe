"""Jurisdictions: which duties whom a case puts under which law, and for how long. Data are TOML: docs/clocks.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal, cast, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kulla.centre.law.periods import READINGS, Period, Reading
from kulla.centre.law.tables import Table, read

SCHEMA: Final = 1
LANGUAGES: Final = ("en", "sq")

BearerKind = Literal["entity", "centre", "controller", "processor"]
BEARERS: Final[tuple[BearerKind, ...]] = get_args(BearerKind)
"""The constituent as NIS2 sees it; the centre itself; who decides about the personal data; who processes for them."""

DOCUMENTS: Final = (
    *("early_warning", "notification", "progress_report", "final_report", "answer"),
    *("dpa_notice", "letter_to_persons", "notice_to_controller", "public_communication"),
)
"""What a duty-bearer sends."""
DECISIONS: Final = ("handled", "high_risk")
"""What somebody decides and a clock may start from: that the incident is handled; that it is a high risk to persons."""
TRAITS: Final = ("trust_service",)
"""What a duty-bearer may be that changes its duties."""

_STARTS: Final = (
    "aware",
    *(f"{verb} {document}" for verb in ("sent", "received") for document in DOCUMENTS),
    *(f"decided {decision}" for decision in DECISIONS),
)


@dataclass(frozen=True, slots=True)
class Law:
    """A law. reading: how its periods are counted (periods.READINGS); note: language → what a reader has to know."""

    id: str
    name: Mapping[str, str]
    source: str
    reading: Reading
    note: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Duty:
    """One duty with its period.

    Attributes:
        starts: `aware`, `sent <document>`, `received <document>` or `decided <decision>`.
        period: None for "without undue delay": a clock without an end.
        document: what meets it; while_ongoing: what meets it as long as the incident is not handled, empty for nothing.
        needs: what must have been recorded for the duty to exist, written as `starts` is; empty for nothing.
        only, unless: traits of the bearer.
        where_possible: whether the law asks for the period only where possible.
        verified: whether article and period were read in the law's own text; checked: language → what was read.
    """

    id: str
    law: str
    name: Mapping[str, str]
    bearer: BearerKind
    starts: str
    period: Period | None
    document: str
    article: str
    verified: bool
    checked: Mapping[str, str]
    while_ongoing: str = ""
    needs: str = ""
    only: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    where_possible: bool = False


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A jurisdiction with its laws by id and its duties in the order of the file."""

    code: str
    name: Mapping[str, str]
    timezone: str
    laws: Mapping[str, Law]
    duties: tuple[Duty, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose hours and days count, unless a duty-bearer has its own."""
        return ZoneInfo(self.timezone)

    def duty(self, id_: str) -> Duty:
        """A duty by its id. Raises KeyError."""
        return {duty.id: duty for duty in self.duties}[id_]

    @property
    def verified(self) -> bool:
        """Whether every duty was read in the law's own text."""
        return all(duty.verified for duty in self.duties)


@cache
def shipped() -> Mapping[str, Jurisdiction]:
    """The jurisdictions that come with Kulla, by code."""
    folder = files("kulla.centre.law") / "jurisdictions"
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    told = (read_jurisdiction((folder / name).read_text("utf-8"), name) for name in found)
    return {each.code: each for each in told}


def read_jurisdiction(text: str, place: str) -> Jurisdiction:
    """A jurisdiction from TOML. Raises ConfigError with every fault, each with file and line."""
    top = read(text, place)
    if top.whole("schema") != SCHEMA:
        top.say("schema", f"must be {SCHEMA}; a newer Kulla may have written it")
    timezone = top.text("timezone")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        top.say("timezone", "is no zone of the IANA database, such as Europe/Tirane")
    code, name = top.text("code"), top.spoken("name", LANGUAGES)
    laws = {law.id: law for law in map(_law, top.tables("law"))}
    tables = top.tables("duty")
    duties = tuple(_duty(table, laws) for table in tables)
    for at, (table, duty) in enumerate(zip(tables, duties, strict=True)):
        if duty.id in {each.id for each in duties[:at]}:
            table.say("id", "is another duty's already")
    if not duties:
        top.say("", "has no duty: add [[duty]]")
    top.done()
    top.source.finish()
    return Jurisdiction(code, name, timezone, laws, duties)


def _law(table: Table) -> Law:
    law = Law(
        id=table.text("id"),
        name=table.spoken("name", LANGUAGES),
        source=table.text("source"),
        reading=cast("Reading", table.word("reading", READINGS)),
        note=table.spoken("note", LANGUAGES, missing=True),
    )
    table.done()
    return law


def _duty(table: Table, laws: Mapping[str, Law]) -> Duty:
    period: Period | None = None
    if table.has("period"):
        try:
            period = Period.of(table.text("period"))
        except ValueError as error:
            table.say("period", str(error))
    duty = Duty(
        id=table.text("id"),
        law=table.word("law", laws),
        name=table.spoken("name", LANGUAGES),
        bearer=cast("BearerKind", table.word("bearer", BEARERS)),
        starts=table.word("starts", _STARTS),
        period=period,
        document=table.word("document", DOCUMENTS),
        article=table.text("article"),
        verified=table.flag("verified"),
        checked=table.spoken("checked", LANGUAGES),
        while_ongoing=table.word("while_ongoing", DOCUMENTS, ""),
        needs=table.word("needs", _STARTS, ""),
        only=table.words("only", TRAITS),
        unless=table.words("unless", TRAITS),
        where_possible=table.flag("where_possible", False),
    )
    table.text("period", "")
    table.done()
    return duty
