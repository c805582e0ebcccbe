"""Columns of an imprint's parts, read a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.registers.desk.imprintparts import Part
from kulla.registers.imprint import later_wins, row_keys
from kulla.registers.tokens import SIZE, Blocks, unfixed

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class PartColumns:
    """The columns of all parts of an imprint, one after the other.

    where: for each version its row in the parts; empty when they lie in the versions' order.
    """

    def __init__(self, parts: tuple[Part, ...], where: Ints) -> None:
        self._parts, self._where = parts, where
        self._groups: list[tuple[Part, int, int, int]] = []
        at = 0
        for part in parts:
            described = pq.read_metadata(part.path)
            for number in range(described.num_row_groups):
                rows = described.row_group(number).num_rows
                self._groups.append((part, number, at, at + rows))
                at += rows

    @property
    def reconstructed(self) -> bool:
        """Whether some part has known_ times."""
        return any(part.info.reconstructed for part in self._parts)

    def numbers(self, name: str, missing: int = 0) -> Ints:
        """A whole column of numbers or times as int64, `missing` where it is null."""
        tables = [pq.read_table(part.path, columns=[name]) for part in self._parts]
        column = pa.concat_tables(tables).column(0)
        whole = column.cast(pa.int64())
        return np.asarray(pc.fill_null(whole, missing).to_numpy(), np.int64)

    def bounds(self, name: str, missing: int) -> Ints:
        """A known_ time of the versions in their order, `missing` where it is null or a part has none."""
        made = [np.full(part.rows, missing, np.int64) for part in self._parts]
        for at, part in enumerate(self._parts):
            if part.info.reconstructed:
                column = pq.read_table(part.path, columns=[name]).column(0).cast(pa.int64())
                made[at] = np.asarray(pc.fill_null(column, missing).to_numpy(), np.int64)
        whole = np.concatenate(made)
        return whole[self._where] if len(self._where) else whole

    def hashes(self, name: str, versions: Ints) -> tuple[Blocks, Mask]:
        """The hashes of ascending versions, zeros where missing, and which are missing."""
        rows = self._where[versions] if len(self._where) else versions
        ascending = bool((rows[1:] >= rows[:-1]).all())
        order = np.empty(0, np.int64) if ascending else np.argsort(rows, kind="stable")
        wanted = rows if ascending else rows[order]
        made, missing = np.zeros((len(rows), SIZE), np.uint8), np.zeros(len(rows), bool)
        for begin, end, chunk, first in self._read(name, wanted):
            at = wanted[begin:end] - first
            there = slice(begin, end) if ascending else order[begin:end]
            blank = pc.is_null(chunk).to_numpy(zero_copy_only=False)[at]
            # One item of 16 bytes a row: indexing rows of a matrix takes five times as long.
            taken = np.ascontiguousarray(unfixed(chunk)).view("V16")[:, 0][at].view(np.uint8).reshape(-1, SIZE)
            if blank.any():
                taken[blank] = 0
            made[there], missing[there] = taken, blank
        return made, missing

    def held(self, record: npt.NDArray[np.uint32], first: Ints) -> Mask:
        """Which rows hold: of rows equal but in their end, the last part's. Rows that stand alone are not read."""
        order = np.lexsort((first, record))
        same = np.zeros(len(order) + 1, bool)
        same[1:-1] = (record[order[1:]] == record[order[:-1]]) & (first[order[1:]] == first[order[:-1]])
        doubtful = np.sort(order[same[1:] | same[:-1]])
        keep = np.ones(len(record), bool)
        keys = []
        for part, number, begin, end in self._groups:
            here = doubtful[np.searchsorted(doubtful, begin) : np.searchsorted(doubtful, end)]
            if len(here):
                with pq.ParquetFile(part.path) as file:
                    keys.append(row_keys(file.read_row_group(number).take(pa.array(here - begin))))
        if keys:
            keep[doubtful] = later_wins(np.concatenate(keys))
        return keep

    def _read(self, name: str, rows: Ints) -> Iterator[tuple[int, int, pa.Array, int]]:
        """Of each row group that has some of the ascending rows: which these are, its column, and its first row."""
        open_part: Part | None = None
        file: pq.ParquetFile | None = None
        try:
            for part, number, first, after in self._groups:
                begin, end = (int(at) for at in np.searchsorted(rows, (first, after)))
                if begin == end:
                    continue
                if part is not open_part:
                    if file is not None:
                        file.close()
                    open_part, file = part, pq.ParquetFile(part.path, memory_map=True)
                assert file is not None
                column = file.read_row_group(number, columns=[name], use_threads=False).column(0).combine_chunks()
                yield begin, end, column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks), first
        except (pa.ArrowException, OSError) as error:
            place = open_part.path if open_part else "imprint"
            raise InputError(f"{place}: the imprint's part cannot be read ({type(error).__name__})") from None
        finally:
            if file is not None:
                file.close()
