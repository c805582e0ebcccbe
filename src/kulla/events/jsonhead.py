"""When, where and what: the columns every JSON event has beside its fields, from the names log shippers give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.fields import Fields
from kulla.events.formats._api import Context
from kulla.events.jsontime import QUALITIES, read_times
from kulla.events.schema import LABEL, TIME

UTC_NAMES = frozenset({"UtcTime", "TimeCreated", "SystemTime"})
"""Times in UTC by definition, even where no zone is written (Sysmon's schema; the system part of an EVTX record)."""

TIMES = ("@timestamp", "TimeCreated", "SystemTime", "UtcTime", "EventTime", "TimeGenerated")
MORE_TIMES = ("eventTime", "timestamp", "time", "Timestamp", "CreationTime", "CreationDate", "activityDateTime",
              "createdDateTime", "requestReceivedTimestamp", "stageTimestamp", "published", "event.created",
              "EventReceivedTime", "ts", "_time", "datetime", "date")  # fmt: skip
LABELS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "host": (
        ("Computer", "Hostname", "host.name", "host"),
        ("HostName", "hostname", "host.hostname", "agent.hostname", "MachineName", "DeviceName", "computer"),
    ),
    "provider": (
        ("Provider_Name", "ProviderName", "SourceName"),
        ("Provider", "EventSourceName", "provider_name", "event.provider"),
    ),
    "channel": (("Channel",), ("channel", "LogName", "EventLog", "log_name")),
    "event_code": (("EventID",), ("EventId", "event_id", "event.code", "EventCode", "eventid")),
}
"""Label → the names asked of all events, in order, and those asked of the events that have none of the first."""

FIRST = (*TIMES, *(name for first, _ in LABELS.values() for name in first))
MORE = (*MORE_TIMES, *(name for _, more in LABELS.values() for name in more))


class Head:
    """Gathers the times and labels of `size` events. `at` maps a fields' rows to rows of the run."""

    def __init__(self, size: int, context: Context) -> None:
        self._context = context
        self._time = np.zeros(size, np.int64)
        self._quality = np.zeros(size, np.int8)
        self._codes = {label: np.full(size, -1, np.int32) for label in LABELS}
        self._texts: dict[str, pa.Array] = {label: pa.array([], pa.string()) for label in LABELS}

    def take(self, fields: Fields, at: npt.NDArray[np.int64], names: int) -> None:
        """Fill what is still missing from the fields; `names` is 0 for the first names of each, 1 for the rest."""
        self._take_times(fields, at, (TIMES, MORE_TIMES)[names])
        for label, order in LABELS.items():
            for name in order[names]:
                if not (self._codes[label][at] < 0).any():
                    break
                self._take_label(label, name, fields, at)

    def _take_times(self, fields: Fields, at: npt.NDArray[np.int64], names: Sequence[str]) -> None:
        for name in names:
            if self._quality[at].all():
                return
            values = fields.column(name)
            if values is None:
                continue
            rows = at[values.rows]
            zone = UTC if name in UTC_NAMES else self._context.zone
            found, grade = read_times(values.text, zone, self._context.clock)
            if name in UTC_NAMES:
                grade = np.where(grade == 2, np.int8(1), grade)
            use = np.flatnonzero((grade > 0) & (self._quality[rows] == 0))[::-1]
            # Backwards, so that of several values of one event the first is written last.
            self._time[rows[use]] = found[use]
            self._quality[rows[use]] = grade[use]

    def _take_label(self, label: str, name: str, fields: Fields, at: npt.NDArray[np.int64]) -> None:
        values = fields.column(name)
        if values is None:
            return
        coded = values.text.cast(pa.string()).dictionary_encode()
        rows, codes = at[values.rows], coded.indices.to_numpy() + len(self._texts[label])
        use = np.flatnonzero(self._codes[label][rows] < 0)[::-1]
        self._codes[label][rows[use]] = codes[use]
        self._texts[label] = pa.concat_arrays([self._texts[label], coded.dictionary])

    def lacking(self) -> npt.NDArray[np.int64]:
        """Events that lack a time or a label."""
        lacks = self._quality == 0
        for codes in self._codes.values():
            lacks = lacks | (codes < 0)
        return np.flatnonzero(lacks)

    @property
    def time(self) -> pa.TimestampArray:
        """The contract's time column."""
        return pa.array(self._time, mask=self._quality == 0).cast(pa.timestamp("us")).cast(TIME)

    @property
    def quality(self) -> pa.Array:
        """The contract's time_quality column."""
        return pa.DictionaryArray.from_arrays(pa.array(self._quality.astype(np.int32)), pa.array(QUALITIES))

    def label(self, name: str) -> pa.Array:
        """One of LABELS as a dictionary column, null where no name gave one."""
        codes, texts = self._codes[name], self._texts[name]
        distinct = texts.dictionary_encode()
        merged = distinct.indices.to_numpy().astype(np.int32) if len(texts) else np.zeros(1, np.int32)
        return pa.DictionaryArray.from_arrays(
            pa.array(merged[np.maximum(codes, 0)], pa.int32(), mask=codes < 0), distinct.dictionary
        ).cast(LABEL)
