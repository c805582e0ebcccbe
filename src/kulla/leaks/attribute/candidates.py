"""Scored episodes as candidates: what is told of each, for and against it, never a line of the log itself."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np

from kulla.leaks.attribute.judge import Verdict
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.ranking import Ranking, Scored
from kulla.leaks.attribute.readlog import NEVER, UNKNOWN, UPPER_BOUND, ReadLog
from kulla.leaks.attribute.target import distinct
from kulla.leaks.candidate import Candidate, CopyMatch, Line, Ratio
from kulla.registers.schema import EXTENTS, SEALS

MOST: Final = 50
LINES: Final = 20
_LN10: Final = float(np.log(10))


def candidates(
    found: Explained, ranked: Ranking, verdict: Verdict, copies: tuple[CopyMatch, ...]
) -> tuple[tuple[Candidate, ...], tuple[int, ...]]:  # fmt: skip
    """The candidates, best first, and the places of those that the verdict names.

    Those named come in whatever their score; others only when they score above rows pasted from anywhere.
    """
    pasted = found.target.stood
    named = list(verdict.named)[:MOST]
    rest = [at for at, each in enumerate(ranked.scored) if each.nats > pasted and at not in set(named)]
    places = sorted([*named, *rest[: MOST - len(named)]], key=lambda at: (-ranked.scored[at].nats, at))
    listed = tuple(_candidate(found, ranked, verdict, copies, at) for at in places)
    return listed, tuple(places.index(at) for at in named)


def episode_id(log: ReadLog, each: Scored) -> str:
    """An episode's id: BLAKE2b over its reads' ids, sorted."""
    ids = np.sort(np.ascontiguousarray(log.read_id[each.episode.reads]).view("V16").ravel())
    return blake2b(ids.tobytes(), digest_size=16).hexdigest()


def _candidate(
    found: Explained, ranked: Ranking, verdict: Verdict, copies: tuple[CopyMatch, ...], at: int
) -> Candidate:  # fmt: skip
    each = ranked.scored[at]
    index, target = found.index, found.target
    log, reads = index.log, each.episode.reads
    inside = _inside(found, each)
    known = np.zeros(len(target), bool)
    known[each.rows] = True
    account = log.accounts[each.account]
    hint = int(log.end_user[reads[0]]) if len(distinct(log.end_user[reads])) == 1 else -1
    grade = _one(log.grades, log.grade[reads])
    return Candidate(
        episode_id(log, each), account, account in index.pooled, each.episode.kind,
        int(log.start[reads].min()), int(log.stop[reads].max()), len(reads), _lines(log, reads),
        _one(log.clients, log.client[reads]), _one(log.applications, log.application[reads]),
        log.end_users[hint] if hint >= 0 else "", grade or "none", EXTENTS[int(log.extent[reads].max())],
        SEALS[int(log.sealed[reads].max())], each.episode.size, len(each.rows), int((inside & ~known).sum()),
        int((~inside).sum()), (), verdict.mixture.share(each.component), each.nats - verdict.null.value,
        _ratios(found, ranked, verdict, copies, at), _against(found, each, int((inside & ~known).sum())),
        _exonerating(found, each),
    )  # fmt: skip


def _inside(found: Explained, each: Scored) -> np.ndarray:
    """Which rows are of records that an episode returned; all when nobody knows."""
    index, target = found.index, found.target
    record, code = index.log.record[each.episode.reads], index.log.bitmap[each.episode.reads]
    kept = np.full(len(target.records), each.episode.size is None)
    for part in (record[record > 0], *(index.records(c) for c in distinct(code[(record == 0) & (code >= 0)]).tolist())):
        places = target.find(part)
        kept[places[places >= 0]] = True
    return kept[target.owner]


def _one(names: tuple[str, ...], codes: np.ndarray) -> str:
    """The name that most of the reads have; empty when the log tells none."""
    known = codes[codes >= 0]
    return names[int(np.bincount(known).argmax())] if len(known) else ""


def _lines(log: ReadLog, reads: np.ndarray) -> tuple[Line, ...]:
    made = []
    for read in reads[:LINES].tolist():
        file, line = int(log.file[read]), int(log.line_from[read])
        name = log.files[file] if file >= 0 else ""
        made.append(Line(name, line, line + int(log.lines[read]) - 1, log.line_hash[read].tobytes().hex()))
    return tuple(made)


def _ratios(
    found: Explained, ranked: Ranking, verdict: Verdict, copies: tuple[CopyMatch, ...], at: int
) -> tuple[Ratio, ...]:  # fmt: skip
    each, pasted = ranked.scored[at], found.target.stood
    made = [
        Ratio("pasted", (each.nats - pasted) / _LN10),
        Ratio("unlogged copy", (each.nats - verdict.null.value) / _LN10),
    ]
    made += [Ratio(f"copy {copy.name}", (each.nats - pasted) / _LN10 - copy.log10) for copy in copies]
    other = next((other for other in ranked.scored if other.account != each.account), None)
    if other is not None:
        made.append(Ratio(f"episode {episode_id(found.index.log, other)}", (each.nats - other.nats) / _LN10))
    return tuple(made)


def _against(found: Explained, each: Scored, contradicted: int) -> tuple[str, ...]:
    log, reads = found.index.log, each.episode.reads
    made = []
    if contradicted:
        made.append(f"{contradicted} rows of its records stood so at another time only")
    if (log.extent[reads] == UNKNOWN).any():
        made.append("nobody knows which records some of its reads returned")
    if (log.extent[reads] == UPPER_BOUND).any():
        made.append("the records of some of its reads are an upper bound")
    if any(log.column_sets[code] is None for code in distinct(log.columns[reads]).tolist() if code >= 0):
        made.append("nobody knows which columns some of its reads returned")
    if each.episode.price:
        made.append("the account's other reads of those days, mostly of records not in the file, are left out of it")
    if (log.sealed[reads] == NEVER).any():
        made.append("some of its log lines were never sealed")
    return tuple(made)


def _exonerating(found: Explained, each: Scored) -> tuple[str, ...]:
    log, reads = found.index.log, each.episode.reads
    made = ["an unlogged copy of the register in other hands at that time"]
    if log.accounts[each.account] in found.index.pooled:
        made.append("the pool's own log showing other end users behind these reads; the hint can be forged")
    if (log.extent[reads] != 0).any():
        made.append("proof that these reads returned fewer records")
    made.append("proof that the account was used by somebody else, or that what was read never left its place")
    return tuple(made)
