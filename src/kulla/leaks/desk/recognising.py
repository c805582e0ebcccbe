"""All tables of a leak against one register after the other; at a centre, what may be heard of them."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.leaks.counting import distinct, spoken_of
from kulla.leaks.date import seams
from kulla.leaks.desk.hearing import Heard, hearing
from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.leaks.desk.readlog import reads_sha256
from kulla.leaks.desk.request import Compared, Request, Taken
from kulla.leaks.desk.runs import Run
from kulla.leaks.desk.site import Keyed, Site, imprint_sha256
from kulla.leaks.desk.thinning import Thinning, rows_of
from kulla.leaks.discretion import PLAIN, Discretion
from kulla.leaks.leaktable import LeakFile, LeakTable
from kulla.leaks.matched import Matched
from kulla.leaks.plain import iso
from kulla.leaks.recognise import recognise
from kulla.leaks.recognise.assign import LEAST, LEAST_PLAIN
from kulla.leaks.trace import FEWEST, RegisterUsed
from kulla.registers.keys import CentreKey, OwnerKeys
from kulla.registers.manifest import Manifest

SAME: Final = 0.5
"""A column of which the permuted values agree in more than so much of the rows that agree is one of few values."""


class Recognising:
    """Opens each register's imprint once."""

    def __init__(self, site: Site, request: Request, begun: Run, discretion: Discretion) -> None:
        self._site, self._request, self._begun, self.discretion = site, request, begun, discretion
        self._open: dict[str, RegisterIndex] = {}
        self.silenced = 0
        """Of how many rows nothing is heard since who they are about was heard too often (see `desk.hearing`)."""

    def index(self, name: str) -> RegisterIndex:
        """A register's imprint, opened."""
        if name not in self._open:
            self._open[name] = open_index(self._site.register(name).imprint, self._site.centre_key())
        return self._open[name]

    def tables(self, name: str, key: Keyed, files: Sequence[LeakFile]) -> list[Compared]:
        """Every table of the leak against the register, at a centre without what may not be heard.

        Who is left out changes `discretion`: its noise is drawn anew.
        """
        manifest, outer = self._site.manifest(name), self._site.outer()
        seed = self.discretion.chance(f"recognise/{name}", self._request.seed)
        against = Against(self.index(name), manifest, key.keys, outer, seed)
        found = [
            Compared(number, table, against.matched(table), None, f"{file.sha256}/{at}")
            for number, file in enumerate(files)
            for at, table in enumerate(file.tables)
        ]
        if self._site.at_owner:
            return found
        with self._hearing(name, key) as heard:
            said = [(each.matched.record, spoken_of(each.table, each.matched, manifest)) for each in found]
            spent = heard.spent(said)
        many = sum(int(mask.sum()) for mask in spent)
        if many:
            self.silenced += many
            self.discretion = replace(self.discretion, seed=self.discretion.seed + heard.leak)
        away = Away(Thinning(), self.discretion, against)
        return [away.heard(each, mask) for each, mask in zip(found, spent, strict=True)]

    def _hearing(self, name: str, key: Keyed) -> AbstractContextManager[Heard]:
        request, site, index = self._request, self._site, self.index(name)
        secret = hmac.digest(site.discretion_key, b"heard" + key.secret, "sha256")
        told = (
            self._begun.leak,
            request.seed,
            request.prior_unlogged,
            request.seen,
            imprint_sha256(site.register(name)),
        )
        return hearing(site.runs, self._begun, name, secret, index.highest, repr(told), request.now)

    def used(self, name: str, key: Keyed, reads: int) -> RegisterUsed:
        """What the trace says of the register. reads: how many lie here."""
        register, manifest, index = self._site.register(name), self._site.manifest(name), self.index(name)
        copies = tuple(
            {
                "name": copy.name, "kind": copy.kind,
                "frozen_at": copy.frozen_at.isoformat() if copy.frozen_at else None,
                "reachable_by": list(copy.reachable_by), "read_log": copy.read_log,
            }
            for copy in manifest.copies
        )  # fmt: skip
        return RegisterUsed(
            name, manifest.owner, manifest.constituent, index.records, key.id, key.epoch,
            iso(index.horizon[0]) or "", iso(index.horizon[1]), index.info.reconstructed, imprint_sha256(register),
            reads_sha256(register.reads), reads, manifest.electoral, copies,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Against:
    """What a table is recognised by."""

    index: RegisterIndex
    manifest: Manifest
    keys: OwnerKeys
    outer: CentreKey | None
    seed: int

    def matched(self, table: LeakTable) -> Matched:
        """A table against the register."""
        return recognise(table, self.index, self.manifest, self.keys, self.outer, self.seed)


@dataclass(frozen=True, slots=True)
class Away:
    """What of each table may be heard at a centre."""

    thinning: Thinning
    discretion: Discretion
    against: Against

    def heard(self, compared: Compared, spent: npt.NDArray[np.bool_]) -> Compared:
        """A table without rows about who was heard too often, without rows too many of one record (`desk.thinning`),
        and without columns that are not clearly the register's."""
        taken = Taken(
            np.arange(compared.table.rows), compared.table.rows, compared.table.blocks,
            tuple(seams(compared.table).tolist()), self.against.index.highest,
        )  # fmt: skip
        table, matched, place = compared.table, compared.matched, f"{compared.place}/{compared.matched.register}"
        left = np.flatnonzero(~spent)
        if spent.any():
            table = rows_of(table, left)
            matched = self.against.matched(table)
        kept = self.thinning.kept(matched)
        if len(kept) < len(left):
            table, left = rows_of(table, kept), left[kept]
            matched = self.against.matched(table)
        while unclear := _unclear(matched, self.against.manifest, self.discretion, place):
            table = _blanked(table, unclear)
            matched = self.against.matched(table)
        taken = replace(taken, place=left)
        return replace(compared, table=table, matched=matched, rows=compared.rows or compared.table.rows, taken=taken)


def _unclear(matched: Matched, manifest: Manifest, discretion: Discretion, place: str) -> list[int]:
    """Columns of the table that a few rows make the register's, or might."""
    best = max((each.hits for each in matched.columns), default=0.0)
    records = distinct(matched.record)
    found: list[int] = []
    for each in matched.columns:
        rows = min(each.compared, records)
        # The key need only be there more often than by chance; of other columns most cells must agree as well.
        more = each.hits - each.chance
        if each.register_column not in manifest.record and matched.linked_by == "record":
            more = min(more, each.hits - LEAST)
        name = f"{place}/{each.register_column}"
        if matched.linked_by == "record" and each.chance > SAME * each.hits:
            kept = discretion.clear((each.hits - LEAST_PLAIN * best) * rows, f"{name}/plain", PLAIN)
        else:
            kept = discretion.clear(more * rows, f"{name}/clear")
        if not kept or (rows < FEWEST and not discretion.at_owner):
            found += [each.column, *each.joined]
    return found


def _blanked(table: LeakTable, places: Sequence[int]) -> LeakTable:
    """A table without what stands in some columns; their places stay."""
    data = table.data
    for place in places:
        data = data.set_column(place, data.schema.field(place), pa.nulls(table.rows, data.schema.field(place).type))
    return replace(table, data=data)
