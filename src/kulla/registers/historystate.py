"""What the next step of a register's history must know of the last one: state/history.json as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from kulla.errors import InputError
from kulla.registers.history import Gap

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class HistoryState:
    """Where the history stands.

    Attributes:
        kind: trigger, snapshots, versions or reconstructed.
        sequence: the number of the last file of closed versions.
        at: the moment up to which the history is known; None before the first step.
        snapshot: PostgreSQL's snapshot at that moment (trigger-kept only).
        server: which server and timeline it was, so that another one is noticed.
        triggers: the triggers' identity, so that a pause is noticed.
        columns: register column → its type as the source has it; for files empty.
        unsure_from: since when the table and the versions may differ; None when they agree as of `at`.
        gaps: times for which the history does not vouch.
        staged: files that are written and wait to be moved into the history.
        dropped: files of the history that the staged ones replace.
    """

    kind: str
    sequence: int = 0
    at: datetime | None = None
    snapshot: str = ""
    server: str = ""
    triggers: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    unsure_from: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    staged: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def state_text(state: HistoryState) -> bytes:
    """The state as JSON."""
    return orjson.dumps({"schema": SCHEMA, **_plain(state)}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_state(text: bytes, place: str) -> HistoryState:
    """The state in a JSON text. Raises InputError naming `place` when it is none of ours."""
    try:
        plain: dict[str, Any] = orjson.loads(text)
        if plain.pop("schema") != SCHEMA:
            raise InputError(f"{place}: of a newer Kulla; upgrade, or move the file away to begin the history anew")
        plain |= {key: _moment(plain[key]) for key in ("at", "unsure_from")}
        plain["gaps"] = tuple(
            Gap(_moment(each["start"]), _moment(each["end"]), str(each["reason"])) for each in plain["gaps"]
        )
        for key in ("staged", "dropped"):
            plain[key] = tuple(map(str, plain[key]))
        return HistoryState(**plain)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{place}: damaged ({type(error).__name__}); restore it, or begin the history anew") from None


def gap_lines(gaps: tuple[Gap, ...]) -> bytes:
    """Gaps as JSON Lines: start, end, reason; null: from the beginning, still."""
    return b"".join(orjson.dumps(_plain(gap), option=orjson.OPT_APPEND_NEWLINE) for gap in gaps)


def _plain(value: HistoryState | Gap) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
