"""What explains each piece, from one register's reads; and which accounts are looked at for leads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from kulla.leaks.attribute import Edges, Index, Population, attribute
from kulla.leaks.attribute.copies import micros
from kulla.leaks.candidate import Attribution, Candidate
from kulla.leaks.counting import distinct
from kulla.leaks.dated import Piece
from kulla.leaks.desk.calibrating import Kept
from kulla.leaks.desk.imprintindex import RegisterIndex
from kulla.leaks.desk.readindex import open_reads
from kulla.leaks.desk.request import Request
from kulla.leaks.desk.site import Site
from kulla.leaks.discretion import PLAIN, Discretion
from kulla.leaks.leads import Asked, Role, Seen, comparisons, leads
from kulla.leaks.marks import extracts
from kulla.leaks.matched import Matched
from kulla.leaks.plain import discreet

MOST_LOOKED_AT: Final = 10
"""Of how many that an outcome names: of a tie of fifty a sample would tell no more than fifty."""
LOOKED_AT: Final = 3
"""Of how many candidates of a piece, when none is named, other logs are looked through."""


@dataclass(frozen=True, slots=True)
class Explained:
    """An attribution, and who is to be looked at for leads."""

    attribution: Attribution
    asked: tuple[Asked, ...]

    def leads(self, seen: Iterable[Seen], covered: Collection[str]) -> tuple[dict[str, Any], ...]:
        """What other logs show of candidates and of as many others."""
        return leads(self.asked, seen, covered)


class Attributing:
    """Reads one register's log once."""

    def __init__(
        self, site: Site, name: str, request: Request, imprint: RegisterIndex, kept: Kept, inputs: str
    ) -> None:
        self._name, self._at_owner = name, site.at_owner
        self._register, self._manifest = site.register(name), site.manifest(name)
        self._request, self._imprint, self._kept, self._inputs = request, imprint, kept, inputs

    @cached_property
    def index(self) -> Index:
        """The register's reads, indexed."""
        return open_reads(self._register.reads, self._register.pooled())

    @cached_property
    def _population(self) -> Population:
        return self._imprint.population()

    @cached_property
    def _sights(self) -> tuple[int, ...]:
        """The moments of known copies that the history was made of.

        At the owner's site alone: which copy held a row is decided by four rows, and a centre is no oracle.
        """
        if not self._at_owner:
            return ()
        moments = [micros(copy.frozen_at) for copy in self._manifest.copies if copy.frozen_at is not None]
        return self._imprint.sights(moments, int(self._manifest.clock_uncertainty * 1e6))

    @property
    def reads(self) -> int:
        """How many reads there are."""
        return len(self.index.log)

    def explain(self, number: int, piece: Piece, matched: Matched, discretion: Discretion, place: str) -> Explained:
        """What explains a piece, before what may be told of it.

        number: its place in the trace; place: its name, for `discretion`.
        """
        request = self._request
        margin = self._kept.margin(piece, self._inputs, request.as_of or request.now)
        found = attribute(
            piece, matched.record[piece.rows], matched.intervals.take(piece.rows), self.index,
            register=self._population, horizon=self._imprint.horizon, copies=self._manifest.copies,
            pooled=self._register.pooled(), margin=margin, clock=self._manifest.clock_uncertainty,
            prior_unlogged=request.prior_unlogged, seed=request.seed, number=number,
            extracts=extracts(request.marks.get(self._name), self._name), sights=self._sights,
            edges=Edges(
                lambda records, what: records >= 0 if discretion.at_owner else discretion.clear(
                    records, f"{place}/{what}", PLAIN
                ),
                lambda what: discretion.wobble(f"{place}/{what}"),
            ),
        )  # fmt: skip
        told = found
        if not discretion.at_owner:
            told = discreet(found, distinct(matched.record[piece.rows]), discretion, place)
        return Explained(found, self._asked(told, discretion.stake(f"{place}/leads")))

    def _asked(self, found: Attribution, more: float) -> tuple[Asked, ...]:
        # What explains the piece less well than a copy without a log is no candidate: whoever it is is left in peace.
        better = [each for each in found.candidates if each.nats > more][:LOOKED_AT]
        chosen = [found.candidates[at] for at in found.named][:MOST_LOOKED_AT] or better
        known = {candidate.account for candidate in chosen}
        asked: list[Asked] = []
        for candidate in chosen:
            asked.append(_asked(found.piece, candidate, candidate.account))
            for account in comparisons(*self._readers(candidate), known, 1):
                known.add(account)
                asked.append(_asked(found.piece, candidate, account))
        return tuple(asked)

    def _readers(self, candidate: Candidate) -> tuple[list[str], list[int]]:
        """Who read on the days of a candidate's episode, and how often."""
        log = self.index.log
        day = 24 * 3600 * 1_000_000
        near = (log.stop >= candidate.first - day) & (log.start <= candidate.last + day) & (log.account >= 0)
        codes, counts = np.unique(log.account[near], return_counts=True)
        return [log.accounts[code] for code in codes], counts.tolist()


def _asked(piece: int, candidate: Candidate, account: str) -> Asked:
    role: Role = "candidate" if account == candidate.account else "comparison"
    return Asked(piece, account, role, candidate.episode, candidate.first, candidate.last)
