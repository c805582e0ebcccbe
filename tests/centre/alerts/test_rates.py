"""Each rule's record."""

from __future__ import annotations

import pytest
from centrealerts import incoming
from centrecast import Cast

from kulla.centre.alerts import actions
from kulla.centre.alerts.actions import AsOf
from kulla.centre.alerts.models import Alert
from kulla.centre.alerts.rates import rates, wilson
from kulla.centre.alerts.upsert import upsert
from kulla.centre.people import door


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # Brown, Cai, DasGupta 2001; R's binom.wilson(c(0, 5, 10), c(10, 10, 10)).
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_wilsons_interval(count: int, of: int, low: float, high: float) -> None:
    found = wilson(count, of)
    assert found is not None
    assert list(found) == pytest.approx([low, high], abs=1e-4)


def test_of_nothing_there_is_none() -> None:
    assert wilson(0, 0) is None


@pytest.mark.django_db
def test_dispositions_make_the_rate(people: Cast) -> None:
    upsert([incoming("tax", "r1", window=str(number)) for number in range(5)])
    upsert([incoming("navy", "r1", window=str(number)) for number in range(4)])
    ids = list(Alert.objects.filter(zone="civil").values_list("pk", flat=True))
    for pk, reason in zip(ids, ("false", "false", "true", "benign"), strict=False):
        actions.close(people["analyst-civil"], Alert.objects.filter(pk=pk), AsOf.now(), reason)
    seen = door.visible(people["analyst-civil"], Alert.objects.all())
    (rate,) = rates(seen).values()
    assert (rate.total, rate.open, rate.decided, rate.false) == (5, 1, 4, 0.5)
    assert rate.reasons == {"true": 1, "benign": 1, "false": 2}
    other = rates(door.visible(people["analyst-military"], Alert.objects.all()))["r1"]
    assert (other.total, other.false, other.interval) == (4, None, None)
