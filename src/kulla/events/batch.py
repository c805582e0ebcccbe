"""A batch: a run of events of one source, with their logsources, as rules and the lake see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.events.aliases import Mask, many, merge, several
from kulla.events.fields import Event, Fields, Pairs, Rows, SomeRows, Values, known
from kulla.events.logsource import Alias, Logsource
from kulla.events.schema import FIELDS, LABEL, SCHEMA, TIME, event_id


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch comes from. `member` is the path inside archives, joined by `!`, empty for a plain file."""

    source_file: str
    source_sha256: str
    member: str = ""
    constituent: str = ""
    zone: str = ""
    ingest_time: datetime | None = None

    @property
    def file(self) -> str:
        """The source's path with its member, as shown to people."""
        return f"{self.source_file}!{self.member}" if self.member else self.source_file


@dataclass(frozen=True, slots=True)
class Group:
    """Events of a batch that share a logsource and renames.

    `rows` ascend. `aliases` maps a rule's field name to how these events carry it, used where the event has no
    field of that very name (or besides it, if the alias says `also`). `audit`: this is a register's audit; its raw
    is not kept.
    """

    logsource: Logsource
    rows: Rows
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    audit: bool = False


@dataclass(slots=True)
class Batch:
    """A run of events. Label columns are Arrow dictionary or string arrays, null where unknown.

    `groups` partition the rows. Rules see fields through `column` and `event`, which apply the groups' aliases;
    both give the same answer (a property test holds them together). `ids` are the events' ids where they are known
    already (read back from a store); None: they follow from the origin and the positions. `asked` are the fields that
    were looked at to find the logsources, for a reader who wants them made with the others in one pass.
    """

    origin: Origin
    fields: Fields
    position: np.ndarray
    raw: pa.LargeStringArray
    time: pa.TimestampArray
    quality: pa.Array
    host: pa.Array
    provider: pa.Array
    channel: pa.Array
    event_code: pa.Array
    groups: Sequence[Group]
    ids: pa.Array | None = None
    asked: Sequence[str] = ()
    _columns: dict[str, Values | None] = field(default_factory=dict, repr=False)
    _group_of: npt.NDArray[np.int32] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.position)

    def column(self, name: str) -> Values | None:
        """The field as rules see it: the event's own, or by alias where it has none; None when no event has it.

        Rows ascend; asking twice costs once."""
        if name not in self._columns:
            self._columns[name] = self._column(name)
        return self._columns[name]

    def _column(self, name: str) -> Values | None:
        own = self.fields.column(name)
        by_alias = self._aliased(name)
        if not by_alias:
            return own
        parts = [] if own is None else [own]
        without: Mask = np.ones(len(self), bool)
        if own is not None:
            without[own.rows] = False
        for alias, groups in by_alias:
            wanted: Mask = np.zeros(len(self), bool)
            for group in groups:
                wanted[group.rows] = True if alias.also else without[group.rows]
            if wanted.any() and (part := many(self.fields, alias, wanted)) is not None:
                parts.append(part)
        return merge(parts)

    def _aliased(self, name: str) -> list[tuple[Alias, list[Group]]]:
        """The aliases by which groups carry a field, each with the groups that share it."""
        shared: list[tuple[Alias, list[Group]]] = []
        for group in self.groups:
            alias = group.aliases.get(name)
            if alias is None:
                continue
            for other, groups in shared:
                if other is alias or other == alias:
                    groups.append(group)
                    break
            else:
                shared.append((alias, [group]))
        return shared

    def event(self, row: int) -> Event:
        """One event as rules see it: all its fields, and the aliases that apply."""
        return self.events([row])[0]

    def events(self, rows: Iterable[int], pairs: Sequence[Pairs] | None = None) -> list[Event]:
        """The same for several, at far less cost than one by one. `pairs`: what `self.pairs(rows)` gave, if known."""
        numbers = list(rows)
        own = [self.fields.row(row) for row in numbers] if pairs is None else [known(each) for each in pairs]
        seen: list[dict[str, Sequence[str]]] = [dict(each) for each in own]
        of_group: dict[int, list[int]] = {}
        for at, row in enumerate(numbers):
            of_group.setdefault(id(self.group(row)), []).append(at)
        for group in self.groups:
            members = of_group.get(id(group), [])
            for name, alias in group.aliases.items():
                asked = [at for at in members if alias.also or not own[at].get(name)]
                for at, texts in zip(asked, several([own[at] for at in asked], alias), strict=True):
                    if texts:
                        seen[at][name] = [*own[at].get(name, ()), *texts]
        return [*seen]

    def group(self, row: int) -> Group:
        """The group an event belongs to."""
        if self._group_of is None:
            self._group_of = np.zeros(len(self), np.int32)
            for number, group in enumerate(self.groups):
                self._group_of[group.rows] = number
        return self.groups[int(self._group_of[row])]

    def prefetch(self, names: Sequence[str]) -> None:
        """Say which columns rules will ask for, under the rules' names."""
        wanted = dict.fromkeys(name for name in names if name not in self._columns)
        for name in tuple(wanted):
            for alias, _ in self._aliased(name):
                wanted.update(dict.fromkeys(alias.sources))
        if wanted:
            self.fields.prefetch(list(wanted))

    def table(self) -> pa.Table:
        """The contract's table (`events.schema.SCHEMA`), fields stored whole."""
        return self._table(None, self.fields.whole())

    def nameless(self) -> pa.Table:
        """The same with null ids, for who learns the source's SHA-256 only later."""
        table = self._table(None, self.fields.whole(), with_ids=False)
        return table.set_column(SCHEMA.get_field_index("raw"), SCHEMA.field("raw"), self.raw)

    def select(self, rows: Rows | Sequence[int]) -> pa.Table:
        """The contract's table of some events, in the order given, without laying out the others."""
        rows = np.asarray(rows, np.int32)
        return self._table(rows, pa.array(self.pairs(rows), FIELDS))

    def pairs(self, rows: Rows) -> list[Pairs]:
        """Some events whole, as stored."""
        if isinstance(self.fields, SomeRows):
            return self.fields.pairs_of(rows)
        stored: list[Pairs] = self.fields.whole().take(pa.array(rows)).to_pylist()
        return stored

    def heads(self, rows: Rows) -> pa.Table:
        """Some events in the contract's columns, but for their ids, raw and fields."""
        table = self._table(rows, pa.nulls(len(rows), FIELDS), with_ids=False)
        return table.drop_columns(["event_id", "raw", "fields"])

    def _table(self, rows: Rows | None, whole: pa.MapArray, with_ids: bool = True) -> pa.Table:
        at = np.arange(len(self), dtype=np.int32) if rows is None else rows
        taken = pa.array(at)

        def pick(array: pa.Array) -> pa.Array:
            return array if rows is None else array.take(taken)

        product, category, service = self._triples(at)
        columns = {
            "event_id": self.event_ids(at) if with_ids else pa.nulls(len(at), pa.binary(16)),
            "time": pick(self.time).cast(TIME),
            "time_quality": _label(pick(self.quality)),
            "ingest_time": pa.repeat(pa.scalar(self.origin.ingest_time or datetime.now(UTC), TIME), len(at)),
            "constituent": _constant(self.origin.constituent, len(at)),
            "zone": _constant(self.origin.zone, len(at)),
            "host": _label(pick(self.host)),
            "product": product,
            "category": category,
            "service": service,
            "provider": _label(pick(self.provider)),
            "channel": _label(pick(self.channel)),
            "event_code": _label(pick(self.event_code)),
            "source_file": _constant(self.origin.file, len(at)),
            "source_sha256": _constant(self.origin.source_sha256, len(at)),
            "position": pa.array(self.position[at], pa.int64()),
            "raw": pick(self.raw) if with_ids else pa.nulls(len(at), pa.large_string()),
            "fields": whole,
        }
        return pa.Table.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA)

    def event_ids(self, rows: Rows) -> pa.FixedSizeBinaryArray:
        """The ids of some events."""
        if self.ids is not None:
            return self.ids.take(pa.array(rows))
        origin = self.origin
        ids = [event_id(origin.source_sha256, origin.member, at) for at in self.position[rows].tolist()]
        return pa.array(ids, pa.binary(16))

    def _triples(self, rows: Rows) -> list[pa.DictionaryArray]:
        if len(self):
            self.group(0)
        numbers = pa.array(self._group_of[rows] if self._group_of is not None else rows)
        return [
            _label(pa.array([getattr(group.logsource, part) for group in self.groups], pa.string()).take(numbers))
            for part in ("product", "category", "service")
        ]


def _label(array: pa.Array) -> pa.DictionaryArray:
    if array.type == LABEL:
        return array
    return array.cast(pa.string()).dictionary_encode()


def _constant(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([text], pa.string()))
