"""What explains each piece, from one register's reads; and which accounts are looked at for leads."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from kulla.leaks.attribute import Index, Population, attribute
from kulla.leaks.candidate import Attribution, Candidate
from kulla.leaks.dated import Piece
from kulla.leaks.desk.calibrating import Kept
from kulla.leaks.desk.imprintindex import RegisterIndex
from kulla.leaks.desk.readindex import open_reads
from kulla.leaks.desk.request import Request
from kulla.leaks.desk.site import Site
from kulla.leaks.leads import Asked, Role, Seen, comparisons, leads
from kulla.leaks.marks import extracts
from kulla.leaks.matched import Matched

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
        self._name = name
        self._register, self._manifest = site.register(name), site.manifest(name)
        self._request, self._imprint, self._kept, self._inputs = request, imprint, kept, inputs

    @cached_property
    def index(self) -> Index:
        """The register's reads, indexed."""
        return open_reads(self._register.reads, self._register.pooled())

    @cached_property
    def _population(self) -> Population:
        return self._imprint.population()

    @property
    def reads(self) -> int:
        """How many reads there are."""
        return len(self.index.log)

    def explain(self, number: int, piece: Piece, matched: Matched) -> Explained:
        """What explains a piece; number: its place in the trace."""
        request = self._request
        margin = self._kept.margin(piece, self._inputs, request.as_of or request.now)
        found = attribute(
            piece, matched.record[piece.rows], matched.intervals.take(piece.rows), self.index,
            register=self._population, horizon=self._imprint.horizon, copies=self._manifest.copies,
            pooled=self._register.pooled(), margin=margin, clock=self._manifest.clock_uncertainty,
            prior_unlogged=request.prior_unlogged, seed=request.seed, number=number,
            extracts=extracts(request.marks.get(self._name), self._name),
        )  # fmt: skip
        return Explained(found, self._asked(found))

    def _asked(self, found: Attribution) -> tuple[Asked, ...]:
        # What explains the piece less well than a copy without a log is no candidate: whoever it is is left in peace.
        better = [each for each in found.candidates if each.nats > 0][:LOOKED_AT]
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
