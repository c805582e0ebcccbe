"""READ tables put together from what was found of accesses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.replay.indexes import Flags, Ints
from kulla.registers.replay.remit import Remits
from kulla.registers.schema import LABEL, READ, TIME

Grades = Callable[[pa.Array, pa.Array], pa.Array]
"""(file_sha256, line_from) of reads → how each was sealed."""

_TOLD = ("account", "session", "end_user", "end_user_grade", "client", "application", "outcome", "kind", "file_sha256",
         "line_from", "line_to", "line_hash")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """What reads tell beside their records.

    Attributes:
        window: the interval of the state that each access saw, µs.
        remits: of accounts; None when none are known. For each register.
        grades: how lines were sealed; None: never.
    """

    window: Callable[[pa.Table], tuple[Ints, Ints]]
    remits: dict[str, Remits]
    grades: Grades | None = None


@dataclass(slots=True)
class Found:
    """What was found of n accesses on one register. at: which accesses; columns: None when unknown."""

    at: Ints
    register: str
    template_id: bytes
    columns: tuple[str, ...] | None
    extent: npt.NDArray[Any]
    record: npt.NDArray[np.uint32]
    records: npt.NDArray[Any]

    @staticmethod
    def unknown(at: Ints, register: str, template_id: bytes) -> Found:
        """Accesses of which nothing is known."""
        count = len(at)
        nothing = np.full(count, None, object)
        return Found(at, register, template_id, None, np.full(count, "unknown"), np.zeros(count, np.uint32), nothing)

    @property
    def known(self) -> Flags:
        """Where records are told."""
        return np.asarray(self.extent != "unknown", np.bool_)


def reads_of(accesses: pa.Table, found: Sequence[Found], start: Ints, stop: Ints, context: Context) -> pa.Table:
    """READ, in the accesses' order; of one access over several registers, by register."""
    tables = [_table(accesses, each, start, stop, context) for each in found if len(each.at)]
    if not tables:
        return READ.empty_table()
    at = np.concatenate([each.at for each in found if len(each.at)])
    whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    registers = whole.column("register").combine_chunks()
    names = np.array(registers.dictionary.to_pylist())[np.asarray(registers.indices)]
    return whole.take(pa.array(np.lexsort((names, at))))


def _table(accesses: pa.Table, found: Found, start: Ints, stop: Ints, context: Context) -> pa.Table:
    taken = accesses.select([*_TOLD, "rows", "case_ref", "time"]).take(pa.array(found.at)).combine_chunks()
    told = {name: taken.column(name).combine_chunks() for name in _TOLD}
    count = len(found.at)
    times = np.asarray(taken.column("time").combine_chunks().cast(pa.int64()), np.int64)
    single = found.record > 0
    ok = np.asarray(pc.equal(told["outcome"].cast(pa.string()), "ok").fill_null(False))
    rows = taken.column("rows").combine_chunks()
    columns = {
        **told,
        "read_id": read_ids(told["file_sha256"], told["line_from"], told["line_hash"]),
        "register": _same(found.register, count),
        "snapshot_from": pa.array(start[found.at]).cast(TIME),
        "snapshot_to": pa.array(stop[found.at]).cast(TIME),
        "template_id": pa.repeat(pa.scalar(found.template_id, pa.binary(16)), count),
        "columns": _columns(found.columns, count),
        "extent": pa.array(found.extent, pa.string()).dictionary_encode().cast(LABEL),
        "rows": pc.if_else(pa.array(ok), rows, pa.scalar(None, pa.int64())),
        "record": pa.array(found.record, mask=~single),
        "records": pa.array(_where_many(found, single), pa.large_binary()),
        "case_given": taken.column("case_ref").combine_chunks().is_valid(),
        "outside_remit": _outside(told["account"], times, found, context),
        "sealed": _sealed(told, count, context),
    }
    return pa.table([columns[name].cast(READ.field(name).type) for name in READ.names], schema=READ)


def read_ids(files: pa.Array, lines: pa.Array, hashes: pa.Array) -> pa.Array:
    """BLAKE2b-16 over the file's SHA-256 (its text), the line's number (8 bytes, big endian) and its hash."""
    names = [(name or "").encode() for name in files.dictionary.to_pylist()] + [b""]
    code = np.asarray(files.indices.fill_null(len(names) - 1), np.int64)
    number = np.asarray(lines.fill_null(0), ">i8").tobytes()
    sums = hashes.to_pylist()
    made = [
        blake2b(b"".join((names[file], number[8 * place : 8 * place + 8], sums[place] or b"")), digest_size=16).digest()
        for place, file in enumerate(code.tolist())
    ]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(made), [None, pa.py_buffer(b"".join(made))])


def _where_many(found: Found, single: Flags) -> npt.NDArray[Any]:
    records = found.records.copy()
    records[single | ~found.known] = None
    return records


def _same(name: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([name]))


def _columns(names: tuple[str, ...] | None, count: int) -> pa.Array:
    kind = pa.list_(pa.string())
    if names is None:
        return pa.nulls(count, kind)
    offsets = np.arange(count + 1, dtype=np.int32) * len(names)
    place = pa.array(np.tile(np.arange(len(names), dtype=np.int32), count))
    return pa.ListArray.from_arrays(pa.array(offsets), pc.take(pa.array(names, pa.string()), place))


def _outside(accounts: pa.Array, times: Ints, found: Found, context: Context) -> pa.Array:
    remits = context.remits.get(found.register)
    if remits is None:
        return pa.nulls(len(times), pa.int32())
    return remits.outside(accounts, times, found.record, found.records, found.known)


def _sealed(told: dict[str, pa.Array], count: int, context: Context) -> pa.Array:
    if context.grades is None:
        return _same("never", count)
    return context.grades(told["file_sha256"], told["line_from"]).cast(LABEL)
