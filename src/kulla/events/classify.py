"""Finds each event's logsource: the table of `events.table` applied to a run of events at once.

An event is looked up by (channel, provider, event code), once for each combination that occurs; field conditions
are asked only of the rows whose combination leaves such an entry in question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.aliases import Mask, large
from kulla.events.fields import Fields
from kulla.events.logsource import Alias, Logsource, feeds
from kulla.events.table import Entry, FieldTest, LogsourceTable, SourceOptions, path_matches
from kulla.events.text import fold, fold_array

Codes = npt.NDArray[np.int64]
_OTHERWISE = Entry(Logsource())


@dataclass(slots=True)
class Labels:
    """The labels by which events are looked up, one array each of the events' number; null where unknown."""

    host: pa.Array
    provider: pa.Array
    channel: pa.Array
    event_code: pa.Array


@dataclass(slots=True)
class Seen:
    """A run of events to classify. `format` None: read back from a store, when any entry's formats will do and
    `triples` (a triple's number for each event, and the triples) says what was found then."""

    fields: Fields
    labels: Labels
    format: str | None
    path: str
    stored: tuple[Codes, Sequence[Logsource]] | None = None
    asked: dict[str, None] = field(default_factory=dict)
    """The fields looked at, in order."""
    _masks: dict[FieldTest, Mask] = field(default_factory=dict)

    def ask(self, names: Iterable[str]) -> None:
        """Note that these fields are looked at."""
        self.asked.update(dict.fromkeys(names))

    def holds(self, test: FieldTest) -> Mask:
        """The rows where a field test holds, as a mask over all rows."""
        mask = self._masks.get(test)
        if mask is None:
            mask = self._masks[test] = _holds(self.fields, test)
        return mask


@dataclass(frozen=True, slots=True)
class Found:
    """Rows (ascending) that one entry took, the logsource they get, and how they carry fields."""

    logsource: Logsource
    entry: Entry
    rows: npt.NDArray[np.int32]
    aliases: Mapping[str, Alias] = field(default_factory=dict)


def classify(seen: Seen, table: LogsourceTable, options: SourceOptions) -> list[Found]:
    """The entries that took rows, in the order of the table. Every row is in exactly one; rows that no entry takes
    come last, under an empty logsource (or the one `options` gives)."""
    if not len(seen.fields):
        return []
    entries = [entry for entry in table.entries if _possible(entry, seen)]
    combination, keys = _combinations(seen, entries)
    sure = np.full(len(keys), -1, np.int64)
    plans: dict[tuple[int, ...], list[int]] = {}
    for number, key in enumerate(keys):
        candidates = _candidates(entries, key, seen, options)
        if candidates and not entries[candidates[0]].where:
            sure[number] = candidates[0]
        elif candidates:
            plans.setdefault(tuple(candidates), []).append(number)
    taken = sure[combination]
    among_these = [*plans, *((number,) for number in set(sure.tolist()) - {-1})]
    _prefetch(seen, table, options, [[entries[number] for number in candidates] for candidates in among_these])
    for open_candidates, numbers in plans.items():
        among = np.zeros(len(keys), bool)
        among[numbers] = True
        _decide(seen, entries, open_candidates, among[combination], taken)
    return _renamed(_gather(taken, entries, seen, options), seen, table, options)


def _renamed(found: Sequence[Found], seen: Seen, table: LogsourceTable, options: SourceOptions) -> list[Found]:
    """Aliases: the user's for the source come first, then the entry's, then those of renames that hold."""
    result = [replace(each, aliases={**each.entry.aliases, **options.aliases}) for each in found]
    for rename in table.renames:
        if _possible(rename, seen) and any(feeds(rename.logsource, each.logsource, table.includes) for each in found):
            mask = _any(seen, rename) & _labelled(seen, rename)
            result = [part for each in result for part in _split(each, rename, mask, table)] if mask.any() else result
    return result


def _split(found: Found, rename: Entry, mask: Mask, table: LogsourceTable) -> list[Found]:
    inside = mask[found.rows]
    if not inside.any() or not feeds(rename.logsource, found.logsource, table.includes):
        return [found]
    renamed = replace(found, rows=found.rows[inside], aliases={**rename.aliases, **found.aliases})
    return [renamed] if inside.all() else [renamed, replace(found, rows=found.rows[~inside])]


def _labelled(seen: Seen, entry: Entry) -> Mask:
    """The rows whose labels satisfy an entry."""
    mask: Mask = np.ones(len(seen.fields), bool)
    for name in ("channel", "provider", "event_code"):
        wanted = getattr(entry, name)
        if wanted:
            texts = getattr(seen.labels, name).cast(pa.large_string())
            mask &= np.asarray(pc.is_in(fold_array(texts), pa.array(sorted(wanted), pa.large_string())))
    return mask


def _possible(entry: Entry, seen: Seen) -> bool:
    if seen.format is not None and entry.formats and seen.format not in entry.formats:
        return False
    return not entry.file or any(path_matches(seen.path, pattern) for pattern in entry.file)


Key = tuple[str | None, str | None, str | None, Logsource | None]


def _combinations(seen: Seen, entries: Sequence[Entry]) -> tuple[Codes, list[Key]]:
    """Each row's combination, and the combinations as (channel, provider, event code, stored triple) in lower case.

    A label that no entry asks about is left out, so that it does not multiply the combinations."""
    labels, count = seen.labels, len(seen.fields)
    total: Codes = np.zeros(count, np.int64)
    parts: list[list[str | None]] = []
    for name, array in (("channel", labels.channel), ("provider", labels.provider), ("event_code", labels.event_code)):
        asked = frozenset[str]().union(*(getattr(entry, name) for entry in entries))
        codes, texts = _codes(array, asked)
        total = total * len(texts) + codes
        parts.append(texts)
    triples: Sequence[Logsource | None] = [None]
    if seen.stored is not None:
        total, triples = total * len(seen.stored[1]) + seen.stored[0], seen.stored[1]
    distinct, inverse = _unique(total)
    keys: list[Key] = []
    for number in distinct:
        rest, triple = divmod(int(number), len(triples))
        rest, code = divmod(rest, len(parts[2]))
        channel, provider = divmod(rest, len(parts[1]))
        keys.append((parts[0][channel], parts[1][provider], parts[2][code], triples[triple]))
    return inverse, keys


def _unique(codes: Codes) -> tuple[Codes, Codes]:
    """As numpy.unique with the inverse, by Arrow's hash table (a tenth of the time of a sort)."""
    coded = pa.array(codes).dictionary_encode()
    return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.int64)


def _codes(array: pa.Array, asked: frozenset[str]) -> tuple[Codes, list[str | None]]:
    """Labels as numbers into texts; those no entry asks about, and null, become text None."""
    if not asked or array.null_count == len(array):
        return np.zeros(len(array), np.int64), [None]
    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    texts: list[str | None] = [None]
    places: dict[str, int] = {}
    target = np.zeros(len(coded.dictionary) + 1, np.int64)
    for number, text in enumerate(coded.dictionary.to_pylist()):
        if text is not None and (lowered := fold(text)) in asked:
            target[number] = places.setdefault(lowered, len(texts))
            if target[number] == len(texts):
                texts.append(lowered)
    return target[
        pc.fill_null(coded.indices.cast(pa.int64()), len(coded.dictionary)).to_numpy(zero_copy_only=False)
    ], texts


def _candidates(entries: Sequence[Entry], key: Key, seen: Seen, options: SourceOptions) -> list[int]:
    """The entries that may take an event of this combination, up to the first that surely does."""
    channel, provider, code, stored = key
    found: list[int] = []
    for number, entry in enumerate(entries):
        if (
            (not entry.channel or channel in entry.channel)
            and (not entry.provider or provider in entry.provider)
            and (not entry.event_code or code in entry.event_code)
            and (stored is None or overridden(entry.logsource, options) == stored)
        ):
            found.append(number)
            if not entry.where:
                break
    return found


def _prefetch(seen: Seen, table: LogsourceTable, options: SourceOptions, plans: Iterable[Sequence[Entry]]) -> None:
    """Say which fields will be looked at. `plans` are the entries that may take rows, those without tests too."""
    reach: set[Logsource] = set()
    for candidates in plans:
        for entry in candidates:
            seen.ask(entry.names())
            reach.add(overridden(entry.logsource, options))
    for rename in table.renames:
        if _possible(rename, seen) and any(feeds(rename.logsource, logsource, table.includes) for logsource in reach):
            seen.ask(rename.names())
    if seen.asked:
        seen.fields.prefetch(list(seen.asked))


def _decide(seen: Seen, entries: Sequence[Entry], candidates: Sequence[int], rows: Mask, taken: Codes) -> None:
    for number in candidates:
        entry = entries[number]
        if entry.where:
            holds = rows & _any(seen, entry)
            taken[holds] = number
            rows &= ~holds
            if not rows.any():
                return
        else:
            taken[rows] = number


def _any(seen: Seen, entry: Entry) -> Mask:
    """The rows that satisfy an entry's field tests."""
    result: Mask = np.full(len(seen.fields), not entry.where)
    for tests in entry.where:
        both: Mask = np.ones(len(seen.fields), bool)
        for test in tests:
            both = both & seen.holds(test)
            if not both.any():
                break
        result = result | both
    return result


def _holds(fields: Fields, test: FieldTest) -> Mask:
    mask: Mask = np.zeros(len(fields), bool)
    values = fields.column(test.field)
    if values is not None and test.kind == "exists":
        mask[values.rows] = True
    elif values is not None and len(values.rows):
        coded = large(values.text).dictionary_encode()
        met = _met(coded.dictionary, test)
        mask[values.rows[met[coded.indices.to_numpy()]]] = True
    return mask if test.wanted else ~mask


def _met(texts: pa.LargeStringArray, test: FieldTest) -> Mask:
    """Which of the distinct texts satisfy the test."""
    ask = {
        "startswith": pc.starts_with,
        "endswith": pc.ends_with,
        "contains": pc.match_substring,
        "matches": pc.match_substring_regex,
    }.get(test.kind)
    met: Mask = np.zeros(len(texts), bool)
    if ask is None:
        wanted = pa.array([fold(value) for value in test.values], pa.large_string())
        return np.asarray(pc.is_in(fold_array(texts), wanted))
    for value in test.values:
        met |= np.asarray(ask(texts, value, ignore_case=True))
    return met


def _gather(taken: Codes, entries: Sequence[Entry], seen: Seen, options: SourceOptions) -> list[Found]:
    order = np.argsort(taken, kind="stable").astype(np.int32)
    numbers, starts = np.unique(taken[order], return_index=True)
    found: list[Found] = []
    for number, rows in zip(numbers.tolist(), np.split(order, starts[1:]), strict=True):
        entry = entries[number] if number >= 0 else _OTHERWISE
        if number >= 0 or seen.stored is None:
            found.append(Found(overridden(entry.logsource, options), entry, rows))
        else:
            found.extend(_as_stored(rows, seen.stored))
    return sorted(found, key=lambda each: each.entry is _OTHERWISE)


def _as_stored(rows: npt.NDArray[np.int32], stored: tuple[Codes, Sequence[Logsource]]) -> list[Found]:
    """Stored events that no entry explains any more keep the logsource they were stored with."""
    codes = stored[0][rows]
    return [Found(stored[1][code], _OTHERWISE, rows[codes == code]) for code in np.unique(codes).tolist()]


def overridden(logsource: Logsource, options: SourceOptions) -> Logsource:
    """The triple with what the user says of the source; another product than the table's replaces it whole."""
    if options.product and options.product != logsource.product:
        return Logsource(options.product, options.category, options.service)
    return Logsource(logsource.product, options.category or logsource.category, options.service or logsource.service)
