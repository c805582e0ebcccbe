"""Records of a PostgreSQL log → steps: what each record alone tells of an access. `sessions` makes accesses of them.

A step is an access (`kulla.registers.schema.ACCESS`, but for the file) with three columns more, by which the records
of one statement are found in their session.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.audit import parameters, verbs
from kulla.registers.audit.hints import hinted
from kulla.registers.audit.lines import TEXT, label
from kulla.registers.audit.texts import led_by
from kulla.registers.schema import ACCESS, ACCESS_KINDS

NOTHING, AUDIT, START, FINISH, TIMED, ERROR, OTHER, EXECUTED = range(8)
"""Marks. START: a statement logged before it ran; FINISH: one logged with its duration; EXECUTED: the same of a
statement that the extended protocol ran; TIMED: a duration alone."""

STEPS: Final = pa.schema([
    *(field for field in ACCESS if field.name != "file_sha256"),
    pa.field("mark", pa.int8()),
    pa.field("duration", pa.float64()),
    pa.field("counted", pa.bool_()),
    pa.field("prepared", TEXT),
    pa.field("begins", pa.bool_()),
    pa.field("ends", pa.bool_()),
])  # fmt: skip
"""counted: pgaudit told a number of rows, so the record was written at the statement's end; prepared: the statement
that an EXECUTE runs; begins: whether the statement's first record is this one, null when only what precedes tells;
ends: whether the session's next record, which is not at hand, is of another statement, null when only it tells."""

_CANCELLED: Final = {"57014", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04"}
_BROKEN: Final = "08"
"""SQLSTATE class of lost connections: whoever breaks one has what was sent so far."""

_ENDS: Final = {"ERROR", "FATAL", "PANIC"}
_LOGGED: Final = r"\A(?:duration: [0-9.]+ ms\s+)?(?:statement|execute[^:]*): "
_EXECUTED: Final = r"\Aduration: [0-9.]+ ms\s+execute[^:]*: "
_FETCHED: Final = r"\A(?:duration: [0-9.]+ ms\s+)?execute fetch from [^:]*: "
_SERVER: Final = (
    (r"\A(?:replication connection authorized: |received replication command: |starting logical )", "replication"),
    (r"\Aconnection authorized: ", "connect"),
    (r"\Adisconnection: ", "disconnect"),
    (r'\Aparameter "[^"]+" (changed|removed|cannot be changed)|\Areceived SIGHUP, reloading', "setting"),
)
_STOPPED: Final = r"\A(?:canceling|terminating|connection to client lost)"
_PLAIN: Final = r"(?i)\A\s*(?:select|with|insert|update|delete)\b"
_COMMAND: Final = r"\Areceived replication command: (?P<command>[A-Z_]+)"
_PARAMETER: Final = r'\Aparameter "(?P<name>[^"]+)"'

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Marks = npt.NDArray[np.int8]
Kinds = npt.NDArray[np.int32]
"""Places in ACCESS_KINDS; -1 for none yet."""

_CODES: Final = {kind: code for code, kind in enumerate(ACCESS_KINDS)}


def steps(lines: pa.Table, poolers: Collection[str] = ()) -> pa.Table:
    """The steps that a log's records (LINES) tell, in their order. Records that are no part of an access are left out.

    `poolers`: addresses of trusted poolers, see `hints`.
    """
    lines = lines.combine_chunks()
    marks, kinds = _marks(lines)
    some = np.flatnonzero(marks != NOTHING)
    if len(some) < len(lines):
        lines, marks, kinds = lines.take(pa.array(some)), marks[some], kinds[some]
    cell = {name: _one(lines.column(name)) for name in lines.column_names}
    command, name = _commands(cell, marks, kinds)
    outcome, sqlstate = _outcomes(cell, marks, kinds)
    user, grade, case = hinted(cell["application"], cell["client"], cell["statement"], poolers)
    columns = {
        **{name: cell[name] for name in ("time", "database", "client", "application", "session")},
        **{name: cell[name] for name in ("line_num", "statement_id", "substatement_id", "statement")},
        **{name: cell[name] for name in ("line_from", "line_to", "line_hash", "duration")},
        "started": pa.nulls(len(lines), STEPS.field("started").type),
        "account": cell["user"],
        "kind": pa.DictionaryArray.from_arrays(pa.array(kinds, mask=kinds < 0), pa.array(ACCESS_KINDS)),
        "command": command,
        "object_name": name,
        "parameters": _parameters(cell, marks),
        "rows": _rows(cell, kinds),
        "outcome": outcome,
        "sqlstate": sqlstate,
        "end_user": user,
        "end_user_grade": grade,
        "case_ref": case,
        "as_of": pa.nulls(len(lines), pa.int64()),
        "mark": pa.array(marks, pa.int8()),
        "counted": pc.is_valid(cell["rows"]),
        "prepared": _prepared(cell, marks),
        "begins": pa.nulls(len(lines), pa.bool_()),
        "ends": pa.nulls(len(lines), pa.bool_()),
    }
    return pa.table({name: columns[name] for name in STEPS.names}).cast(STEPS)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _mask(values: pa.Array | pa.ChunkedArray) -> Mask:
    filled = pc.fill_null(values, False)
    array = filled.combine_chunks() if isinstance(filled, pa.ChunkedArray) else filled
    return np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)


def _marks(lines: pa.Table) -> tuple[Marks, Kinds]:
    """The mark of each record, and the kind of what the server itself says (OTHER)."""
    marks = np.full(len(lines), AUDIT, np.int8)
    kinds = np.full(len(lines), -1, np.int32)
    rest = np.flatnonzero(~_mask(pc.is_valid(lines.column("audit_type"))))
    if len(rest):
        names = ["message", "statement", "duration", "severity", "sqlstate", "user", "backend_type"]
        marks[rest], kinds[rest] = _unaudited(lines.select(names).take(pa.array(rest)))
    return marks, kinds


def _unaudited(lines: pa.Table) -> tuple[Marks, Kinds]:
    """The same for records that are not pgaudit's."""
    marks = np.zeros(len(lines), np.int8)
    kinds = np.full(len(lines), -1, np.int32)
    message = lines.column("message")
    stated = _mask(pc.is_valid(lines.column("statement")))
    timed = _mask(pc.is_valid(lines.column("duration")))
    marks[timed & ~stated] = TIMED
    logged = _mask(pc.match_substring_regex(message, _LOGGED))
    marks[stated & logged] = START
    marks[stated & logged & timed] = FINISH
    marks[stated & timed & _mask(pc.match_substring_regex(message, _EXECUTED))] = EXECUTED
    kinds[stated & _mask(pc.match_substring_regex(message, _FETCHED))] = _CODES["fetch"]
    fatal = _among(_one(lines.column("severity")), lambda text: text in _ENDS)
    broken = _among(_one(lines.column("sqlstate")), lambda text: text.startswith(_BROKEN))
    marks[stated & ~logged & (fatal | broken)] = ERROR
    free = marks == NOTHING
    for pattern, kind in _SERVER:
        said = free & _mask(pc.match_substring_regex(message, pattern))
        marks[said], kinds[said] = OTHER, _CODES[kind]
    # Without a statement, an end of the session is told: a login refused, a connection lost or ended.
    refused = free & (marks == NOTHING) & ~stated & fatal & _mask(pc.is_valid(lines.column("user")))
    marks[refused], kinds[refused] = OTHER, _CODES["error"]
    walsender = _among(_one(lines.column("backend_type")), "walsender".__eq__)
    kinds[walsender & (marks != NOTHING) & (kinds != _CODES["disconnect"])] = _CODES["replication"]
    return marks, kinds


def _among(labels: pa.Array, fits: Callable[[str], bool]) -> Mask:
    """Which labels fit: asked once for each distinct one."""
    told = np.array([fits(text) for text in labels.dictionary.to_pylist()] + [False], np.bool_)
    return told[np.asarray(labels.indices.fill_null(len(told) - 1), np.int64)]


def _commands(cell: dict[str, pa.Array], marks: Marks, kinds: Kinds) -> tuple[pa.Array, pa.Array]:
    """Command and object of each record; the kinds that are still open are set."""
    commands: dict[int, str | None] = {}
    names: dict[int, str | None] = {}
    audit = np.flatnonzero(marks == AUDIT)
    if len(audit):
        _audited(cell, audit, kinds)
    for row, head in _heads(cell["statement"], np.flatnonzero(np.isin(marks, (START, FINISH, EXECUTED, ERROR)))):
        kind, commands[row] = verbs.verb(head)
        if kinds[row] < 0:
            kinds[row] = _CODES["error" if marks[row] == ERROR else kind]
    for row, head in _heads(cell["statement"], np.flatnonzero(kinds == _CODES["role"])):
        names[row] = verbs.role_set(head)
    told = np.flatnonzero((marks == OTHER) & np.isin(kinds, (_CODES["setting"], _CODES["replication"])))
    for row, message in zip(told.tolist(), cell["message"].take(pa.array(told)).to_pylist(), strict=True):
        command = pc.extract_regex(pa.scalar(message), _COMMAND).as_py()
        commands[row] = command["command"] if command else None
        name = pc.extract_regex(pa.scalar(message), _PARAMETER).as_py()
        names[row] = name["name"] if name else None
    # A command of pgaudit's stands; a name that we found outranks the object's.
    unset = _mask(cell["command"].is_null())
    return (
        _relabelled(cell["command"], {row: text for row, text in commands.items() if unset[row]}),
        _relabelled(cell["object_name"], names),
    )


def _relabelled(labels: pa.Array, found: dict[int, str | None]) -> pa.Array:
    """The labels with other texts at some rows; where nothing was found for a row, its label stays."""
    told = {row: text for row, text in sorted(found.items()) if text is not None}
    if not told:
        return labels
    return label(_placed(labels.cast(pa.string()), np.fromiter(told, np.int64, len(told)), list(told.values())))


def _audited(cell: dict[str, pa.Array], audit: Rows, kinds: Kinds) -> None:
    """The kinds of pgaudit's records: once for each class and command, by the statement only where these leave it open
    (a plain SELECT that starts with SELECT is a read)."""
    group, command = cell["class"], cell["command"]
    code = (_codes(group) * (len(command.dictionary) + 1) + _codes(command))[audit]
    plain = led_by(cell["statement"], b"select")
    if not plain[audit].all():
        plain = _mask(pc.match_substring_regex(cell["statement"], _PLAIN))
    plain = plain[audit]
    for each in np.flatnonzero(np.bincount(code)).tolist():
        of_class, of_command = divmod(each, len(command.dictionary) + 1)
        told = _named(group, of_class), _named(command, of_command)
        rows = audit[(code == each) & plain]
        kinds[rows] = _CODES[verbs.audited(*told, "select" if told[0] == "READ" else "")]
        for row, head in _heads(cell["statement"], audit[(code == each) & ~plain]):
            kinds[row] = _CODES[verbs.audited(*told, head)]


def _codes(labels: pa.Array) -> Rows:
    """Codes from 1; 0 for null."""
    return np.asarray(labels.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) + 1)


def _named(labels: pa.Array, code: int) -> str:
    return str(labels.dictionary[code - 1].as_py()) if code else ""


def _heads(statements: pa.Array, rows: Rows) -> list[tuple[int, str]]:
    if not len(rows):
        return []
    heads = pc.utf8_slice_codeunits(statements.take(pa.array(rows)), 0, verbs.LOOKED_AT).to_pylist()
    return list(zip(rows.tolist(), [head or "" for head in heads], strict=True))


def _outcomes(cell: dict[str, pa.Array], marks: Marks, kinds: Kinds) -> tuple[pa.Array, pa.Array]:
    failed = (marks == ERROR) | (kinds == _CODES["error"])
    outcome = np.zeros(len(marks), np.int32)
    states = cell["sqlstate"]
    rows = np.flatnonzero(failed)
    if len(rows):
        cancelled = _among(states, lambda text: text in _CANCELLED or text.startswith(_BROKEN))[rows]
        # Without a SQLSTATE (plain logs) only the message tells; servers in other languages leave it at "error".
        said = _mask(pc.match_substring_regex(cell["message"].take(pa.array(rows)), _STOPPED))
        outcome[rows] = np.where(cancelled | said, 2, 1)
    outcomes = pa.DictionaryArray.from_arrays(pa.array(outcome), pa.array(["ok", "error", "cancelled"]))
    given = np.asarray(states.indices.fill_null(-1), np.int32)
    kept = pa.array(given, mask=(given < 0) | ~failed)
    return outcomes, pa.DictionaryArray.from_arrays(kept, states.dictionary)


def _rows(cell: dict[str, pa.Array], kinds: Kinds) -> pa.Array:
    """The rows told, null where a zero says nothing: COPY and cursors always log one, and so do commands that return
    no rows. A cursor's own number never counts what was fetched."""
    rows = cell["rows"]
    given = np.asarray(rows.fill_null(-1), np.int64)
    counted = np.isin(kinds, (_CODES["read"], _CODES["write"])) | _among(cell["command"], "SELECT".__eq__)
    unknown = ((given == 0) & ~counted) | np.isin(kinds, (_CODES["cursor"], _CODES["fetch"]))
    return pc.if_else(pa.array(unknown), pa.scalar(None, pa.int64()), rows) if unknown.any() else rows


def _parameters(cell: dict[str, pa.Array], marks: Marks) -> pa.Array:
    made = parameters.from_csv(cell["parameter"])
    detailed = np.flatnonzero((marks != AUDIT) & _mask(pc.is_valid(cell["detail"])))
    if not len(detailed):
        return made
    found = [parameters.from_detail(text) for text in cell["detail"].take(pa.array(detailed)).to_pylist()]
    return _placed(made, detailed, found)


def _prepared(cell: dict[str, pa.Array], marks: Marks) -> pa.Array:
    """What an EXECUTE runs: the DETAIL `prepare: …` of its record."""
    none = pa.nulls(len(marks), TEXT)
    led = _mask(pc.starts_with(cell["detail"], "prepare: ")) & np.isin(marks, (START, FINISH, EXECUTED))
    rows = np.flatnonzero(led)
    if not len(rows):
        return none
    return _placed(none, rows, [text[9:] for text in cell["detail"].take(pa.array(rows)).to_pylist()])


def _placed(column: pa.Array, rows: Rows, found: Sequence[str | None]) -> pa.Array:
    mask = np.zeros(len(column), np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array(found, column.type))
