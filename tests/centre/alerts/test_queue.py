"""The queue on screen: order, filters, acts from it, and the live refresh."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from centrealerts import NOW, incoming
from centrecast import Cast
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from kulla.centre.alerts.actions import AsOf
from kulla.centre.alerts.models import Alert, AlertGroup
from kulla.centre.alerts.queue import Question, best
from kulla.centre.alerts.ranking import rerank
from kulla.centre.alerts.sealing import seal, unseal
from kulla.centre.alerts.upsert import upsert
from kulla.centre.cases.models import Case
from kulla.centre.people.models import Asset
from kulla.centre.people.zones import Zone

pytestmark = pytest.mark.django_db

Enter = Callable[[str], Client]


def asked(people: Cast, query: str, who: str = "analyst-civil") -> list[str]:
    return list(Question(people[who], QueryDict(query)).groups().values_list("host", flat=True))


def test_filters(people: Cast) -> None:
    upsert([
        incoming("tax", "r1", "db1", level="critical"), incoming("health", "r2", "web1", "a.hoxha", level="low"),
        incoming("tax", "r3", "old1", at=NOW - timedelta(days=40), level="medium"),
        incoming("tax", "r4", "in1", kind="insider"),
    ])  # fmt: skip
    Alert.objects.filter(host="web1").update(assignee=people["analyst-civil"])
    for query, hosts in [
        ("", {"db1", "web1", "old1", "in1"}), ("level=high", {"db1", "in1"}), ("kind=insider", {"in1"}),
        ("constituent=health", {"web1"}), ("zone=civil", {"db1", "web1", "old1", "in1"}), ("rule=r3", {"old1"}),
        ("q=HOX", {"web1"}), ("q=title of r3", {"old1"}), ("since=2026-03-01", {"db1", "web1", "in1"}),
        ("until=2026-02-01", {"old1"}), ("mine=on", {"web1"}), ("status=closed", set()), ("status=all&q=db", {"db1"}),
        ("level=nonsense", set()), ("constituent=nobody", set()),
    ]:  # fmt: skip
        assert set(asked(people, query)) == hosts, query


def test_the_order_is_the_hunts(people: Cast) -> None:
    upsert([incoming("tax", "r1", f"h{number}", level="medium") for number in range(6)])
    upsert([incoming("tax", "r2", "h0", level="high"), incoming("tax", "r3", "h1", level="low")])
    upsert([incoming("navy", f"n{number}", "x", level="critical") for number in range(3)])
    assert rerank(now=NOW + timedelta(hours=1)) == AlertGroup.objects.count()
    assert asked(people, "")[0] == "h0"
    assert "severity" in AlertGroup.objects.get(rule_id="r2").why
    assert rerank(now=NOW + timedelta(hours=1)) == 0
    before = AlertGroup.objects.get(rule_id="r1", host="h5").rank
    Asset.objects.create(constituent=people.places["tax"], name="H5", weight=3)
    assert rerank(now=NOW + timedelta(hours=1)) == 1
    assert AlertGroup.objects.get(rule_id="r1", host="h5").rank == before + 4


def test_a_zones_rank_says_nothing_of_another(people: Cast) -> None:
    upsert([incoming("tax", "r1", "h")])
    rerank("civil", NOW)
    alone = AlertGroup.objects.get(zone="civil").rank
    upsert([incoming("navy", "r1", f"h{number}") for number in range(9)])
    rerank(now=NOW)
    assert AlertGroup.objects.get(zone="civil").rank == alone


def test_reading_zone_by_zone_gives_the_same_order(people: Cast) -> None:
    upsert([incoming(place, f"r{n}", f"h{n}") for place in ("tax", "navy", "border") for n in range(7)])
    for number, group in enumerate(AlertGroup.objects.order_by("key")):
        AlertGroup.objects.filter(pk=group.pk).update(rank=number % 2, last=NOW - timedelta(hours=number * 7 % 5))
    rows = AlertGroup.objects.all()
    slow = sorted(rows, key=lambda g: (g.rank, g.last, g.pk), reverse=True)
    for start, stop in ((3, 14), (0, 2), (1, 5), (18, 40)):
        assert best(rows, Zone.values, start, stop) == [group.pk for group in slow[start:stop]]


def test_acts_from_the_queue(people: Cast, enter: Enter) -> None:
    upsert([incoming("tax", "r1", window=str(number)) for number in range(3)])
    client = enter("analyst-civil")
    page = client.get("/alerts/")
    form = {"asof": page.context["asof"], "next": "/alerts/?q=srv", "query": ""}
    assert client.post("/alerts/act", {**form, "do": "close"})["Location"] == "/alerts/?q=srv"
    key = AlertGroup.objects.get().key
    client.post("/alerts/act", {**form, "group": key, "do": "close"})
    assert not Alert.objects.filter(status="closed").exists()
    client.post("/alerts/act", {**form, "group": key, "do": "close", "reason": "benign"})
    assert Alert.objects.filter(status="closed", reason="benign").count() == 3
    told = client.get("/alerts/?status=all", follow=True).content.decode()
    assert "Closed: 3 alerts." in told
    assert "(3) <kbd>u</kbd>" in told
    client.post("/alerts/undo", {"next": "https://elsewhere.example/"})
    assert Alert.objects.filter(status="new").count() == 3


def test_a_page_does_not_tell_how_many_alerts_there_are(people: Cast, enter: Enter) -> None:
    upsert([incoming("tax")])
    page = enter("analyst-civil").get("/alerts/")
    upsert([incoming("navy", window=str(number)) for number in range(20)])
    upsert([incoming("tax", window="later")])
    later = enter("analyst-civil").get("/alerts/")
    assert len(page.context["asof"]) == len(later.context["asof"])
    assert str(Alert.objects.latest("pk").pk) not in unsealed_numbers(later.content.decode())
    assert unseal(later.context["asof"]).alert > unseal(page.context["asof"]).alert
    for wrong in ("", "x", "1", page.context["asof"][:-2]):
        assert enter("analyst-civil").post("/alerts/act", {"asof": wrong, "do": "close"}).status_code == 404


def unsealed_numbers(page: str) -> set[str]:
    """What the hidden fields of a page say, the seals aside."""
    return set(re.findall(r'type="hidden" name="(?!asof)[^"]*" value="([^"]*)"', page))


def test_escalating_asks_for_the_case(people: Cast, enter: Enter) -> None:
    upsert([incoming("tax", "r1", window=str(number)) for number in range(2)])
    client = enter("analyst-civil")
    form = {"asof": seal(AsOf(10**6, 0)), "all": "1", "do": "escalate", "query": ""}
    page = client.post("/alerts/act", form)
    assert "Escalate 2 alerts" in page.content.decode()
    assert not Case.objects.exists()
    client.post("/alerts/act", {**form, "confirmed": "1", "title": "Web shell"})
    assert Case.objects.get().title == "Web shell"
    assert AlertGroup.objects.get().status == "escalated"


def test_an_act_leaves_what_the_filter_does_not_show(people: Cast, enter: Enter) -> None:
    upsert([incoming("tax", "r1", window=str(number)) for number in range(3)])
    first = Alert.objects.earliest("pk")
    Alert.objects.filter(pk=first.pk).update(status="escalated")
    form = {"asof": seal(AsOf(10**6, 0)), "group": first.group, "do": "close", "reason": "false", "query": ""}
    enter("analyst-civil").post("/alerts/act", form)
    assert Alert.objects.filter(status="escalated").count() == 1
    assert Alert.objects.filter(status="closed").count() == 2


def test_the_list_says_when_something_moved_and_only_then(people: Cast, enter: Enter) -> None:
    upsert([incoming("tax")])
    client, now = enter("analyst-civil"), timezone.now().isoformat()
    assert client.get("/alerts/fresh", {"made": now}).status_code == 204
    upsert([incoming("navy"), incoming("health", level="low")])
    assert client.get("/alerts/fresh", {"made": now, "level": "high"}).status_code == 204
    answer = client.get("/alerts/fresh", {"made": now, "q": "srv"}).content.decode()
    assert "1 row is new" in answer
    assert "?q=srv" in answer
    for wrong in ("", "x", "2026-03-01T00:00:00"):
        assert client.get("/alerts/fresh", {"made": wrong}).status_code == 404


def test_a_row_opens_and_shuts(people: Cast, enter: Enter) -> None:
    upsert([incoming("tax", window=str(number)) for number in range(60)])
    key = AlertGroup.objects.get().key
    page = enter("analyst-civil").get(f"/alerts/group/{key}/alerts").content.decode()
    assert page.count('<a href="/alerts/') == 51
    assert enter("analyst-civil").get(f"/alerts/group/{key}/alerts?shut=1").content == b""


def test_few_statements_whatever_the_number_of_rows(people: Cast, enter: Enter, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    upsert([incoming("tax", f"r{number}", "h", window=str(number)) for number in range(60)])
    client = enter("analyst-civil")
    with django_assert_max_num_queries(16):
        client.get("/alerts/")
