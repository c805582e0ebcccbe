"""The trace: all that is said of a leak, as a plain value; trace.json is this, report and packages are made from it.

It holds no value of any person and, outside the owner's site, no statement about fewer than `FEWEST` rows. Times are
ISO texts in UTC, with `null` for "has not ended". docs/trace.schema.json describes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from kulla.errors import InputError

FORMAT: Final = 1
FEWEST: Final = 100
"""Outside the owner's site no count is told of fewer rows: it is written as null, and said to be below this."""


@dataclass(frozen=True, slots=True)
class Input:
    """A leaked file. handed_by, legal_basis, source: as the case officer states them; received: ISO time."""

    name: str
    sha256: str
    size: int
    form: str
    rows: int
    tables: tuple[dict[str, Any], ...]
    metadata: dict[str, str]
    problems: tuple[str, ...]
    source: str = ""
    handed_by: str = ""
    legal_basis: str = ""
    received: str = ""


@dataclass(frozen=True, slots=True)
class RegisterUsed:
    """A register that the leak was compared with: what of it, in which state."""

    name: str
    owner: str
    constituent: str
    records: int
    key_id: str
    epoch: int
    history_from: str
    history_to: str | None
    reconstructed: bool
    imprint_sha256: str
    reads_sha256: str
    reads: int
    electoral: bool = False
    copies: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class TableFound:
    """A leaked table against a register: columns, and counts of rows and persons. Counts below FEWEST are None.

    columns: dicts of ColumnMatch with `meaning`. verdicts: VERDICTS' words → rows. persons: certain, probable,
    ambiguous → distinct records. duplicates: rows about a record that an earlier row of the table is about.
    """

    file: int
    table: str
    register: str
    linked_by: str
    columns: tuple[dict[str, Any], ...]
    rows: int
    verdicts: dict[str, int | None]
    persons: dict[str, int | None]
    duplicates: int | None
    altered_columns: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole trace.

    Attributes:
        case, purpose, actor, second: the case's number, why, who ran it and who stood by.
        leak: an id for the set of files (SHA-256 over their hashes in order).
        inputs, registers, tables: what was compared.
        persons: over all tables of a register: register → certain, probable, ambiguous.
        joined: pairs of registers that one table joins.
        pieces: dicts: register, file, table, rows, columns, kind, window (spans, best, level, drop, calibrated,
            epsilon, rows, contradicted, open_end, curve), trajectory, reference, bic.
        attributions: dicts of candidate.Attribution, times as ISO texts.
        leads: per named or best candidate and per comparison account what other logs show; see leads.py.
        marks: what marked extracts say: outcome, recipients, per register; None when not looked for.
        assessment: see assess.py.
        earlier: earlier runs on this leak: time, case, outcome.
        parameters: all numbers that the statements depend on, seeds included.
        limits: what this does not show, in words.
        sightings: what chat exports tell of how the files spread; see sightings.py. No sender.
        protected: names of the sealed lists that it was compared with; never whether anyone on them is in the leak.
        language-free: texts are keys or counts wherever a report must speak two languages.
    """

    case: str
    purpose: str
    actor: str
    second: str
    made: str
    kulla: str
    leak: str
    inputs: tuple[Input, ...]
    registers: tuple[RegisterUsed, ...]
    tables: tuple[TableFound, ...]
    persons: dict[str, dict[str, int | None]]
    joined: tuple[tuple[str, str], ...]
    pieces: tuple[dict[str, Any], ...]
    attributions: tuple[dict[str, Any], ...]
    leads: tuple[dict[str, Any], ...] = ()
    marks: dict[str, Any] | None = None
    assessment: dict[str, Any] | None = None
    earlier: tuple[dict[str, Any], ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    sightings: tuple[dict[str, Any], ...] = ()
    format: int = FORMAT

    @property
    def few_to_say(self) -> int:
        """The number of rows that it would have needed to say that the leak is not from these registers; else 0."""
        told = [limit.partition("rows=")[2] for limit in self.limits if limit.startswith("limit.few_to_say|")]
        return int(told[0]) if told else 0

    def json(self) -> bytes:
        """trace.json: sorted keys, so that equal traces are equal bytes."""
        return orjson.dumps(self, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def read_trace(body: bytes, place: str) -> Trace:
    """A trace from its trace.json; `place` is told in errors. Raises InputError when it is none of this format."""
    try:
        told = orjson.loads(body)
        if told["format"] != FORMAT:
            raise ValueError("format")
        nested = {"inputs": Input, "registers": RegisterUsed, "tables": TableFound}
        made = {name: tuple(kind(**_tuples(each)) for each in told.pop(name)) for name, kind in nested.items()}
        whole: dict[str, Any] = {**made, **_tuples(told)}
        return Trace(**whole)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{place}: no trace.json of format {FORMAT} ({type(error).__name__})") from None


def _tuples(told: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as the tuples that the values hold."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
