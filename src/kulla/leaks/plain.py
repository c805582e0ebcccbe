"""What was found as the plain values of a trace, told with discretion. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.candidate import Attribution, Candidate
from kulla.leaks.dated import Mixture, Piece, Span, Window
from kulla.leaks.discretion import Discretion
from kulla.leaks.intervals import FOREVER
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ALTERED, CERTAIN, PROBABLE, SURETIES, UNSURE, VERDICTS, ColumnMatch, Matched
from kulla.leaks.trace import FEWEST, TableFound
from kulla.registers.manifest import Manifest

PARTS: Final = 100
"""Into how many stretches a file is cut to show where a piece lies in it."""

LONG: Final = 10 * FEWEST
"""Rows that a stretch has at least, away from the owner's site."""

HOUR: Final = 3_600_000_000

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = int((datetime.max.replace(tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))


def iso(moment: int) -> str | None:
    """A time as ISO text; None for one that has not ended."""
    return None if moment >= min(FOREVER, _LATEST) else (_EPOCH + timedelta(microseconds=moment)).isoformat()


def distinct(record: npt.NDArray[np.uint32], mask: npt.NDArray[np.bool_] | None = None) -> int:
    """How many records these rows are about; a record counts once however often it occurs, none does not count."""
    some = record if mask is None else record[mask]
    return len(np.unique(some[some > 0]))


def table_found(
    file: int, table: LeakTable, matched: Matched, manifest: Manifest, discretion: Discretion
) -> TableFound:
    """A table against a register. Away from the owner's site rows of one record count once."""
    place = f"{file}/{table.name}/{matched.register}"
    verdicts = {
        word: _rows(matched, matched.verdict == number, discretion, f"{place}/{word}")
        for number, word in enumerate(VERDICTS)
    }
    persons = {
        SURETIES[number]: discretion.count(
            distinct(matched.record, matched.surety == number), f"{place}/{SURETIES[number]}"
        )
        for number in (CERTAIN, PROBABLE)
    }
    persons["ambiguous"] = discretion.count(int((matched.surety == UNSURE).sum()), f"{place}/unsure")
    linked = int((matched.record > 0).sum())
    return TableFound(
        file, table.name, matched.register, matched.linked_by, _columns(matched, manifest, discretion, place),
        table.rows, verdicts, persons, discretion.count(linked - distinct(matched.record), f"{place}/twice"),
        _altered(matched, discretion, place),
    )  # fmt: skip


def piece_plain(
    piece: Piece, mixture: Mixture, file: int, table: LeakTable, matched: Matched, discretion: Discretion
) -> dict[str, Any]:
    """A piece for the trace. Only pieces that rest on enough records may be told: see `Discretion.enough`."""
    records = distinct(matched.record[piece.rows])
    place = f"{file}/{table.name}/{piece.register}/{int(piece.rows[0])}"
    return {
        "register": piece.register, "file": file, "table": table.name,
        "rows": len(piece.rows) if discretion.at_owner else discretion.count(records, f"{place}/rows"),
        "columns": list(piece.columns), "kind": piece.kind,
        "window": _window(piece.window, discretion, records, place),
        "trajectory": [[at, iso(moment)] for at, moment in _trajectory(piece, discretion)],
        "reference": list(piece.reference) if piece.reference else None,
        "bic": list(mixture.bic) if discretion.at_owner else [],
        "along": _along(piece, table, discretion, f"{place}/along"),
    }  # fmt: skip


def attribution_plain(found: Attribution, records: int, discretion: Discretion) -> dict[str, Any]:
    """An attribution for the trace, times as ISO texts. records: distinct records of the piece."""
    plain = asdict(found)
    plain["candidates"] = [_candidate(each, discretion, f"{found.piece}/{each.episode}") for each in found.candidates]
    plain["copies"] = [
        asdict(c)
        | {
            "frozen_at": iso(c.frozen_at) if c.frozen_at else None,
            "log10": discretion.size(c.log10, f"{found.piece}/{c.name}"),
        }
        for c in found.copies
    ]
    plain["considered"] = discretion.count(found.considered, f"{found.piece}/considered") or 0
    plain["log_from"] = None if found.log_from is None else iso(found.log_from)
    plain["log_to"] = None if found.log_to is None else iso(found.log_to)
    for name in ("named", "withheld"):
        plain[name] = list(plain[name])
    plain["unexplained"] = discretion.share(found.unexplained, records, f"{found.piece}/unexplained")
    return plain


def persons_of(matched: Sequence[Matched], discretion: Discretion, register: str) -> dict[str, int | None]:
    """Persons of one register over all tables: a person who is certain in one table is not counted as probable."""
    certain = np.unique(np.concatenate([m.record[m.surety == CERTAIN] for m in matched]))
    probable = np.unique(np.concatenate([m.record[m.surety == PROBABLE] for m in matched]))
    probable = np.setdiff1d(probable, certain)
    unsure = sum(int((m.surety == UNSURE).sum()) for m in matched)
    return {
        "certain": discretion.count(int((certain > 0).sum()), f"{register}/certain"),
        "probable": discretion.count(int((probable > 0).sum()), f"{register}/probable"),
        "ambiguous": discretion.count(unsure, f"{register}/unsure"),
    }


def _rows(matched: Matched, mask: npt.NDArray[np.bool_], discretion: Discretion, what: str) -> int | None:
    if discretion.at_owner:
        return int(mask.sum())
    nameless = int((mask & (matched.record == 0)).sum())
    return discretion.count(distinct(matched.record, mask) + nameless, what)


def _columns(matched: Matched, manifest: Manifest, discretion: Discretion, place: str) -> tuple[dict[str, Any], ...]:
    records = distinct(matched.record)
    return tuple(
        _column(each, manifest, discretion, records, f"{place}/{each.register_column}") for each in matched.columns
    )


def _column(match: ColumnMatch, manifest: Manifest, discretion: Discretion, records: int, place: str) -> dict[str, Any]:
    column = manifest.column(match.register_column)
    count = min(match.compared, records)
    return {
        "column": match.column, "joined": list(match.joined), "register_column": match.register_column,
        "meaning": column.meaning, "category": column.category,
        "hits": discretion.share(match.hits, count, f"{place}/hits"),
        "chance": discretion.share(match.chance, count, f"{place}/chance"),
        "margin": discretion.share(max(match.margin, 0.0), count, f"{place}/margin"),
        "compared": discretion.count(match.compared, f"{place}/compared"),
    }  # fmt: skip


def _altered(matched: Matched, discretion: Discretion, place: str) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for number, each in enumerate(matched.columns):
        mask = (matched.verdict == ALTERED) & (matched.altered == number)
        if mask.any() or not discretion.at_owner:  # that a column is listed must not tell that one cell was altered
            found[each.register_column] = _rows(matched, mask, discretion, f"{place}/altered/{number}")
    return found


def _window(window: Window, discretion: Discretion, records: int, place: str) -> dict[str, Any]:
    owner = discretion.at_owner
    spans = window.spans if owner else _hours(window.spans)
    best = window.best if owner else next(s for s in spans if s[0] <= window.best[0] < s[1])
    return {
        "spans": [[iso(first), iso(last)] for first, last in spans],
        "best": [iso(moment) for moment in best],
        "level": window.level, "drop": round(window.drop, 3), "calibrated": window.calibrated,
        "epsilon": discretion.share(window.epsilon, records, f"{place}/epsilon"),
        "rows": window.rows if owner else discretion.count(records, f"{place}/window"),
        "contradicted": discretion.count(window.contradicted, f"{place}/contradicted"), "open_end": window.open_end,
        "curve": [[iso(at), round(nats, 2)] for at, nats in window.curve] if owner else [],
    }  # fmt: skip


def _hours(spans: Sequence[Span]) -> list[Span]:
    """Spans in whole hours, outwards; those that then touch become one."""
    found: list[Span] = []
    for first, last in spans:
        low = first // HOUR * HOUR
        high = last if last >= FOREVER - HOUR else -(-last // HOUR) * HOUR
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found


def _trajectory(piece: Piece, discretion: Discretion) -> list[tuple[int, int]]:
    """Along a crawl: away from the owner's site in days, a point for LONG rows."""
    if discretion.at_owner:
        return [(int(at), int(moment)) for at, moment in piece.trajectory]
    found: list[tuple[int, int]] = []
    for at, moment in piece.trajectory:
        if not found or at - found[-1][0] >= LONG:
            found.append((int(at), int(moment) // (24 * HOUR) * 24 * HOUR))
    return found


def _along(piece: Piece, table: LeakTable, discretion: Discretion, what: str) -> list[float]:
    """Which share of each stretch of the table's rows is the piece's, in tenths. Away from the owner's site stretches
    have at least LONG rows; a shorter table tells nothing."""
    parts = min(PARTS, table.rows if discretion.at_owner else table.rows // LONG)
    if not parts:
        return []
    part = np.arange(table.rows) * parts // table.rows
    whole = np.bincount(part, minlength=parts)
    held = np.bincount(part[piece.rows], minlength=parts) / whole
    told = [discretion.share(float(held[at]), int(whole[at]), f"{what}/{at}") or 0.0 for at in range(parts)]
    return [round(share, 1) for share in told]


def _candidate(candidate: Candidate, discretion: Discretion, place: str) -> dict[str, Any]:
    plain: dict[str, Any] = asdict(candidate)
    plain |= {"first": iso(candidate.first), "last": iso(candidate.last)}
    for name in ("lines", "missing_columns", "against", "exonerating", "ratios"):
        plain[name] = list(plain[name])
    if not discretion.at_owner:
        for name in ("explained", "contradicted", "outside"):
            plain[name] = discretion.count(getattr(candidate, name), f"{place}/{name}")
        plain["weight"] = discretion.share(candidate.weight, max(candidate.explained, FEWEST), f"{place}/weight")
        plain["nats"] = discretion.size(candidate.nats, f"{place}/nats")
        plain["ratios"] = [
            ratio | {"log10": discretion.size(ratio["log10"], f"{place}/{ratio['alternative']}")}
            for ratio in plain["ratios"]
        ]
        plain["against"] = [text for text in plain["against"] if not any(c.isdigit() for c in text)]
    return plain


def outcome_words(attributions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The outcomes of all pieces, for the log of runs."""
    return tuple(str(each["outcome"]) for each in attributions)
