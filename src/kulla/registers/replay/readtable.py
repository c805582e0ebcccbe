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
    some = [each for each in found if len(each.at)]
    if not some:
        return READ.empty_table()
    at = np.concatenate([each.at for each in some])
    group = np.repeat(np.arange(len(some)), [len(each.at) for each in some])
    names = np.array([each.register for each in some])[group]
    order = np.lexsort((names, at)) if len(set(names.tolist())) > 1 else np.argsort(at, kind="stable")
    own = pa.table({
        "extent": pa.array(np.concatenate([each.extent for each in some]), pa.string()),
        "record": pa.concat_arrays([pa.array(each.record, mask=each.record == 0) for each in some]),
        "records": pa.concat_arrays([pa.array(_where_many(each), pa.large_binary()) for each in some]),
        "outside_remit": pa.concat_arrays([_outside(accesses, each, context) for each in some]),
    }).take(pa.array(order)).combine_chunks()  # fmt: skip
    own_columns = {name: own.column(name).combine_chunks() for name in own.column_names}
    of_group = {
        "register": pa.array([each.register for each in some]).dictionary_encode(),
        "template_id": pa.array([each.template_id for each in some], pa.binary(16)),
        "columns": pa.array([each.columns for each in some], pa.list_(pa.string())),
    }
    place = pa.array(group[order])
    told = _told(accesses, at[order], start, stop, context)
    columns = told | own_columns | {name: values.take(place) for name, values in of_group.items()}
    columns["extent"] = own_columns["extent"].dictionary_encode()
    return pa.table([columns[name].cast(READ.field(name).type) for name in READ.names], schema=READ)


def _told(accesses: pa.Table, at: Ints, start: Ints, stop: Ints, context: Context) -> dict[str, pa.Array]:
    """The columns that the accesses themselves tell."""
    taken = accesses.select([*_TOLD, "rows", "case_ref"])
    if len(at) != len(accesses) or (at[1:] <= at[:-1]).any():
        taken = taken.take(pa.array(at))
    columns = {name: taken.column(name).combine_chunks() for name in taken.column_names}
    ok = np.asarray(pc.equal(columns["outcome"].cast(pa.string()), "ok").fill_null(False))
    return columns | {
        "read_id": read_ids(columns["file_sha256"], columns["line_from"], columns["line_hash"]),
        "snapshot_from": pa.array(start[at]).cast(TIME),
        "snapshot_to": pa.array(stop[at]).cast(TIME),
        "rows": pc.if_else(pa.array(ok), columns["rows"], pa.scalar(None, pa.int64())),
        "case_given": columns["case_ref"].is_valid(),
        "sealed": _sealed(columns, len(at), context),
    }


def read_ids(files: pa.Array, lines: pa.Array, hashes: pa.Array) -> pa.Array:
    """BLAKE2b-16 over the file's SHA-256 (its text), the line's number (8 bytes, big endian) and its hash."""
    names = [(name or "").encode() for name in files.dictionary.to_pylist()] + [b""]
    code = np.asarray(files.indices.fill_null(len(names) - 1), np.int64)
    number = np.asarray(lines.fill_null(0), ">i8")
    width = len(names[0])
    if hashes.null_count or files.null_count or {len(name) for name in names[:-1]} != {width}:
        sums = hashes.to_pylist()
        texts = number.tobytes()
        parts = (
            b"".join((names[file], texts[8 * place : 8 * place + 8], sums[place] or b""))
            for place, file in enumerate(code.tolist())
        )
    else:  # all alike: one table of bytes, 2 × faster
        table = np.empty((len(code), width + 24), np.uint8)
        table[:, :width] = np.frombuffer(b"".join(names), np.uint8).reshape(-1, width)[code]
        table[:, width : width + 8] = number.view(np.uint8).reshape(-1, 8)
        table[:, width + 8 :] = np.frombuffer(hashes.buffers()[1], np.uint8)[16 * hashes.offset :][
            : 16 * len(code)
        ].reshape(-1, 16)
        data = table.tobytes()
        parts = (data[place : place + width + 24] for place in range(0, len(data), width + 24))
    made = b"".join([blake2b(part, digest_size=16).digest() for part in parts])
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(code), [None, pa.py_buffer(made)])


def _where_many(found: Found) -> npt.NDArray[Any]:
    records = found.records.copy()
    records[(found.record > 0) | ~found.known] = None
    return records


def _same(name: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([name]))


def _outside(accesses: pa.Table, found: Found, context: Context) -> pa.Array:
    remits = context.remits.get(found.register)
    if remits is None:
        return pa.nulls(len(found.at), pa.int32())
    taken = accesses.select(["account", "time"]).take(pa.array(found.at))
    times = np.asarray(taken.column("time").combine_chunks().cast(pa.int64()), np.int64)
    return remits.outside(taken.column("account").combine_chunks(), times, found.record, found.records, found.known)


def _sealed(told: dict[str, pa.Array], count: int, context: Context) -> pa.Array:
    if context.grades is None:
        return _same("never", count)
    return context.grades(told["file_sha256"], told["line_from"]).cast(LABEL)
