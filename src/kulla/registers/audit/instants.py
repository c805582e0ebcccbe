"""Times of PostgreSQL's logs, a whole column at once: `_postgres.parse_time` once for each minute and zone in it."""

from __future__ import annotations

import re
from datetime import tzinfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._postgres import parse_time
from kulla.registers.audit.texts import Bytes, grid
from kulla.registers.schema import TIME

_USUAL = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]\.[0-9]{3} [A-Za-z0-9_/+:-]+\z"
"""As PostgreSQL writes it (`log_line_prefix` has other forms, which are read one by one)."""

_ONE_USUAL = re.compile(_USUAL.replace(r"\z", r"\Z"))
_MINUTE, _CLOCK, _ZONE = 16, 17, 23
"""Where in it the minute ends, and the seconds and the blank before the zone begin."""

_WEIGHTS = {17: 10_000_000, 18: 1_000_000, 20: 100_000, 21: 10_000, 22: 1_000}
"""Place of each digit behind the minute → microseconds of its unit."""


def instants(texts: pa.Array, zone: tzinfo | None) -> pa.TimestampArray:
    """Times with a zone's abbreviation → UTC; null where there is no time. `zone`: see `_postgres`.

    Offsets change on whole minutes, so a minute and an abbreviation settle the time of every record in it.

    >>> instants(pa.array(["2026-05-11 02:44:02.875 CEST"]), None)[0].as_py().isoformat()
    '2026-05-11T00:44:02.875000+00:00'
    """
    texts = texts.cast(pa.large_string())
    told = _alike(texts)
    if told is not None:
        return _at_once(texts, *told, zone)
    usual = pc.fill_null(pc.match_substring_regex(texts, _USUAL), False)
    if not pc.all(usual).as_py():
        return pa.array([parse_time(text or "", zone)[0] for text in texts.to_pylist()], TIME)
    minute = pc.utf8_slice_codeunits(texts, 0, _MINUTE)
    abbreviation = pc.utf8_slice_codeunits(texts, _ZONE)
    keys = pc.binary_join_element_wise(minute, abbreviation, pa.scalar(":00", texts.type)).dictionary_encode()
    starts = pa.array([parse_time(text, zone)[0] for text in keys.dictionary.to_pylist()], TIME)
    rest = pc.cast(pc.utf8_slice_codeunits(texts, _CLOCK, _ZONE), pa.float64())
    within = np.rint(rest.to_numpy(zero_copy_only=False) * 1e6).astype(np.int64)
    base = starts.take(keys.indices)
    return pc.add(base.cast(pa.int64()), pa.array(within)).cast(TIME)


def usual(texts: pa.Array) -> bool:
    """Whether all texts are of the usual form, beyond doubt and at once; False may mean either."""
    return _alike(texts) is not None


def _alike(texts: pa.Array) -> tuple[Bytes, npt.NDArray[np.int64]] | None:
    """The texts as a table of bytes, and the rows at which another minute or zone than before them begins; None when
    not all are of the usual form and equally long."""
    table = grid(texts)
    if table is None or table.shape[1] <= _ZONE + 1:
        return None
    digits = table[:, list(_WEIGHTS)]
    if digits.min() < 48 or digits.max() > 57 or digits[:, 0].max() > 53:
        return None
    if (table[:, _MINUTE] != 58).any() or (table[:, 19] != 46).any():
        return None
    minutes = np.ascontiguousarray(table[:, :_MINUTE]).view(np.uint64)
    other = (minutes[1:] != minutes[:-1]).any(1) | (table[1:, _ZONE:] != table[:-1, _ZONE:]).any(1)
    starts = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(other) + 1))
    firsts = texts.take(pa.array(starts)).to_pylist()
    return (table, starts) if all(map(_ONE_USUAL.match, firsts)) else None


def _at_once(texts: pa.Array, table: Bytes, starts: npt.NDArray[np.int64], zone: tzinfo | None) -> pa.TimestampArray:
    keys = [f"{text[:_MINUTE]}:00{text[_ZONE:]}" for text in texts.take(pa.array(starts)).to_pylist()]
    known = {key: parse_time(key, zone)[0] for key in dict.fromkeys(keys)}
    moments = pa.array([known[key] for key in keys], TIME)
    runs = np.diff(np.append(starts, len(texts)))
    base = np.repeat(np.asarray(moments.cast(pa.int64()).fill_null(0), np.int64), runs)
    missing = np.repeat(moments.is_null().to_numpy(zero_copy_only=False), runs)
    within = np.zeros(len(texts), np.int64)
    for place, weight in _WEIGHTS.items():
        within += (table[:, place] - 48).astype(np.int64) * weight
    return pa.array(base + within, mask=missing).cast(TIME)
