"""Clocks of a case by what its centre says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from centrecast import Cast

from kulla.centre.cases import actions
from kulla.centre.cases.actions.duties import add_bearer, decide
from kulla.centre.cases.clocks import clocks_of
from kulla.centre.folder import Centre
from kulla.centre.site import place

pytestmark = pytest.mark.django_db


def test_a_holiday_that_the_centre_names_moves_the_latest_end(people: Cast, here: Centre) -> None:
    officer = people["officer-civil"]
    case = actions.open_case(officer, "Leak", "civil", people.places["tax"])
    bearer = add_bearer(officer, case, "entity", "Tax", "eu")
    decide(officer, bearer, "sent", "notification", datetime(2026, 1, 2, 9, tzinfo=UTC), "sent")
    found = []
    for days in ({}, {"al": ["2026-02-02"]}, {"eu": ["2026-02-02", "2026-02-03"]}):
        here.rewritten(replace(here.told, more={"holidays": days}))
        place._opened.cache_clear()
        (clock,) = (each for each in clocks_of(case) if each.duty.id == "final_report")
        found.append((clock.due, clock.latest))
    (due, latest), other, moved = found
    assert other == (due, latest)
    assert latest
    assert moved == (due, latest + timedelta(days=2))  # 2 February 2026 is a Monday
