"""The queue's order: a hunt's own ranking (hunt.rank) over the groups of the last 30 days, zone by zone.

A zone's rarity must say nothing of another's, so each is ranked as if it were alone. Machines that a constituent calls
important or vital raise their groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from kulla.centre.alerts.models import AlertGroup
from kulla.centre.people.models import Asset
from kulla.centre.people.zones import Zone
from kulla.hunt import rank
from kulla.hunt.group import Burst, Group, Key

DAYS: Final = 30
WEIGHT: Final[Mapping[int, float]] = {1: 0.0, 2: 2.0, 3: 4.0}
"""Points for an important and for a vital machine: about half a level, and one."""
TOLERANCE: Final = 0.05
"""A rank that would move by less stays: rarity drifts for all alike as the days go by."""
_FIELDS: Final = (
    "pk", "rule_id", "kind", "title", "level", "host", "account", "register", "tags", "bursts", "count", "rank", "why",
    "constituent__name", "constituent_id",
)  # fmt: skip


def rerank(zone: str | None = None, now: datetime | None = None) -> int:
    """Rank the open and recent groups anew; how many ranks moved. All zones to be ranked must be open."""
    now = now or timezone.now()
    return sum(_zone(each, now) for each in ([zone] if zone else Zone.values))


def _zone(zone: str, now: datetime) -> int:
    recent = AlertGroup.objects.filter(zone=zone, last__gte=now - timedelta(days=DAYS))
    rows = {row["pk"]: row for row in recent.values(*_FIELDS)}
    weights = _weights(zone)
    moved: list[tuple[float, str, int]] = []
    numbers = list(rows)
    for scored in _scored([rows[pk] for pk in numbers]):
        pk = numbers[scored.number]
        row = rows[pk]
        weight = WEIGHT[weights.get((row["constituent_id"], row["host"].lower()), 1)]
        points, why = round(scored.score + weight, 3), reason(scored, weight)
        if abs(points - row["rank"]) >= TOLERANCE or not row["why"]:
            moved.append((points, why, pk))
    with transaction.atomic(), connection.cursor() as cursor:
        # `bulk_update` takes 0.6 ms a row, this 0.02.
        cursor.executemany(
            f"UPDATE {AlertGroup._meta.db_table} SET rank = %s, why = %s WHERE id = %s",  # noqa: S608 - our own name
            moved,
        )
    return len(moved)


def _scored(rows: Sequence[Mapping[str, Any]]) -> tuple[rank.Scored, ...]:
    groups = [_group(row) for row in rows]
    return rank.score(groups, rank.background(groups, None, None, len({row["host"] for row in rows})))


def _group(row: Mapping[str, Any]) -> Group:
    """A group as a hunt knows it. Hosts of two constituents that share a name are two hosts."""
    host = f"{row['constituent__name'] or ''}/{row['host']}" if row["host"] else None
    bursts = tuple(Burst(*each) for each in row["bursts"])
    entity = row["account"] or row["register"]
    return Group(
        Key(row["rule_id"] or row["register"] or row["title"], host, f"account:{entity}" if entity else None),
        "detection", row["title"], row["level"], tuple(row["tags"]), row["count"],
        0 if bursts else row["count"], bursts, (), (), 0, 1, (None, None, None),
    )  # fmt: skip


def _weights(zone: str) -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = defaultdict(lambda: 1)
    rows = Asset.objects.filter(constituent__zone=zone, weight__gt=1).values_list("constituent_id", "name", "weight")
    for constituent, name, weight in rows:
        found[constituent, name.lower()] = weight
    return dict(found)


def reason(scored: rank.Scored, weight: float) -> str:
    """What a rank is made of, for the queue to show: points by part, zero parts left out."""
    parts = {
        "severity": scored.severity, "rarity": scored.rarity, "company": scored.company_points,
        "machine": weight, "every day": -scored.routine, "told above": -scored.told.points,
    }  # fmt: skip
    return " ".join(f"{name} {points:+.1f}" for name, points in parts.items() if round(points, 1))
