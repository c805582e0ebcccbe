"""How often each rule was right: dispositions by reason, and the share of false ones with its interval."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Max, QuerySet

from kulla.centre.alerts.models import Alert, Reason, Status

Z: Final = 1.959964
"""Of the normal distribution, for an interval of 95 %."""


@dataclass(slots=True)
class Rate:
    """One rule's record. `reasons` counts closed alerts by reason; `open` those still in the queue."""

    rule_id: str
    total: int = 0
    open: int = 0
    escalated: int = 0
    last: datetime | None = None
    reasons: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Reason.values, 0))

    @property
    def decided(self) -> int:
        """Alerts closed with a reason."""
        return sum(self.reasons.values())

    @property
    def false(self) -> float | None:
        """The share of false ones among the decided; None when none is decided."""
        return self.reasons[Reason.FALSE] / self.decided if self.decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `false`."""
        return wilson(self.reasons[Reason.FALSE], self.decided)


def rates(rows: QuerySet[Alert]) -> dict[str, Rate]:
    """The record of every rule among `rows`, by rule id."""
    found: dict[str, Rate] = defaultdict(lambda: Rate(""))
    counted = rows.exclude(rule_id="").order_by().values("rule_id", "status", "reason")
    for row in counted.annotate(n=Count("pk"), latest=Max("last")):
        _add(found[row["rule_id"]], dict(row))
    return dict(found)


def _add(rate: Rate, row: dict[str, Any]) -> None:
    rate.rule_id = row["rule_id"]
    rate.total += row["n"]
    rate.last = max(filter(None, (rate.last, row["latest"])), default=None)
    if row["status"] == Status.CLOSED and row["reason"] in rate.reasons:
        rate.reasons[row["reason"]] += row["n"]
    elif row["status"] == Status.ESCALATED:
        rate.escalated += row["n"]
    else:
        rate.open += row["n"]


def wilson(count: int, of: int) -> tuple[float, float] | None:
    """Wilson's 95 % interval of a share (Wilson, J. Am. Stat. Assoc. 22, 1927); None of nothing.

    >>> tuple(round(end, 3) for end in wilson(0, 10))
    (0.0, 0.278)
    """
    if not of:
        return None
    share = count / of
    middle = share + Z * Z / (2 * of)
    half = Z * math.sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
