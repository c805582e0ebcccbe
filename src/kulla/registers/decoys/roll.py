"""A register's rows as they are now, with what the making of decoys asks of them. Pure: tables in, values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.errors import UsageError
from kulla.registers.manifest import Manifest, Meaning
from kulla.registers.normalise import SEPARATOR, as_text


@dataclass(frozen=True)
class Roll:
    """A register's manifest and its current rows: one for each record and entry, in the manifest's columns.

    Attributes:
        held: what records are known by, of all that ever were; empty: not known.
    """

    manifest: Manifest
    rows: pa.Table
    held: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The register's name."""
        return self.manifest.name

    def having(self, *meanings: Meaning) -> list[str]:
        """Columns that mean one of these, in the manifest's order."""
        return [c.name for c in self.manifest.columns if c.meaning in meanings and c.name in self.rows.column_names]

    def first(self, *meanings: Meaning) -> str:
        """The first of them; empty when there is none."""
        return next(iter(self.having(*meanings)), "")

    @cached_property
    def person(self) -> str:
        """The column with the person's national id. Raises UsageError when there is none."""
        ids = self.having("national_id")
        if not ids:
            raise UsageError(f"register {self.name}: no column means national_id, so it can hold no decoy persons")
        return self.manifest.person if self.manifest.person in ids else ids[0]

    @property
    def full_name(self) -> str:
        """The column with the person's whole name; empty when names are in two columns or absent."""
        return self.first("name")

    def texts(self, column: str) -> pa.Array:
        """A column as text."""
        return as_text(self.rows.column(column))

    @cached_property
    def persons(self) -> pa.Array:
        """The persons' ids, row by row."""
        return self.texts(self.person)

    @cached_property
    def home(self) -> pa.Array:
        """Address with municipality, row by row; null where there is no address."""
        town, address = self.first("municipality"), self.texts(self.first("address"))
        return pc.binary_join_element_wise(self.texts(town), address, SEPARATOR) if town else address

    @cached_property
    def towns(self) -> pa.Array:
        """Municipality, row by row; null where the register knows none."""
        town = self.first("municipality")
        return self.texts(town) if town else pa.nulls(self.rows.num_rows, pa.string())

    def of(self, persons: Sequence[str]) -> dict[str, list[dict[str, object]]]:
        """The rows of some persons, by person."""
        chosen = self.rows.filter(pc.is_in(self.persons, value_set=pa.array(persons, pa.string())))
        found: dict[str, list[dict[str, object]]] = {}
        for row in chosen.to_pylist():
            found.setdefault(str(row[self.person]), []).append(row)
        return found


def large_enough(roll: Roll) -> pa.Array | None:
    """Row by row, whether the employer is so large that nobody knows all its people; None without employers.

    Left out are employers of fewer than `_STRANGERS` persons, but never more than those in which `_LEFT_OUT` of all
    persons work: who works where no decoy can is a person for certain, and gives an attacker half that share of AUC.
    """
    column = roll.first("employer_id", "employer")
    if not column:
        return None
    people = pa.table({"employer": roll.texts(column), "person": roll.persons})
    sizes = people.group_by(["employer", "person"]).aggregate([]).group_by("employer").aggregate([("person", "count")])
    counts = np.asarray(sizes["person_count"].to_numpy(), np.int64)
    ordered = np.sort(counts)
    shares = np.cumsum(ordered) / max(int(ordered.sum()), 1)
    least = min(_STRANGERS, int(ordered[min(int(np.searchsorted(shares, _LEFT_OUT)), len(ordered) - 1)]))
    large = sizes["employer"].combine_chunks().filter(pa.array(counts >= least))
    return pc.is_in(people["employer"].combine_chunks(), value_set=large)


_STRANGERS = 50
_LEFT_OUT = 0.03


def where_mask(roll: Roll, rows: pa.Table, where: Sequence[tuple[str, str]]) -> npt.NDArray[np.bool_]:
    """Which rows have all the wanted values, compared as text. Raises UsageError for a column that does not exist."""
    mask = np.ones(rows.num_rows, bool)
    for column, value in where:
        if column not in rows.column_names:
            raise UsageError(f"--where {column}=…: register {roll.name} has no such column")
        equal = pc.fill_null(pc.equal(as_text(rows.column(column)), value), False)
        mask &= np.asarray(equal.to_numpy(zero_copy_only=False), bool)
    return mask
