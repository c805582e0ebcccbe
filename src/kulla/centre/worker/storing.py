"""Storing a chunk: in the lake, on the disk, then alerts, correlations and the file's place in one transaction.

Killed anywhere, the chunk is read and stored again: the lake knows it by (source, chunk), the transaction was either
whole or never. So nothing is lost and nothing is there twice. The lake is synced before the database speaks of the
chunk, since a database that is ahead of the lake after a power failure would never let the events be read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from kulla.centre.alerts.groups import chunks, key_of
from kulla.centre.alerts.models import AlertGroup
from kulla.centre.alerts.upsert import Incoming, upsert
from kulla.centre.people import door
from kulla.centre.people.models import Constituent
from kulla.centre.worker import alerting, health
from kulla.centre.worker.alerting import CROWD, OTHERS, Where
from kulla.centre.worker.chunk import PROBLEMS, Chunk, hosts, span
from kulla.centre.worker.correlating import Correlations
from kulla.centre.worker.faults import place
from kulla.centre.worker.models import Correlating, Kind, SourceFile, State
from kulla.detect.rule import Correlation
from kulla.lake import Lake

HOSTS = 1000
"""Hosts that a file's row names."""


@dataclass
class Store:
    """Where chunks go. `correlations` are kept in memory between chunks, by constituent; forget them (`fresh`) when a
    transaction failed."""

    lake: Lake
    correlations: dict[int, Correlations] = field(default_factory=dict)

    def put(self, row: SourceFile, chunk: Chunk, where: Where, last: bool) -> None:
        """Store a chunk of the file `row`, whose `piece` and `part` stand behind it already. `last`: the file ends
        with it. The row is written in the same transaction. Raises OutputError when the disk does not take it."""
        place("before-lake")
        table = chunk.table()
        delivery = f"{row.sha256}:{row.chunks}"
        if len(table):
            self.lake.append(table, row.sha256, row.chunks)
            place("after-lake")
            self.lake.sync()
        place("after-sync")
        try:
            with door.zones(door.ALL_ZONES), transaction.atomic():
                self._judge(row, chunk, where, delivery, last)
                _count(row, chunk, table)
                row.chunks += bool(len(table))
                if last:
                    row.state, row.ended = State.DONE, timezone.now()
                row.save()
                place("in-database")
        except BaseException:
            self.correlations.clear()
            raise
        place("after-database")

    def _judge(self, row: SourceFile, chunk: Chunk, where: Where, delivery: str, last: bool) -> None:
        constituent = row.constituent
        assert constituent is not None
        hits = chunk.found()
        if len(hits):
            upsert(alerting.detections(hits, where, _Crowds(where, constituent)), delivery)
            row.hits += len(hits)
        if not chunk.index.correlations:
            return
        state = self._state(constituent, chunk.index.correlations)
        if chunk.signals:
            state.add(chunk.signals)
        found: list[Incoming] = alerting.correlations(state.ended(chunk.number), where) if last else []
        if found:
            upsert(found)
        if chunk.signals or found:
            Correlating.objects.update_or_create(
                constituent=constituent, zone=constituent.zone,
                defaults={"data": state.dump(), "newest": state.newest, "evicted": state.evicted},
            )  # fmt: skip

    def _state(self, constituent: Constituent, rules: tuple[Correlation, ...]) -> Correlations:
        state = self.correlations.get(constituent.pk)
        if state is None:
            row = Correlating.objects.filter(constituent=constituent).first()
            state = Correlations.of(rules, bytes(row.data), row.newest) if row else Correlations.of(rules)
            self.correlations[constituent.pk] = state
            if state.anew:
                text = (
                    "what correlations remembered cannot be read, and they began anew: a retro-hunt finds what they "
                    "would have shown"
                )
                health.wrong(Kind.JOB, text, constituent, "correlations")
            elif row:
                health.right(Kind.JOB, constituent, "correlations")
        return state


@dataclass
class _Crowds:
    """Which entities share an alert: those beyond `CROWD` of a rule on a host, but for those that have one already."""

    where: Where
    constituent: Constituent

    def __call__(self, named: Mapping[tuple[str, str], set[str]]) -> set[tuple[str, str, str]]:
        groups = AlertGroup.objects.filter(
            constituent=self.constituent, rule_id__in={rule for rule, _ in named}, kind="detection"
        )
        rows = groups.values_list("rule_id", "host").annotate(n=Count("pk")).order_by()
        there = {(rule, host): count for rule, host, count in rows}
        many = {pair: names for pair, names in named.items() if there.get(pair, 0) + len(names) > CROWD}
        keys = {
            self._key(rule, host, name): (rule, host, name) for (rule, host), names in many.items() for name in names
        }
        known = {
            key for some in chunks(sorted(keys)) for key in groups.filter(key__in=some).values_list("key", flat=True)
        }
        shared: set[tuple[str, str, str]] = set()
        room = {pair: CROWD - there.get(pair, 0) for pair in many}
        for key, (rule, host, name) in sorted(keys.items(), key=lambda item: item[1]):
            if key in known:
                continue
            room[rule, host] -= 1
            if room[rule, host] < 0:
                shared.add((rule, host, name))
        return shared

    def _key(self, rule: str, host: str, entity: str) -> str:
        account = "" if entity == OTHERS else entity.partition(":")[2]
        return key_of("detection", rule, self.where.zone, self.where.constituent, host, account)


def _count(row: SourceFile, chunk: Chunk, table: pa.Table) -> None:
    """Add a chunk's figures to its file's."""
    row.events += len(table)
    row.rejects += chunk.rejects
    row.problems = [*row.problems, *chunk.problems][:PROBLEMS]
    if len(table):
        first, last = (alerting.moment(each) for each in span(table))
        row.first = min(filter(None, (row.first, first)), default=None)
        row.last = max(filter(None, (row.last, last)), default=None)
        row.hosts = sorted({*row.hosts, *hosts(table)})[:HOSTS]
