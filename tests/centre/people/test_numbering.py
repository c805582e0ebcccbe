"""Running numbers over all zones."""

from __future__ import annotations

import pytest

from kulla.centre.cases.models import Case
from kulla.centre.people.numbering import following

pytestmark = pytest.mark.django_db


def test_numbers_go_on_beyond_five_digits_and_by_year(all_zones: None) -> None:
    assert following(Case.objects.all(), "2026-") == "2026-00001"
    for number in ("2026-00009", "2026-99999", "2025-00004"):
        Case.objects.create(number=number, title="x", zone="civil")
    assert following(Case.objects.all(), "2025-") == "2025-00005"
    assert following(Case.objects.all(), "2026-") == "2026-100000"
    Case.objects.create(number="2026-100000", title="x", zone="military")
    assert following(Case.objects.all(), "2026-") == "2026-100001"
