"""A part of an exercise's leak, as it is ordered: `REGISTER@TIME,key=value,…`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kulla.errors import UsageError

_KEYS = ("columns", "misdeed", "rows", "where", "stale", "stale_at", "order")
_FORM = "REGISTER@TIME,key=value,…, such as payroll@2024-06-14T10:30,rows=5000,columns=nid+full_name"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one register as they stood at one time.

    Attributes:
        at: when it was taken; None: when the misdeed began.
        columns: the register's columns that it has; empty: all.
        misdeed: only the records that this scripted misdeed read; empty: all.
        rows: at most so many, chosen at random; 0: all.
        where: column → value, as the register writes it.
        stale: share of rows as of `stale_at` instead.
        order: `id`: by the record's key; `shuffled`; `register`: as the register keeps them.
    """

    register: str
    at: datetime | None
    columns: tuple[str, ...] = ()
    misdeed: str = ""
    rows: int = 0
    where: Mapping[str, str] = field(default_factory=dict)
    stale: float = 0.0
    stale_at: datetime | None = None
    order: str = "id"


def read_part(text: str) -> Part:
    """A part from its text. Raises UsageError.

    >>> read_part("payroll@2024-06-14T10:30,rows=500,columns=nid+period,where=period:2024-05").columns
    ('nid', 'period')
    """
    head, *pairs = text.split(",")
    register, _, at = head.partition("@")
    told: dict[str, str] = {}
    where: dict[str, str] = {}
    for pair in pairs:
        key, found, value = pair.partition("=")
        if not found or key not in _KEYS:
            raise UsageError(f"--part {text}: cannot read {pair}; write {_FORM}; keys are {', '.join(_KEYS)}")
        if key == "where":
            column, _, wanted = value.partition(":")
            where[column] = wanted
        else:
            told[key] = value
    if not at and "misdeed" not in told:
        raise UsageError(f"--part {text}: needs a time after @, or a misdeed; write {_FORM}")
    order = told.get("order", "id")
    if order not in ("id", "shuffled", "register"):
        raise UsageError(f"--part {text}: order is id, shuffled or register")
    try:
        return Part(
            register, _moment(at), tuple(filter(None, told.get("columns", "").split("+"))), told.get("misdeed", ""),
            int(told.get("rows", "0")), where, float(told.get("stale", "0")), _moment(told.get("stale_at", "")), order,
        )  # fmt: skip
    except ValueError:
        raise UsageError(f"--part {text}: a number or time in it cannot be read; write {_FORM}") from None


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(re.sub("Z$", "+00:00", text))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
