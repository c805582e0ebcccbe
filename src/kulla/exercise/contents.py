"""What a register held at any time, so that statements can be given the rows they had.

Made from the versions of the exercise's registers. Memory is about 60 bytes a version: meant for exercises up to some
300,000 persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kulla.errors import InputError
from kulla.exercise import columns, draw
from kulla.exercise.acts import FAMILY, KEY_PAGE, LIST, LOOK_UP, PAGE, PAGE_ROWS, SAMPLE
from kulla.exercise.frame import Frame
from kulla.exercise.shelves import Shelves
from kulla.exercise.workdays import ZONE
from kulla.registers import nationalid
from kulla.registers.schema import VALID_FROM, VALID_TO

Ints = NDArray[np.int64]
_FOREVER = np.iinfo(np.int64).max


class Contents:
    """The versions of one register by person, employer and municipality, in the order of (nid, employer_id)."""

    def __init__(self, register: str, versions: pa.Table, frame: Frame, shelves: Shelves, seed: int) -> None:
        self.register, self._shelves, self._seed = register, shelves, seed
        self.frame = frame
        self.nids: list[str] = columns.ids(frame.born, frame.is_woman, frame.serial).to_pylist()
        monthly = "period" in versions.column_names
        order = [("nid", "ascending"), *([("employer_id", "ascending")] if monthly else [])]
        rows = versions.take(pc.sort_indices(versions, sort_keys=order))
        self._person = _codes(rows["nid"], self.nids)
        self._place = _codes(rows["municipality"], frame.municipalities)
        self._employer = _codes(rows["employer_id"], frame.employer_ids) if monthly else np.full(len(rows), -1)
        self._periods = sorted(pc.unique(rows["period"]).to_pylist()) if monthly else []
        self._period = _codes(rows["period"], self._periods) if monthly else np.zeros(len(rows), dtype=np.int64)
        self._since = rows[VALID_FROM].cast(pa.int64()).to_numpy()
        self._until = pc.fill_null(rows[VALID_TO].cast(pa.int64()), _FOREVER).to_numpy()
        self._of_person = _index(self._person, frame.persons)
        self._of_place = _index(self._place, len(frame.municipalities))
        self._of_employer = _index(self._employer, len(frame.employers))

    def rows(self, shape: int, target: int, extra: int, time: int, monthly: bool) -> Ints:
        """The rows, by place in the order, that a statement of that shape gives at that time.

        monthly: whether it asks for one period, the one `period_at` names.
        """
        found = self._candidates(shape, target, extra)
        holds = (self._since[found] <= time) & (time < self._until[found])
        found = found[holds]
        if monthly and self._periods:
            found = found[self._period[found] == self._code_of(period_at(time))]
        low, high = {PAGE: (extra * PAGE_ROWS, (extra + 1) * PAGE_ROWS), KEY_PAGE: (0, extra)}.get(
            shape, (0, found.size)
        )
        shown: Ints = found[low:high]
        return shown

    def persons(self, rows: Ints) -> Ints:
        """The persons of these rows, each once."""
        return np.unique(self._person[rows])

    def groups(self, rows: Ints, by: str) -> int:
        """How many groups an aggregate over these rows has, by municipality or period."""
        return np.unique((self._place if by.startswith("municipality") else self._period)[rows]).size

    def asked(self, shape: int, target: int, extra: int) -> list[int]:
        """The persons whom a look-up, family or sample names; -1 for one who does not exist."""
        if shape == LOOK_UP:
            return [target]
        if shape == FAMILY:
            return [int(each) for each in self._shelves.family_of(target)]
        assert shape == SAMPLE
        lot = draw.below(self._seed, "sample", target * 4096 + np.arange(extra), self._shelves.by_id.size)
        return [int(each) for each in np.unique(self._shelves.by_id[lot])]

    def nid(self, person: int, salt: int = 0) -> str:
        """The person's id; for -1 one of somebody born before 1920, which no person of the exercise has."""
        if person >= 0:
            return self.nids[person]
        return nationalid.made(date(1900 + salt % 19, 1 + salt % 12, 1 + salt % 28), salt % 2 == 0, salt % 1000)

    def before(self, target: int) -> str:
        """The id after which a key page from place `target` of the country's order begins; empty for the first."""
        return self.nids[int(self._shelves.by_rank[target - 1])] if target > 0 else ""

    def last_nid(self) -> str:
        """The highest id of the register."""
        return self.nids[int(self._shelves.by_rank[-1])]

    def _candidates(self, shape: int, target: int, extra: int) -> Ints:
        if shape in (LOOK_UP, FAMILY, SAMPLE):
            persons = [each for each in self.asked(shape, target, extra) if each >= 0]
            parts = [_slice(self._of_person, each) for each in persons]
            return np.sort(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)
        if shape == LIST:
            return _slice(self._of_employer, target)
        if shape == KEY_PAGE:
            nid = self.before(target)
            first = int(np.searchsorted(self._ordered, nid, side="right")) if nid else 0
            return np.arange(first, self._person.size)
        return np.arange(self._person.size) if target < 0 else _slice(self._of_place, target)

    @property
    def _ordered(self) -> NDArray[np.str_]:
        if not hasattr(self, "_nids_in_order"):
            self._nids_in_order = np.array(self.nids)[self._person]
        return self._nids_in_order

    def _code_of(self, period: str) -> int:
        return self._periods.index(period) if period in self._periods else -1


def period_at(time: int) -> str:
    """The period that screens ask for: the month before last, which all employers have declared."""
    local = datetime.fromtimestamp(time / 1e6, tz=UTC).astimezone(ZONE)
    months = local.year * 12 + local.month - 3
    return f"{months // 12}-{months % 12 + 1:02}"


def contents_of(register: str, history: Path, frame: Frame, shelves: Shelves, seed: int) -> Contents:
    """The contents of a register from its files of versions. Raises InputError when there are none."""
    files = sorted(history.glob("versions-*.parquet"))
    if not files:
        raise InputError(f"{history}: no versions of {register} here; make the exercise's registers first")
    names = ["nid", "municipality", *(["employer_id", "period"] if register == "payroll" else []), VALID_FROM, VALID_TO]
    return Contents(register, pa.concat_tables(pq.read_table(f, columns=names) for f in files), frame, shelves, seed)


def _codes(column: pa.ChunkedArray, names: Sequence[str]) -> Ints:
    text = column.cast(pa.string()).combine_chunks()
    found = pc.index_in(text, pa.array(names, pa.string()))
    codes: Ints = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return codes


def _index(codes: Ints, size: int) -> tuple[Ints, Ints]:
    order = np.argsort(codes, kind="stable")
    return order, np.searchsorted(codes[order], np.arange(size + 1))


def _slice(index: tuple[Ints, Ints], code: int) -> Ints:
    order, start = index
    return order[start[code] : start[code + 1]]
