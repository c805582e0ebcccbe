"""What an account reads again and again, as a rival of the episode that it would be named for.

Who is responsible for a city reads most of it in some months, and an unlogged crawl of that city then looks like their
reads: a copy filtered by what single statements returned pays for each page of it, their episode once. An archivist
who held 98 % of such a crawl stood 727 nats above the null. So where an account read most of what it holds of a piece
at least a week apart, its episode is compared with an unlogged copy filtered by all that it ever read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.edges import EXACT, Edges
from kulla.leaks.attribute.judge import FLOOR, HALF, INDISTINGUISHABLE, Verdict
from kulla.leaks.attribute.mixture import best, pool
from kulla.leaks.attribute.null import PASTED, Component, Null
from kulla.leaks.attribute.pairs import Explained
from kulla.leaks.attribute.ranking import Ranking
from kulla.leaks.attribute.target import distinct, runs
from kulla.leaks.attribute.windows import DAY

Ints = npt.NDArray[np.int64]

AGAIN: Final = 7 * DAY
"""Between two reads of a record that count as usual work: who takes a register page by page may open a page twice."""
CRAWL: Final = 2
"""The place of an unlogged crawl in the null."""


def beside_remits(
    found: Explained, nothing: Null, ranked: Ranking, verdict: Verdict, accounts: Collection[int], margin: float,
    edges: Edges = EXACT,
) -> Verdict:  # fmt: skip
    """The verdict; or a tie with an unlogged copy where an account's episode is no better than what it reads anyway.

    accounts: those of the verdict that explain enough to be named, as places among the log's. margin: nats, at least
    FLOOR. `strength` becomes the least of the verdict's and of what remits leave of it.
    """
    if verdict.outcome not in ("episode", "set") or not accounts:
        return verdict
    members = [each for each in verdict.mixture.chosen if each >= ranked.nulls]
    scored = [next(each for each in ranked.scored if each.component == member) for member in members]
    parts: list[Component] = [*nothing.components]
    for member, each in zip(members, scored, strict=True):
        size = found.target.population if each.episode.size is None else each.episode.size
        parts.append((each.rows, found.target.population / max(size, 1), float(ranked.pool.price[member])))
    firm = verdict.strength
    for account in accounts:
        actors = {ranked.scored[at].episode.actor for at in verdict.named if ranked.scored[at].account == account}
        usual = [part for actor in sorted(actors) for part in remit(found, nothing, actor, edges)]
        if usual:
            rivals = pool(found.target, [*parts, *usual])
            rest = [ranked.nulls + at for at, each in enumerate(scored) if each.account != account]
            more = range(len(parts), len(rivals))
            allowed = [*range(ranked.nulls), *rest, *more]
            starts = ([*verdict.null.chosen, *rest], [PASTED, *rest, *more])
            firm = min(firm, verdict.mixture.value - max(best(rivals, allowed, each).value for each in starts))
    if firm >= max(margin, FLOOR):
        return replace(verdict, strength=firm)
    named = tuple(at for at in verdict.named if ranked.scored[at].account in accounts)
    return replace(verdict, outcome="tie", named=named, ties_unlogged=True, strength=0.0, reasons=(INDISTINGUISHABLE,))


def remit(found: Explained, nothing: Null, actor: int, edges: Edges = EXACT) -> list[Component]:
    """An unlogged copy filtered by all records that an actor ever got from narrow reads: at the null's moment, in the
    days of its crawl, at any time. Nothing when the actor read few of the leaked ones again and again."""
    index, target, log = found.index, found.target, found.index.log
    narrow = found.usable & (index.size > 0) & ((index.actor == actor) | (index.pool == actor))
    narrow[found.wide] = False
    reads = np.flatnonzero(narrow)
    if not _again(found, reads, edges, actor):
        return []
    code, single = log.bitmap[reads], log.record[reads]
    codes = distinct(code[(single == 0) & (code >= 0)])
    records = np.unique(np.concatenate([single[single > 0], *(index.records(each) for each in codes.tolist())]))
    places = target.find(records)
    rows = np.sort(target.rows_of(places[places >= 0])[1])
    given, price = target.population / max(len(records), 1), float(np.log(max(len(index.actors), 1)))
    crawl = np.zeros(len(target), bool)
    crawl[nothing.components[CRAWL][0]] = True
    return [
        (rows[nothing.held[rows]], given, price),
        (rows[crawl[rows]], given, price),
        (rows, given * np.exp(target.log_stood[rows]), price),
    ]


def _again(found: Explained, reads: Ints, edges: Edges, actor: int) -> bool:
    """Whether these reads returned half of the leaked records that they returned at all at least a week apart."""
    log, target = found.index.log, found.target
    code, single = log.bitmap[reads], log.record[reads]
    several = np.flatnonzero((single == 0) & (code >= 0))
    which, at = runs(found.bounds[code[several]], found.bounds[code[several] + 1])
    alone = np.flatnonzero(single > 0)
    place = np.concatenate([target.find(single[alone]).astype(np.int64), found.places[at]])
    start = log.start[reads[np.concatenate([alone, several[which]])]]
    start, place = start[place >= 0], place[place >= 0]
    first, last = np.full(len(target.records), np.iinfo(np.int64).max), np.full(len(target.records), -1)
    np.minimum.at(first, place, start)
    np.maximum.at(last, place, start)
    read = last >= 0
    if not read.any():
        return False
    again = float((last[read] - first[read] >= AGAIN).mean())
    # In doubt it is its usual work: then it is not named for it.
    return again >= HALF or not edges.beyond((HALF - again) * int(read.sum()), f"again/{actor}")
