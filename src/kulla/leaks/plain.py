"""What was found as the plain values of a trace, told with discretion. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.leaks.attribute.attribute import EXPLAINS, MEMBER, TOGETHER
from kulla.leaks.attribute.judge import HALF, INDISTINGUISHABLE
from kulla.leaks.candidate import Attribution, Candidate, Margin
from kulla.leaks.counting import distinct, nameless, unsure_persons
from kulla.leaks.dated import Mixture, Piece, Span, Window
from kulla.leaks.discretion import PLAIN, Discretion
from kulla.leaks.intervals import FOREVER, Ints
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ALTERED, CERTAIN, PROBABLE, SURETIES, UNSURE, VERDICTS, ColumnMatch, Matched
from kulla.leaks.trace import FEWEST, TableFound
from kulla.registers.manifest import Manifest

PARTS: Final = 100
"""Into how many stretches a file is cut to show where a piece lies in it."""

LONG: Final = 10 * FEWEST
"""Rows that a stretch has at least, away from the owner's site."""

HOUR: Final = 3_600_000_000

DETAILED: Final = 3
"""Of how many candidates, besides those named, figures are told away from the owner's site."""

_WITHOUT: Final = (
    ("no valid calibration: no calibration for a piece", "no_cell_here"),
    ("no calibration for a piece", "no_cell_here"),
    ("the log covers only", "not_covered"),
    ("no valid calibration: the calibration is older", "too_old"),
    ("the calibration is older", "too_old"),
)
"""How a statement with numbers begins → the key of the same without."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = int((datetime.max.replace(tzinfo=UTC) - _EPOCH) / timedelta(microseconds=1))


def iso(moment: int) -> str | None:
    """A time as ISO text; None for one that has not ended."""
    return None if moment >= min(FOREVER, _LATEST) else (_EPOCH + timedelta(microseconds=moment)).isoformat()


def table_found(
    found: tuple[int, LeakTable, Matched], manifest: Manifest, discretion: Discretion, place: str,
    rows: int | None = None,
) -> TableFound:  # fmt: skip
    """A table against a register. Away from the owner's site rows of one record count once.

    found: the place of its file, the table, and it against the register. place: what it is called when it is decided
    what may be told of it: the same in each run. rows: of the table as it was taken in; None: as many as it has.
    """
    file, table, matched = found
    place = f"{place}/{matched.register}"
    verdicts = {
        word: _rows(table, matched, manifest, matched.verdict == number, discretion, f"{place}/{word}")
        for number, word in enumerate(VERDICTS)
    }
    persons = {
        SURETIES[number]: discretion.count(
            distinct(matched.record, matched.surety == number), f"{place}/{SURETIES[number]}"
        )
        for number in (CERTAIN, PROBABLE)
    }
    persons["ambiguous"] = _unsure([(table, matched)], manifest, discretion, place)
    return TableFound(
        file, table.name, matched.register, matched.linked_by, _columns(matched, manifest, discretion, place),
        table.rows if rows is None else rows, verdicts, persons, _twice(matched, discretion, place),
        _altered(table, matched, manifest, discretion, place),
    )  # fmt: skip


def piece_plain(
    piece: Piece, mixture: Mixture, found: tuple[int, LeakTable, Matched], manifest: Manifest, discretion: Discretion,
    place: str, among: tuple[Ints, int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A piece for the trace. Only pieces that rest on enough records may be told: see `Discretion.enough`.

    found: the place of its file, its table, and that table against its register. place: as of `table_found`.
    among: of the table's rows the places among all that were taken in, and how many these were; all, if not given.
    """
    file, table, matched = found
    records = distinct(matched.record[piece.rows])
    place = piece_name(piece, place)
    return {
        "register": piece.register, "file": file, "table": table.name,
        "rows": len(piece.rows) if discretion.at_owner else discretion.count(records, f"{place}/rows"),
        "columns": list(piece.columns), "kind": piece.kind,
        "window": _window(piece.window, discretion, records, place),
        "trajectory": [[int(at), iso(int(moment))] for at, moment in piece.trajectory] if discretion.at_owner else [],
        "reference": _reference(piece, table, matched, manifest, discretion, place),
        "bic": list(mixture.bic) if discretion.at_owner else [],
        "along": _along(piece, among or (np.arange(table.rows), table.rows), discretion, f"{place}/along"),
    }  # fmt: skip


def piece_name(piece: Piece, place: str) -> str:
    """What a piece is called when it is decided what may be told of it. place: its table's."""
    return f"{place}/{piece.register}/{int(piece.rows[0])}"


def attribution_plain(found: Attribution, records: int, discretion: Discretion, place: str) -> dict[str, Any]:
    """An attribution for the trace, times as ISO texts. records: distinct records of the piece; place: its name."""
    found = found if discretion.at_owner else discreet(found, records, discretion, place)
    plain = asdict(found)
    plain["candidates"] = [
        _candidate(
            each,
            discretion,
            f"{place}/{each.episode}",
            at < DETAILED or (at in found.named and found.outcome in ("episode", "set")),
            at in found.named and found.outcome in ("episode", "set"),
        )
        for at, each in enumerate(found.candidates)
    ]
    plain["copies"] = [
        asdict(c)
        | {
            "frozen_at": iso(c.frozen_at) if c.frozen_at else None,
            "log10": discretion.size(c.log10, f"{place}/copy {c.name}/log10"),
        }
        for c in found.copies
    ]
    # One record may have been read by any number of episodes: their number is told at the owner's site alone.
    plain["considered"] = found.considered if discretion.at_owner else None
    plain["covered"] = found.covered if discretion.at_owner else round(found.covered, 2)
    plain["log_from"] = None if found.log_from is None else iso(found.log_from)
    plain["log_to"] = None if found.log_to is None else iso(found.log_to)
    for name in ("named", "withheld"):
        plain[name] = list(plain[name])
    plain["unexplained"] = discretion.share(found.unexplained, records, f"{place}/unexplained")
    return plain


def discreet(found: Attribution, records: int, discretion: Discretion, place: str) -> Attribution:
    """An attribution without what rests on few records: candidates, names, and words with numbers in them.

    records: distinct records of the piece. Candidates stand in an order that no row decides: those of the outcome
    first, then by what is told of how many records they explain.
    """
    place = f"{place}/listed"
    found = _clearly(found, records, discretion, place)
    ranks = {
        at: (
            at not in found.named,
            -(discretion.count(each.explained, f"{place}/{each.episode}/rank") or 0),
            each.episode,
        )
        for at, each in enumerate(found.candidates)
        if discretion.enough(each.explained, f"{place}/{each.episode}")
    }
    kept = sorted(ranks, key=lambda at: ranks[at])
    named = tuple(sorted(kept.index(at) for at in found.named if at in ranks))
    withheld = tuple(_numberless(text) for text in found.withheld)
    if len(named) < len(found.named):
        # Named are all that explain it together or none: a part of them alone would be accused of the whole.
        named, withheld = (), (*withheld, "few_named")
    margin = found.margin
    if not named:
        # Which of the calibration's cells a piece falls into tells how many rows it has.
        margin = Margin(margin.valid, 0.0, 0, margin.inputs_sha256, _numberless(margin.reason))
    listed = [found.candidates[at] for at in kept]
    others = {"pasted", "unlogged copy", *(f"episode {each.episode}" for each in listed)}
    listed = [
        replace(
            each, ratios=tuple(r for r in each.ratios if r.alternative in others or r.alternative.startswith("copy "))
        )
        for each in listed
    ]
    copies = tuple(sorted(found.copies, key=lambda each: each.name))  # by how well they fit a row could order them
    return replace(
        found, candidates=tuple(listed), named=named, withheld=withheld, margin=margin, copies=copies,
        disagreement=False,
    )  # fmt: skip


def _clearly(found: Attribution, records: int, discretion: Discretion, place: str) -> Attribution:
    """An outcome whose episodes explain what they must of the piece by more than a few records, or a lesser one."""
    several = len({found.candidates[at].account for at in found.named}) > 1
    share = HALF if found.outcome == "tie" else MEMBER if several else EXPLAINS if found.outcome == "episode" else 0.0
    members = tuple(
        at
        for at in found.named
        if discretion.clear(
            found.candidates[at].explained - share * records, f"{place}/{found.candidates[at].episode}/clear"
        )
    )
    together, least = (TOGETHER, PLAIN) if several else (EXPLAINS, FEWEST)
    whole = found.outcome != "set" or discretion.clear(
        (1 - found.unexplained - together) * records, f"{place}/together", least
    )
    if not found.named or (whole and len(members) == len(found.named)):
        return found
    if found.outcome == "tie" and not members and INDISTINGUISHABLE in found.withheld:
        # Who explains little more than half ties with an unlogged copy by a few rows: so the word would tell of them.
        return replace(found, outcome="none", named=(), withheld=())
    # A tie is told of all or of none as well: the rest of one would be read as accused.
    return replace(found, outcome="tie", named=(), withheld=(*found.withheld, "few_named"))


def persons_of(
    tables: Sequence[tuple[LeakTable, Matched]], manifest: Manifest, discretion: Discretion
) -> dict[str, int | None]:
    """Persons of one register over all tables: a person who is certain in one table is not counted as probable."""
    register = manifest.name
    certain = np.unique(np.concatenate([m.record[m.surety == CERTAIN] for _, m in tables]))
    probable = np.unique(np.concatenate([m.record[m.surety == PROBABLE] for _, m in tables]))
    probable = np.setdiff1d(probable, certain)
    return {
        "certain": discretion.count(int((certain > 0).sum()), f"{register}/certain"),
        "probable": discretion.count(int((probable > 0).sum()), f"{register}/probable"),
        "ambiguous": _unsure(tables, manifest, discretion, register),
    }


def _unsure(
    tables: Sequence[tuple[LeakTable, Matched]], manifest: Manifest, discretion: Discretion, place: str
) -> int | None:
    """Persons, as the file tells them apart, that fit several records."""
    if discretion.at_owner:
        return len(frozenset[str]().union(*(unsure_persons(t, m, manifest, m.surety == UNSURE) for t, m in tables)))
    counts = [nameless(table, matched, manifest, matched.surety == UNSURE) for table, matched in tables]
    known = [count for count in counts if count is not None]
    return discretion.count(sum(known), f"{place}/unsure") if len(known) == len(counts) else None


def _rows(
    table: LeakTable, matched: Matched, manifest: Manifest, mask: npt.NDArray[np.bool_], discretion: Discretion,
    what: str,
) -> int | None:  # fmt: skip
    if discretion.at_owner:
        return int(mask.sum())
    more = nameless(table, matched, manifest, mask)
    return None if more is None else discretion.count(distinct(matched.record, mask) + more, what)


def _twice(matched: Matched, discretion: Discretion, place: str) -> int | None:
    """Rows about a record that an earlier row is about; away from the owner's site how many records have such."""
    rows = np.bincount(np.unique(matched.record[matched.record > 0], return_inverse=True)[1])
    return int((rows - 1).sum()) if discretion.at_owner else discretion.count(int((rows > 1).sum()), f"{place}/twice")


def _reference(
    piece: Piece, table: LeakTable, matched: Matched, manifest: Manifest, discretion: Discretion, place: str
) -> list[str] | None:
    """The first and the last period that a piece tells of; away from the owner's site of those with enough records."""
    if discretion.at_owner or piece.reference is None:
        return list(piece.reference) if piece.reference else None
    period = next((c.name for c in manifest.columns if c.meaning == "period"), "")
    column = next((m.column for m in matched.columns if m.register_column == period), None)
    if column is None:
        return None
    values = table.data.column(column).take(pa.array(piece.rows)).to_numpy(zero_copy_only=False)
    record = matched.record[piece.rows]
    told = [
        text for text in sorted({text for text in values.tolist() if text})
        if discretion.enough(distinct(record, values == text), f"{place}/reference/{text}")
    ]  # fmt: skip
    return [told[0], told[-1]] if told else None


def _numberless(text: str) -> str:
    """A statement in words if no number stands in it, else the key of one without."""
    if not any(letter.isdigit() for letter in text):
        return text
    return next((key for start, key in _WITHOUT if text.startswith(start)), "told_at_owner")


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


def _altered(
    table: LeakTable, matched: Matched, manifest: Manifest, discretion: Discretion, place: str
) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for number, each in enumerate(matched.columns):
        mask = (matched.verdict == ALTERED) & (matched.altered == number)
        if mask.any() or not discretion.at_owner:  # that a column is listed must not tell that one cell was altered
            found[each.register_column] = _rows(table, matched, manifest, mask, discretion, f"{place}/altered/{number}")
    return found


def _window(window: Window, discretion: Discretion, records: int, place: str) -> dict[str, Any]:
    owner = discretion.at_owner
    spans = window.spans if owner else _hours(window.spans)
    best = window.best if owner else next(s for s in spans if s[0] <= window.best[0] < s[1])
    return {
        "spans": [[iso(first), iso(last)] for first, last in spans],
        "best": [iso(moment) for moment in best],
        "level": window.level, "drop": round(window.drop, 3) if owner else None, "calibrated": window.calibrated,
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


def _along(piece: Piece, among: tuple[Ints, int], discretion: Discretion, what: str) -> list[float]:
    """Which share of each stretch of the table's rows is the piece's, in tenths. Away from the owner's site stretches
    have at least LONG rows; a shorter table tells nothing."""
    places, rows = among
    parts = min(PARTS, rows if discretion.at_owner else rows // LONG)
    if not parts:
        return []
    part = np.arange(rows) * parts // rows
    whole = np.bincount(part, minlength=parts)
    held = np.bincount(part[places[piece.rows]], minlength=parts) / whole
    told = [discretion.share(float(held[at]), int(whole[at]), f"{what}/{at}") or 0.0 for at in range(parts)]
    return [round(share, 1) for share in told]


def _candidate(candidate: Candidate, discretion: Discretion, place: str, detailed: bool, alone: bool) -> dict[str, Any]:
    """detailed: whether its figures are told away from the owner's site: fifty candidates with the same rows would
    tell the same number fifty times, and the noise would be lost. alone: whether the outcome names it; of others it is
    told to the day only when they read, and no line: which reads belong to a crawl a single row may decide."""
    plain: dict[str, Any] = asdict(candidate)
    plain |= {"first": iso(candidate.first), "last": iso(candidate.last)}
    for name in ("lines", "missing_columns", "against", "exonerating", "ratios"):
        plain[name] = list(plain[name])
    if discretion.at_owner:
        return plain
    plain["against"] = [text for text in plain["against"] if not any(letter.isdigit() for letter in text)]
    if not alone and candidate.kind != "statement":
        day = 24 * HOUR
        plain |= {"first": iso(candidate.first // day * day), "last": iso(-(-candidate.last // day) * day), "lines": []}
    if not detailed:
        return plain | {"explained": None, "contradicted": None, "outside": None, "weight": None, "nats": None,
                        "ratios": []}  # fmt: skip
    for name in ("explained", "contradicted", "outside"):
        plain[name] = discretion.count(getattr(candidate, name), f"{place}/{name}")
    plain["weight"] = discretion.share(candidate.weight, max(candidate.explained, FEWEST), f"{place}/weight")
    plain["nats"] = discretion.size(candidate.nats, f"{place}/nats")
    plain["ratios"] = [
        ratio | {"log10": discretion.size(ratio["log10"], f"{place}/{ratio['alternative']}")}
        for ratio in plain["ratios"]
    ]
    return plain


def outcome_words(attributions: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The outcomes of all pieces, for the log of runs."""
    return tuple(str(each["outcome"]) for each in attributions)
