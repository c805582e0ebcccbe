"""Versions of a register to its imprint: normalise, tokens, cells and blocks. Pure, a chunk of rows at a time.

Blocks are keys by which a row without its id is linked. Each is made of two quasi-identifiers: the person's name
(the first full-name column, or the first given and the first family name together, as one sorted set of words) and one
other column, in the order of `BLOCK_MEANINGS`: birth date, phone, e-mail, plate, employer's id and name (a leaked list
has one or the other), address, municipality, money. A block key is the same for all persons of that name and value:
were it bound to a record, it could not find one. So it tells how many persons share a name and a value, but not which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.imprintformat import (
    BLOCK,
    CELL,
    FROM,
    KNOWN_FROM,
    KNOWN_TO,
    RECORD_NO,
    ImprintInfo,
    imprint_schema,
)  # fmt: skip
from kulla.registers.keys import CentreKey, OwnerKeys
from kulla.registers.manifest import Manifest, Meaning
from kulla.registers.normalise import NORMALISER_VERSION, SEPARATOR, as_text, normalise
from kulla.registers.records import NONE, Numbers
from kulla.registers.schema import VALID_FROM, VALID_TO
from kulla.registers.tokens import Blocks, Domain, blocks, cells, fixed, gather, outer, tokens, unfixed

Missing = npt.NDArray[np.bool_]

NAME: Final = "name"
"""The first half of every block: the person's name."""

BLOCK_MEANINGS: Final[tuple[tuple[Meaning, ...], ...]] = (
    ("birth_date",), ("phone",), ("email",), ("plate",), ("employer_id",), ("employer",), ("address",),
    ("municipality",), ("money",),
)  # fmt: skip
"""What names are paired with; of alternatives the first that a register has."""

_LOOK = 8192
_NAME_DOMAIN = SEPARATOR + NAME  # no column of a register is called that


@dataclass(frozen=True, slots=True)
class Plan:
    """How one register is imprinted: what the imprint will say of itself, and the meaning of each column it reads."""

    info: ImprintInfo
    meanings: Mapping[str, Meaning]
    names: tuple[str, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """The register's columns that are needed."""
        return tuple(self.meanings)


def plan(manifest: Manifest, key_id: str, epoch: int, reconstructed: bool = False, part: int = 1) -> Plan:
    """The plan for a manifest. Columns of the record and entry keys are always imprinted: they tell versions apart."""
    always = {*manifest.record, *manifest.entry}
    chosen = [c for c in manifest.columns if c.imprint or c.name in always]
    names = _names(manifest)
    pairs = _pairs(manifest) if names else ()
    info = ImprintInfo(
        manifest.name, key_id, epoch, NORMALISER_VERSION, tuple(c.name for c in chosen), pairs, manifest.record,
        part, reconstructed,
    )  # fmt: skip
    needed = {*info.columns, *names, *(second for _, second in pairs)}
    return Plan(info, {c.name: c.meaning for c in manifest.columns if c.name in needed}, names)


def imprinted(rows: pa.Table, numbers: Numbers, plan: Plan, keys: OwnerKeys) -> pa.Table:
    """The imprint of a chunk of versions.

    `rows` has the register's columns and VERSION_TIMES; `numbers` the record number of each row. Rows without a record
    number are left out.
    """
    if not (numbers != NONE).all():
        rows, numbers = rows.filter(pa.array(numbers != NONE)), numbers[numbers != NONE]
    info = plan.info
    columns = {name: _encoded(rows.column(name), name, plan, keys) for name in plan.reads}
    record = _record(columns, plan, keys)
    of_record = record.tokens
    made: list[pa.Array] = [pa.array(numbers, pa.uint32()), rows.column(VALID_FROM), rows.column(VALID_TO)]
    if info.reconstructed:
        made += [rows.column(KNOWN_FROM), rows.column(KNOWN_TO)]
    for name in info.columns:
        column = columns[name]
        made.append(fixed(cells(keys, _domain(info, name), of_record, column.tokens), column.missing | record.missing))
    if info.blocks:
        person = _person(columns, plan, keys)
        first, missing = person.tokens, person.missing
        for pair in info.blocks:
            other = columns[pair[1]]
            key = blocks(keys, _domain(info, SEPARATOR.join(pair)), first, other.tokens)
            made.append(fixed(key, missing | other.missing))
    return pa.Table.from_arrays(made, schema=imprint_schema(info))


def record_tokens(keys: OwnerKeys, plan: Plan, parts: Mapping[str, pa.Array]) -> tuple[Blocks, Missing]:
    """Tokens of record keys, from the values of the plan's record columns, and which rows have none (zeros).

    For whoever must find a known person: watched persons, a trace, a citizen's question.
    """
    columns = {name: _encoded(parts[name], name, plan, keys) for name in plan.info.record}
    found = _record(columns, plan, keys)
    return found.tokens, found.missing


def as_outer_table(inner: pa.Table, info: ImprintInfo, key: CentreKey) -> pa.Table:
    """An inner imprint's rows after the centre's step; `info` as `imprintformat.as_outer` made it."""
    hashed = set(info.hashed)
    made = []
    for name in inner.column_names:
        column = inner.column(name).combine_chunks()
        column = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
        missing = pc.is_null(column).to_numpy(zero_copy_only=False)
        made.append(fixed(outer(unfixed(column), key), missing) if name in hashed else column)
    return pa.Table.from_arrays(made, schema=imprint_schema(info))


RowKeys = npt.NDArray[np.void]


def row_keys(part: pa.Table) -> RowKeys:
    """16 bytes for each row that tell it from all others but in its end: record, start and cells.

    A sum of odd multiples of words that are pseudo-random already; equal only by chance of 2^-64 and less.
    """
    low = part.column(RECORD_NO).to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    high = part.column(FROM).cast(pa.int64()).to_numpy().view(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    for position, name in enumerate(n for n in part.column_names if n.startswith(CELL)):
        for chunk_at, chunk in _chunks(part.column(name)):
            words = np.where(pc.is_valid(chunk).to_numpy(zero_copy_only=False)[:, None], _words(chunk), 0)
            factor = np.uint64(2 * position + 3)
            low[chunk_at : chunk_at + len(chunk)] += words[:, 0] * factor
            high[chunk_at : chunk_at + len(chunk)] += words[:, 1] * factor
    return np.column_stack([low, high]).view("V16")[:, 0]


def later_wins(keys: RowKeys) -> npt.NDArray[np.bool_]:
    """Which rows hold, given the `row_keys` of all parts in order: of equal ones the last."""
    words = keys.view(np.uint64).reshape(-1, 2)
    halves = np.sort(words[:, 0])
    if not (halves[1:] == halves[:-1]).any():
        return np.ones(len(keys), bool)  # the common case, for a tenth of the cost
    order = np.lexsort((words[:, 1], words[:, 0]))
    ordered = words[order]
    keep = np.ones(len(keys), bool)
    keep[order[:-1]] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return keep


def block_columns(info: ImprintInfo) -> dict[str, tuple[str, str]]:
    """Block column → what it is made of."""
    return {f"{BLOCK}{n}": pair for n, pair in enumerate(info.blocks)}


@dataclass(frozen=True, slots=True)
class _Encoded:
    """A column of a chunk: the token of each row (zeros where there is none), which have none, and the normal forms."""

    tokens: Blocks
    missing: Missing
    values: pa.Array


def _tokened(values: pa.Array, plan: Plan, column: str, keys: OwnerKeys) -> tuple[Blocks, Missing]:
    made = tokens(keys, _domain(plan.info, column), pc.fill_null(values, ""))
    missing = pc.is_null(values).to_numpy(zero_copy_only=False)
    if missing.any():
        made[missing] = 0
    return made, missing


def _each_once(
    texts: pa.Array, form: Callable[[pa.Array], pa.Array], plan: Plan, column: str, keys: OwnerKeys
) -> _Encoded:
    """Normal forms and tokens of texts, made once for each distinct text where many repeat."""
    if _mostly_distinct(texts):
        values = form(texts)
        return _Encoded(*_tokened(values, plan, column, keys), values)
    raw = texts.dictionary_encode()
    normal = form(raw.dictionary)
    made, blank = _tokened(normal, plan, column, keys)
    # One more token, zeros, for rows without a text. Texts of one normal form each get its token anew: that is cheaper
    # than finding them.
    codes = pc.fill_null(raw.indices, len(made)).to_numpy(zero_copy_only=False)
    whole = np.concatenate([made, np.zeros((1, 16), np.uint8)])
    values = pa.DictionaryArray.from_arrays(raw.indices, normal)
    return _Encoded(gather(whole, codes), np.append(blank, True)[codes], values)


def _mostly_distinct(texts: pa.Array) -> bool:
    """Whether finding the distinct texts would cost more (90 ns a row) than it saves."""
    some = texts.slice(len(texts) // 2, _LOOK)
    return bool(pc.count_distinct(some).as_py() > 0.7 * len(some))


def _encoded(column: pa.ChunkedArray, name: str, plan: Plan, keys: OwnerKeys) -> _Encoded:
    meaning = plan.meanings[name]
    return _each_once(as_text(column), lambda texts: normalise(texts, meaning), plan, name, keys)


def _record(columns: Mapping[str, _Encoded], plan: Plan, keys: OwnerKeys) -> _Encoded:
    record = plan.info.record
    if len(record) == 1:
        return columns[record[0]]
    return _joined([columns[name] for name in record], SEPARATOR.join(record), plan, keys, None)


def _person(columns: Mapping[str, _Encoded], plan: Plan, keys: OwnerKeys) -> _Encoded:
    return _joined([columns[name] for name in plan.names], _NAME_DOMAIN, plan, keys, "name")


def _joined(
    parts: list[_Encoded], domain: str, plan: Plan, keys: OwnerKeys, meaning: Meaning | None
) -> _Encoded:  # fmt: skip
    """One value of several columns: as a key (all must be there), or normalised as `meaning` (a name)."""
    separator = SEPARATOR if meaning is None else " "
    texts = [as_text(part.values) for part in parts]
    joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, separator)
    whole = meaning is None or len(parts) == 1  # parts are in normal form already
    return _each_once(joined, lambda each: each if whole else normalise(each, meaning or "other"), plan, domain, keys)


def _domain(info: ImprintInfo, column: str) -> Domain:
    return Domain(info.register, info.epoch, column)


def _names(manifest: Manifest) -> tuple[str, ...]:
    def first(meaning: Meaning) -> tuple[str, ...]:
        return tuple(c.name for c in manifest.imprinted if c.meaning == meaning)[:1]

    return first("name") or (first("given_name") + first("family_name"))


def _pairs(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for alternatives in BLOCK_MEANINGS:
        found = [c.name for meaning in alternatives for c in manifest.imprinted if c.meaning == meaning]
        pairs += [(NAME, name) for name in found[:1]]
    return tuple(pairs)


def _chunks(column: pa.ChunkedArray) -> list[tuple[int, pa.Array]]:
    starts = np.cumsum([0, *(len(chunk) for chunk in column.chunks)])
    return [(int(start), chunk) for start, chunk in zip(starts, column.chunks, strict=False)]


def _words(chunk: pa.Array) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(unfixed(chunk)).view(np.uint64).reshape(-1, 2)
