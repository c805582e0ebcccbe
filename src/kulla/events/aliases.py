"""Fields under the names rules use: an `Alias` applied to columns of many events, or to one event.

Both ways go through `transform`, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.fields import Fields, Rows, Values
from kulla.events.logsource import Alias
from kulla.events.text import fold, fold_array

Mask = npt.NDArray[np.bool_]


def transform(texts: pa.LargeStringArray, alias: Alias) -> pa.LargeStringArray:
    """Extract, replace prefixes and translate, as the alias says. Null where nothing was extracted."""
    if not (alias.extract or alias.prefixes or alias.values):
        return texts
    coded = texts.dictionary_encode()
    distinct = coded.dictionary
    if alias.extract:
        distinct = pc.struct_field(pc.extract_regex(distinct, alias.extract), "value")
    if alias.prefixes:
        distinct = _prefixed(distinct, alias.prefixes)
    if alias.values:
        known = {fold(old): new for old, new in alias.values.items()}
        at = pc.index_in(fold_array(distinct), pa.array(list(known), pa.large_string()))
        distinct = pc.coalesce(pa.array(list(known.values()), pa.large_string()).take(at), distinct)
    return distinct.take(coded.indices)


def _prefixed(texts: pa.LargeStringArray, prefixes: Mapping[str, str]) -> pa.LargeStringArray:
    result, folded = texts, fold_array(texts)
    todo = pc.fill_null(pc.is_valid(texts), False)
    for old, new in prefixes.items():
        has = pc.and_(todo, pc.fill_null(pc.starts_with(folded, fold(old)), False))
        rest = pc.utf8_slice_codeunits(texts, len(old))
        result = pc.if_else(has, pc.binary_join_element_wise(pa.scalar(new, pa.large_string()), rest, _EMPTY), result)
        todo = pc.and_not(todo, has)
    return result


_EMPTY = pa.scalar("", pa.large_string())


def one(event: Mapping[str, Sequence[str]], alias: Alias) -> list[str]:
    """The alias's values in one event; empty when it has none."""
    return several([event], alias)[0]


def several(events: Sequence[Mapping[str, Sequence[str]]], alias: Alias) -> list[list[str]]:
    """The alias's values in each of some events, transformed in one go: an Arrow call for each of 100,000 hits took
    minutes."""
    found = [_sources(event, alias) for event in events]
    texts = [text for each in found for text in each]
    if not texts:
        return found
    changed = iter(transform(pa.array(texts, pa.large_string()), alias).to_pylist())
    return [[text for _ in each if (text := next(changed)) is not None] for each in found]


def _sources(event: Mapping[str, Sequence[str]], alias: Alias) -> list[str]:
    if alias.join is None:
        return next((list(event[name]) for name in alias.sources if event.get(name)), [])
    found = [text for name in alias.sources for text in event.get(name, ())]
    return [alias.join.join(found)] if found else []


def many(fields: Fields, alias: Alias, wanted: Mask) -> Values | None:
    """The alias's values in the events that `wanted` marks; None when none of them has one."""
    found = _first(fields, alias.sources, wanted) if alias.join is None else _joined(fields, alias, wanted)
    if found is None or not len(found.rows):
        return None
    texts = transform(found.text, alias)
    if texts.null_count:
        keep = texts.is_valid()
        found = Values(found.rows[np.asarray(keep)], texts.filter(keep))
        return found if len(found.rows) else None
    return Values(found.rows, texts)


def _first(fields: Fields, sources: Sequence[str], wanted: Mask) -> Values | None:
    parts: list[Values] = []
    left = wanted.copy()
    for name in sources:
        part = _within(fields.column(name), left)
        if part is not None:
            parts.append(part)
            left[part.rows] = False
            if not left.any():
                break
    return merge(parts)


def _joined(fields: Fields, alias: Alias, wanted: Mask) -> Values | None:
    parts = [part for name in alias.sources if (part := _within(fields.column(name), wanted)) is not None]
    merged = merge(parts)
    if merged is None:
        return None
    starts = np.flatnonzero(np.diff(merged.rows, prepend=-1))
    offsets = pa.array(np.append(starts, len(merged.rows)), pa.int32())
    lists = pa.ListArray.from_arrays(offsets, merged.text)
    return Values(merged.rows[starts], pc.binary_join(lists, pa.scalar(alias.join, pa.large_string())))


def _within(values: Values | None, wanted: Mask) -> Values | None:
    if values is None:
        return None
    keep = wanted[values.rows]
    if keep.all():
        return Values(values.rows, large(values.text)) if len(values.rows) else None
    if not keep.any():
        return None
    return Values(values.rows[keep], large(values.text.filter(pa.array(keep))))


def merge(parts: Iterable[Values]) -> Values | None:
    """Several columns as one, by ascending row; within a row in the order of the parts. None of none."""
    parts = list(parts)
    if len(parts) <= 1:
        return parts[0] if parts else None
    rows: Rows = np.concatenate([part.rows for part in parts])
    text = pa.concat_arrays([large(part.text) for part in parts])
    order = np.argsort(rows, kind="stable")
    return Values(rows[order], text.take(pa.array(order)))


def large(text: pa.Array) -> pa.LargeStringArray:
    """The text as a large_string array, whatever string type it came in."""
    return text if text.type == pa.large_string() else text.cast(pa.large_string())
