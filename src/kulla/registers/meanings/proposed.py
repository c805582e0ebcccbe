"""All families of meanings, and the proposal for a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.manifest import Column
from kulla.registers.meanings._api import Proposal, Proposer, Sample
from kulla.registers.meanings.amounts import Ibans, Money
from kulla.registers.meanings.codes import Codes
from kulla.registers.meanings.contacts import Emails, Phones
from kulla.registers.meanings.dates import Dates, Periods
from kulla.registers.meanings.employers import EmployerIds, Employers
from kulla.registers.meanings.ids import NationalIds
from kulla.registers.meanings.names import Names
from kulla.registers.meanings.places import Addresses, Municipalities, Offices
from kulla.registers.meanings.plates import Plates
from kulla.registers.meanings.special import SpecialCategories
from kulla.registers.nationalid import birth_date
from kulla.registers.normalise import as_text

MEANINGS_PROPOSED: Final[tuple[Proposer, ...]] = (
    NationalIds(), Names(), Phones(), Emails(), Plates(), Ibans(), Money(), EmployerIds(), Employers(), Dates(),
    Periods(), Municipalities(), Offices(), Addresses(), SpecialCategories(), Codes(),
)  # fmt: skip

SURE: Final = 0.75
"""A meaning with a lower score, or whose rival comes within `MARGIN`, is to be confirmed one by one."""
MARGIN: Final = 0.1


@dataclass(frozen=True, slots=True)
class Suggested:
    """The proposals for one column, best first; there is always one."""

    name: str
    proposals: tuple[Proposal, ...]

    @property
    def best(self) -> Proposal:
        """The first."""
        return self.proposals[0]

    @property
    def doubtful(self) -> bool:
        """Whether a person must look."""
        rivals = [p for p in self.proposals[1:] if p.meaning != self.best.meaning]
        close = bool(rivals) and self.best.score - rivals[0].score < MARGIN
        return self.best.score < SURE or close

    def column(self) -> Column:
        """The column as the best proposal has it."""
        return Column(self.name, self.best.meaning, self.best.category, evidence=self.best.evidence)


def proposed(table: pa.Table) -> tuple[Suggested, ...]:
    """What each column of a sample of rows may mean."""
    samples = [_sample(name, table.column(name)) for name in table.column_names]
    first = {s.name: _ranked(s) for s in samples}
    ids = [s for s in samples if first[s.name][0].meaning == "national_id"]
    days = _birthdays(ids[0].rows) if ids else ()
    return tuple(
        Suggested(s.name, _ranked(replace(s, birthdays=days)) if days else first[s.name]) for s in samples
    )  # fmt: skip


def _ranked(sample: Sample) -> tuple[Proposal, ...]:
    found = [p for proposer in MEANINGS_PROPOSED for p in proposer.propose(sample) if p.score > 0]
    return tuple(sorted(found, key=lambda p: -p.score))


def _sample(name: str, column: pa.ChunkedArray) -> Sample:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if pa.types.is_timestamp(kind) and pc.all(pc.equal(column, pc.floor_temporal(column, unit="day"))).as_py():
        column = column.cast(pa.date32())
    return Sample(name, tuple(as_text(column).to_pylist()), numeric)


def _birthdays(ids: Sequence[str | None]) -> tuple[date | None, ...]:
    return tuple(birth_date(value.strip().upper()) if value else None for value in ids)
