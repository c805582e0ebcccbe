"""What explains a piece of a leak: episodes of the log, a known copy, an unlogged one, or nothing that is known."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.candidates import candidates
from kulla.leaks.attribute.copies import matched_copies, matched_extracts
from kulla.leaks.attribute.edges import EXACT, Edges
from kulla.leaks.attribute.episodes import episodes
from kulla.leaks.attribute.index import Index, index
from kulla.leaks.attribute.judge import FLOOR, Verdict, held, judged
from kulla.leaks.attribute.null import null, state
from kulla.leaks.attribute.pairs import Explained, explained
from kulla.leaks.attribute.population import Population
from kulla.leaks.attribute.ranking import Ranking, ranking
from kulla.leaks.attribute.readlog import NEVER, ReadLog
from kulla.leaks.attribute.remit import beside_remits
from kulla.leaks.attribute.target import target
from kulla.leaks.candidate import Attribution, CopyMatch, Margin
from kulla.leaks.dated import Piece, Span
from kulla.leaks.intervals import Intervals
from kulla.leaks.marks import Extract
from kulla.registers.manifest import Copy

UNLOGGED: Final = 0.5
"""How probable an unlogged copy is held to be, before anything is seen, against a logged read: a stated assumption."""
COVERED: Final = 0.5
"""Share of the window that the log must cover for an account to be named."""
EXPLAINS: Final = 0.6
"""Share of the piece that an account alone must explain to be named. Where a crawl was not logged, honest reads of the
same days explain parts of it, far above any margin for a score; a logged source explains what noise left."""
HOLDS: Final = 0.8
"""Share of the piece's records that its reads must besides have returned as they stand in the piece. On tuning
countries innocents who came near being named alone for an unlogged crawl held 0.6 and less; accounts of which a tenth
of the lines was lost 0.81 and more (64 of 65), all others 0.99. The share in the mixture is less: others explain some.
"""
TOGETHER: Final = 0.95
"""Share that several accounts must explain together."""
MEMBER: Final = 0.2
"""Share that each of several accounts must explain. Where lines of the true source are lost, others who read the same
records in those days fill the gaps, each with as much evidence as an accomplice would leave: in a small, busy country
that made 20 of 24 sets. So a set is told only of accounts that lost lines, up to a fifth of all, cannot bring in."""


MARKED: Final = "an extract that was handed out explains it as well, and its marks are in the file"
COPIED: Final = "a known copy of the register explains it about as well"


def attribute(
    piece: Piece, record: npt.NDArray[np.uint32], intervals: Intervals, log: ReadLog | Index, *, register: Population,
    horizon: Span, copies: Sequence[Copy] = (), pooled: Collection[str] = (), margin: Margin, clock: float = 1.0,
    prior_unlogged: float = UNLOGGED, seed: int = 0, number: int = 0, extracts: Sequence[Extract] = (),
    sights: Sequence[int] = (), edges: Edges = EXACT,
) -> Attribution:  # fmt: skip
    """Attribute one piece against one register's log.

    Args:
        piece: as dating gives it; its `columns` must have been read, its `window` says what the log should cover.
        record, intervals: of the piece's rows; rows without record (0) or interval are left out.
        log: the reads, or their index when several pieces are attributed.
        register: how many records it had at each moment; horizon: [first, last) of its history, microseconds.
        copies: the manifest's known copies. pooled: accounts behind which several people act.
        margin: what calibration says of naming. clock: seconds by which the audit's clock may be off.
        prior_unlogged: see UNLOGGED; between 0 and 1, exclusive. number: the piece's place among the leak's.
        extracts: marked copies whose marks are in the file; one that explains the piece as well keeps accounts unnamed.
        sights: moments of the copies that the history was made of, microseconds; they only tell copies apart.
        edges: how what stands at an edge is judged, of who held enough, who reads it anyway, and which copies agree.

    Nobody is named without a valid margin. Raises ValueError for a prior out of its range.
    """
    if not 0 < prior_unlogged < 1:
        raise ValueError("prior_unlogged must lie between 0 and 1")
    known = log if isinstance(log, Index) else index(log, pooled)
    goal = target(record, intervals, register, horizon)
    covers, share = _covered(known, piece, horizon)
    if not len(goal):
        return _nothing(number, known, margin, covers, share, "no row of the piece ever stood so in the register")
    found = explained(known, goal, piece.columns, clock)
    nothing = null(found, state(goal), prior_unlogged)
    ranked = ranking(found, episodes(found), nothing)
    least = margin.nats if margin.valid else FLOOR
    verdict = judged(ranked, nothing.moment, least, seed)
    kept = _sufficient(found, ranked, verdict, edges)
    verdict = beside_remits(found, nothing, ranked, verdict, kept, least, edges)
    agreed, copied = matched_copies(found, verdict, copies, clock, prior_unlogged, FLOOR, sights, edges)
    gives = [each for each in extracts if each.gives(piece.columns)]
    marked, value = matched_extracts(found, verdict, gives, clock, prior_unlogged, FLOOR)
    made = _attribution(number, found, ranked, verdict, (*marked, *agreed), margin, covers, share, edges)
    if made.outcome in ("episode", "set", "tie") and value >= verdict.mixture.value - max(margin.nats, FLOOR):
        return replace(made, outcome="copy", named=(), withheld=(*made.withheld, MARKED))
    if made.outcome in ("episode", "set") and copied >= verdict.mixture.value - max(margin.nats, FLOOR):
        return replace(made, outcome="tie", withheld=(*made.withheld, COPIED))
    return made


def strength(
    piece: Piece, record: npt.NDArray[np.uint32], intervals: Intervals, known: Index, *, register: Population,
    horizon: Span, clock: float, prior_unlogged: float = UNLOGGED, seed: int = 0,
) -> float:  # fmt: skip
    """The margin by which some account would be named with no calibration, 0 when none would: what is calibrated."""
    goal = target(record, intervals, register, horizon)
    if not len(goal):
        return 0.0
    found = explained(known, goal, piece.columns, clock)
    nothing = null(found, state(goal), prior_unlogged)
    ranked = ranking(found, episodes(found), nothing)
    verdict = judged(ranked, nothing.moment, FLOOR, seed)
    kept = _sufficient(found, ranked, verdict, EXACT)
    return beside_remits(found, nothing, ranked, verdict, kept, FLOOR).strength if kept else 0.0


def _attribution(
    number: int, found: Explained, ranked: Ranking, verdict: Verdict, copies: tuple[CopyMatch, ...], margin: Margin,
    covers: tuple[int | None, int | None], share: float, edges: Edges,
) -> Attribution:  # fmt: skip
    listed, named = candidates(found, ranked, verdict, copies)
    outcome = verdict.outcome
    if outcome == "none" and copies:
        outcome = "copy"
    withheld = list(verdict.reasons)
    explains = _explains(found, ranked, verdict)
    if outcome in ("episode", "set"):
        kept = {found.index.log.accounts[each] for each in _sufficient(found, ranked, verdict, edges)}
        named = tuple(at for at in named if listed[at].account in kept)
        outcome = ("episode" if len(named) == 1 else "set") if named else "copy" if copies else "none"
        if not named:
            withheld.append("reads of the log explain too little of the piece")
    for refused in _refusals(found, ranked, verdict, margin, share):
        withheld.append(refused)
        named = ()
    members = [each for each in verdict.mixture.chosen if each >= ranked.nulls]
    accounts = {ranked.scored[at].account for at in verdict.named}
    disagree = bool(members) and ranked.scored[0].account not in accounts
    return Attribution(
        number, outcome, named, float(np.clip(1 - explains, 0, 1)), listed, ranked.count, len(found.index.log), copies,
        margin, tuple(withheld), *covers, share, disagree,
    )  # fmt: skip


def _sufficient(found: Explained, ranked: Ranking, verdict: Verdict, edges: Edges) -> frozenset[int]:
    """The accounts that explain enough to be named: all that the verdict names together, or who does so alone."""
    if verdict.outcome not in ("episode", "set"):
        return frozenset()
    shares = dict.fromkeys((ranked.scored[at].account for at in verdict.named), 0.0)
    for component in verdict.mixture.chosen:
        for account in ranked.accounts(component) & shares.keys():
            shares[account] += verdict.mixture.share(component)
    if len(shares) > 1 and min(shares.values()) >= MEMBER and _explains(found, ranked, verdict) >= TOGETHER:
        return frozenset(shares)
    return frozenset(
        account for account, share in shares.items()
        if share >= EXPLAINS
        and edges.beyond((held(ranked, verdict.mixture, account) - HOLDS) * ranked.pool.total, f"holds/{account}")
    )  # fmt: skip


def _explains(found: Explained, ranked: Ranking, verdict: Verdict) -> float:
    """The share of the piece that the verdict's episodes explain together."""
    if verdict.ties_unlogged and verdict.named:
        rows = ranked.scored[verdict.named[0]].rows
        return float(found.target.weight[rows].sum()) / found.target.total
    members = [each for each in verdict.mixture.chosen if each >= ranked.nulls]
    return float(sum(verdict.mixture.share(each) for each in members))


def _refusals(found: Explained, ranked: Ranking, verdict: Verdict, margin: Margin, share: float) -> list[str]:
    """Why nobody may be named although episodes explain the piece."""
    if not verdict.named:
        return []
    refused = []
    if not margin.valid:
        refused.append(f"no valid calibration: {margin.reason or 'none was made'}")
    if share < COVERED:
        refused.append(f"the log covers only {share:.0%} of the window of extraction")
    sealed = [found.index.log.sealed[ranked.scored[at].episode.reads] for at in verdict.named]
    if all((each == NEVER).all() for each in sealed):
        refused.append("all the log lines that it rests on were never sealed")
    return refused


def _covered(known: Index, piece: Piece, horizon: Span) -> tuple[tuple[int | None, int | None], float]:
    """What the log covers, and which share of the window of extraction."""
    if not known.spans:
        return (None, None), 0.0
    whole = inside = 0
    for first, last in piece.window.spans:
        stop = max(min(last, horizon[1]), first + 1)
        whole += stop - first
        inside += sum(max(min(stop, end + 1) - max(first, begin), 0) for begin, end in known.spans)
    return (known.spans[0][0], known.spans[-1][1]), inside / whole if whole else 0.0


def _nothing(
    number: int, known: Index, margin: Margin, covers: tuple[int | None, int | None], share: float, why: str
) -> Attribution:
    empty = Attribution(number, "none", (), 1.0, (), 0, len(known.log), (), margin, (why,), *covers, share, False)
    return replace(empty)
