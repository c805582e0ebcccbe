"""Numbers of cases and reports: each zone's own."""

from __future__ import annotations

import re

import pytest
from django.db import connection, transaction

from kulla.centre.people import door
from kulla.centre.people.models import Count
from kulla.centre.people.numbering import CASE, following
from kulla.centre.people.zones import LETTERS, Zone

pytestmark = pytest.mark.django_db


def test_every_zone_has_a_letter_of_its_own() -> None:
    assert set(LETTERS) == set(Zone)
    assert len(set(LETTERS.values())) == len(Zone)


def test_zones_years_and_kinds_count_apart_and_beyond_five_digits(all_zones: None) -> None:
    assert [following("civil", 2026) for _ in range(2)] == ["C-2026-00001", "C-2026-00002"]
    assert following("military", 2026) == "M-2026-00001"
    assert following("joint", 2026, "R-") == "R-J-2026-00001"
    assert following("civil", 2027) == "C-2027-00001"
    Count.objects.filter(start="C-2026-").update(last=99_999)
    found = following("civil", 2026)
    assert found == "C-2026-100000"
    assert re.fullmatch(CASE, found)
    assert not re.fullmatch(CASE, "X-2026-00001")


def test_only_its_own_zone_is_open_when_one_is_made(db: None) -> None:
    for zone in ("civil", "military", "civil"):
        with door.zones(frozenset({zone})):
            following(zone, 2026)
    with door.zones(door.ALL_ZONES):
        assert dict(Count.objects.values_list("start", "last")) == {"C-2026-": 2, "M-2026-": 1}
    if connection.vendor == "postgresql":
        with door.zones(frozenset({"military"})):
            assert not Count.objects.filter(zone="civil").exists()


def test_a_number_that_was_not_used_is_given_again(all_zones: None) -> None:
    """The count stands and falls with the transaction of what it is for: no gap tells of what failed."""
    with transaction.atomic():
        following("civil", 2026)
        transaction.set_rollback(True)
    assert following("civil", 2026) == "C-2026-00001"
