"""What the API takes and gives. Times are ISO 8601 in UTC; a missing value is null."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Schema
from pydantic import AfterValidator

Tlp = Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]
Pap = Literal["CLEAR", "GREEN", "AMBER", "RED"]
Text = Annotated[str, Field(min_length=1, max_length=10_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
"""Written by a person: something must stand in it, and no NUL, which PostgreSQL cannot hold."""
Title = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*\S[^\x00]*$")]
Short = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*\S[^\x00]*$")]
Word = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its offset, such as Z")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is outside of the calendar") from None


Moment = Annotated[datetime, AfterValidator(_utc)]
"""A time with its offset, taken in UTC: PostgreSQL refuses offsets that ISO 8601 lets pass."""
Uid = Annotated[str, Field(max_length=32, pattern=r"^[0-9a-zA-Z]+$")]


class Problem(Schema):
    """What went wrong, in words for a person."""

    detail: str


class Marks(Schema):
    """Marks of a thing."""

    tlp: Tlp
    pap: Pap
    originators: list[str]
    caveats: list[str]


class AlertOut(Schema):
    """An alert."""

    uid: str
    kind: str
    title: str
    level: str
    status: str
    reason: str
    first: datetime | None
    last: datetime | None
    made: datetime
    events: int
    rule_id: str
    host: str
    account: str
    register_name: str
    entities: list[dict[str, Any]]
    tags: list[str]
    zone: str
    constituent: str | None
    case: str | None
    marks: Marks

    @staticmethod
    def resolve_register_name(row: Any) -> str:
        return str(row.register)

    @staticmethod
    def resolve_constituent(row: Any) -> str | None:
        return row.constituent.name if row.constituent else None

    @staticmethod
    def resolve_case(row: Any) -> str | None:
        return row.case.number if row.case else None

    @staticmethod
    def resolve_marks(row: Any) -> dict[str, Any]:
        return row.marks.plain()  # type: ignore[no-any-return]


class CaseOut(Schema):
    """A case."""

    number: str
    title: str
    summary: str
    state: str
    rsit: str
    severity: str
    priority: int
    lead: str | None
    opened: datetime
    changed: datetime
    closed: datetime | None
    exercise: bool
    version: int
    zone: str
    constituent: str | None
    marks: Marks

    @staticmethod
    def resolve_lead(row: Any) -> str | None:
        return row.lead.username if row.lead else None

    @staticmethod
    def resolve_constituent(row: Any) -> str | None:
        return row.constituent.name if row.constituent else None

    @staticmethod
    def resolve_marks(row: Any) -> dict[str, Any]:
        return row.marks.plain()  # type: ignore[no-any-return]


class CaseIn(Schema):
    """A case to be opened. `alerts` are uids of alerts that it takes."""

    title: Short
    zone: Literal["civil", "military", "joint"]
    constituent: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9-]*$")] = ""
    summary: Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")] = ""
    tlp: Tlp = "AMBER"
    pap: Pap = "AMBER"
    alerts: Annotated[list[Uid], Field(max_length=500)] = []  # noqa: RUF012


class EntryIn(Schema):
    """A line of a timeline; `at` is when it happened, now when absent."""

    text: Text
    at: Moment | None = None
    key: bool = False


class EntryOut(Schema):
    """A line of a timeline."""

    uid: UUID
    at: datetime
    made: datetime
    author: str | None
    source: str
    text: str
    host: str
    key: bool
    withdrawn: bool

    @staticmethod
    def resolve_author(row: Any) -> str | None:
        return row.author.username if row.author else None

    @staticmethod
    def resolve_withdrawn(row: Any) -> bool:
        return row.withdrawn is not None


class ObservableIn(Schema):
    """An observable; its kind is told from its form when none is given."""

    value: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*\S[^\x00]*$")]
    indicator: bool = False


class ObservableOut(Schema):
    """An observable."""

    uid: UUID
    kind: str
    value: str
    note: str
    indicator: bool


class ClockOut(Schema):
    """A legal clock as it stands now."""

    law: str
    duty: str
    article: str
    bearer: str
    state: str
    due: datetime | None
    latest: datetime | None
    verified: bool


class ItemOut(Schema):
    """An item of evidence: what is told of it, never its content."""

    number: str
    name: str
    sha256: str
    size: int
    taken: datetime
    source: str
    officer: str
    legal_basis: str
    case: str
    stamped: datetime | None
    disposed: datetime | None

    @staticmethod
    def resolve_case(row: Any) -> str:
        return str(row.case.number)


class ReceiptOut(ItemOut):
    """The receipt for an item. `fingerprint` verifies what this centre signs: keep it apart from what it verifies."""

    device: str
    tool: str
    note: str
    taken_by: str
    authority: str
    fingerprint: str

    @staticmethod
    def resolve_taken_by(row: Any) -> str:
        return str(row.taken_by.username)


class EventOfCustody(Schema):
    """One event of an item's custody; `hash` is what the next one names."""

    seq: int
    kind: str
    time: datetime
    actor: str
    reason: str
    place: str
    details: dict[str, str]
    hash: str


class CustodyOut(Schema):
    """The custody of an item, verified as it was told. `whole`: there is no problem."""

    whole: bool
    problems: list[str]
    events: list[EventOfCustody]


class RegisterOut(Schema):
    """A register that the centre watches."""

    name: str
    owner: str
    constituent: str
    accounts: int
    reads: int
    imprinted: datetime | None
    calibrated: datetime | None


class EventOut(Schema):
    """An event of the lake."""

    event_id: str
    time: datetime | None
    host: str | None
    product: str | None
    category: str | None
    service: str | None
    constituent: str
    zone: str
    fields: dict[str, str | None]


class SituationOut(Schema):
    """The situation in figures."""

    backlog: int
    oldest: datetime | None
    detect_seconds: float | None
    acknowledge_seconds: float | None
    close_seconds: float | None
    open_alerts: dict[str, dict[str, int]]
    cases: dict[str, int]


class Done(Schema):
    """How many alerts an act changed; `kept` were left because somebody else changed them meanwhile."""

    changed: int
    kept: int
