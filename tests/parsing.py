"""What tests of batches share: a parsed run made of plain dicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from kulla.events.fields import DictFields
from kulla.events.formats._api import Parsed
from kulla.events.schema import TIME

SHA = "ab" * 32


def labels(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def parsed(
    events: Sequence[Mapping[str, str | None]],
    form: str = "ndjson",
    provider: Sequence[str | None] | None = None,
    channel: Sequence[str | None] | None = None,
    code: Sequence[str | None] | None = None,
    host: Sequence[str | None] | None = None,
) -> Parsed:
    count = len(events)
    return Parsed(
        format=form,
        position=np.arange(1, count + 1),
        raw=pa.array([f"raw {n}" for n in range(count)], pa.large_string()),
        fields=DictFields(events),
        time=pa.array([1_700_000_000_000_000 + n for n in range(count)], TIME),
        quality=labels(["exact"] * count),
        host=None if host is None else labels(host),
        provider=None if provider is None else labels(provider),
        channel=None if channel is None else labels(channel),
        event_code=None if code is None else labels(code),
    )
