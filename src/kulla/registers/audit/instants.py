"""Times of PostgreSQL's logs, a whole column at once: `_postgres.parse_time` once for each minute and zone in it."""

from __future__ import annotations

from datetime import tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events.formats._postgres import parse_time
from kulla.registers.schema import TIME

_USUAL = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9]\.[0-9]{3} [A-Za-z0-9_/+:-]+\z"
"""As PostgreSQL writes it (`log_line_prefix` has other forms, which are read one by one)."""


def instants(texts: pa.Array, zone: tzinfo | None) -> pa.TimestampArray:
    """Times with a zone's abbreviation → UTC; null where there is no time. `zone`: see `_postgres`.

    Offsets change on whole minutes, so a minute and an abbreviation settle the time of every record in it.

    >>> instants(pa.array(["2026-05-11 02:44:02.875 CEST"]), None)[0].as_py().isoformat()
    '2026-05-11T00:44:02.875000+00:00'
    """
    usual = pc.fill_null(pc.match_substring_regex(texts, _USUAL), False)
    if not pc.all(usual).as_py():
        return pa.array([parse_time(text or "", zone)[0] for text in texts.to_pylist()], TIME)
    minute = pc.utf8_slice_codeunits(texts, 0, 16)
    abbreviation = pc.utf8_slice_codeunits(texts, 23)
    keys = pc.binary_join_element_wise(minute, abbreviation, pa.scalar(":00", texts.type)).dictionary_encode()
    starts = pa.array([parse_time(text, zone)[0] for text in keys.dictionary.to_pylist()], TIME)
    rest = pc.cast(pc.utf8_slice_codeunits(texts, 17, 23), pa.float64())
    within = np.rint(rest.to_numpy(zero_copy_only=False) * 1e6).astype(np.int64)
    base = starts.take(keys.indices)
    return pc.add(base.cast(pa.int64()), pa.array(within)).cast(TIME)
