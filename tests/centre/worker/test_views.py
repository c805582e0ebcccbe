"""The page of health, by every kind of person."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast
from django.test import Client

from kulla.centre.audit.models import Entry
from kulla.centre.worker import health
from kulla.centre.worker.models import Health, Kind, SourceFile

pytestmark = pytest.mark.django_db

Enter = Callable[[str], Client]


@pytest.fixture
def told(people: Cast) -> None:
    health.wrong(Kind.REJECTED, "tax-secret.log: no known log format", people.places["tax"], "1")
    health.wrong(Kind.SILENT, "navy: no event", people.places["navy"])
    health.wrong(Kind.DISK, "4% of the disk is free")
    SourceFile.objects.create(zone="civil", constituent=people.places["tax"], sha256="0" * 64, name="tax-file.log")


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("analyst-civil", {"tax-secret.log", "tax-file.log", "4% of the disk"}),
        ("administrator-civil", {"tax-secret.log", "tax-file.log", "4% of the disk"}),
        ("analyst-military", {"navy: no event", "4% of the disk"}),
        ("analyst-tax", {"tax-secret.log", "tax-file.log"}),
        ("everything", {"tax-secret.log", "tax-file.log", "navy: no event", "4% of the disk"}),
    ],
)
def test_each_sees_what_is_theirs(enter: Enter, told: None, name: str, seen: set[str]) -> None:
    page = enter(name).get("/worker/").content.decode()
    texts = ("tax-secret.log", "tax-file.log", "navy: no event", "4% of the disk")
    assert {text for text in texts if text in page} == seen
    assert page.count("4% of the disk") <= 1


@pytest.mark.parametrize("name", ["nobody", "owner-tax"])
def test_others_see_no_such_page(enter: Enter, told: None, name: str) -> None:
    assert enter(name).get("/worker/").status_code == 404


def test_knowing_of_what_happened_once_ends_it(enter: Enter, told: None) -> None:
    row, lasting = Health.objects.get(kind=Kind.REJECTED), Health.objects.filter(kind=Kind.DISK, zone="civil").get()
    client = enter("analyst-civil")
    for each in (row, lasting):
        assert client.post(f"/worker/{each.uid}/acknowledge").status_code == 302
        each.refresh_from_db()
    assert row.until == row.acknowledged_at
    assert lasting.until is None
    assert Entry.objects.filter(action="worker.acknowledge").count() == 2
    assert enter("analyst-military").post(f"/worker/{row.uid}/acknowledge").status_code == 404


def test_what_is_wrong_still_is_counted_and_then_over(people: Cast) -> None:
    for _ in range(3):
        health.wrong(Kind.DISK, "low")
    assert list(Health.objects.values_list("count", flat=True)) == [3, 3, 3]
    health.right(Kind.DISK)
    health.wrong(Kind.DISK, "low again")
    assert Health.objects.filter(until=None).count() == 3
    assert Health.objects.count() == 6
    health.only(Kind.RULES, {"a": "a is wrong", "b": "b is wrong"})
    health.only(Kind.RULES, {"b": "b is wrong"})
    assert set(Health.objects.filter(kind=Kind.RULES, until=None).values_list("key", flat=True)) == {"b"}
