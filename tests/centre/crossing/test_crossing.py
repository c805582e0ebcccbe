"""Hits across zones: off by default, shown to the owner first, and telling only whom to ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast, person
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from kulla.centre.cases import actions as cases
from kulla.centre.cases.models import Case
from kulla.centre.crossing import actions
from kulla.centre.crossing.models import Answer, Hit
from kulla.centre.people import door

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(people: Cast) -> tuple[Case, Case]:
    """The same address in a civil and in a military case."""
    civil = cases.open_case(people["officer-civil"], "civil", "civil", people.places["tax"])
    military = cases.open_case(people["officer-military"], "military", "military", people.places["navy"])
    cases.add_observable(people["officer-civil"], civil, "192.0.2.7")
    cases.add_observable(people["officer-military"], military, "192.0.2.7")
    cases.add_observable(people["officer-civil"], civil, "srv-1", "host")
    cases.add_observable(people["officer-military"], military, "srv-1", "host")
    return civil, military


def test_without_consent_nothing_is_compared(both: tuple[Case, Case]) -> None:
    assert actions.compare() == 0


def test_the_owner_is_shown_first_and_the_other_learns_only_whom_to_ask(
    people: Cast, both: tuple[Case, Case]
) -> None:  # fmt: skip
    actions.opt(people["officer-military"], "military", True)
    assert (actions.compare(), actions.compare()) == (1, 0)  # hosts are not compared; twice is as once
    assert not door.visible(people["officer-civil"], Hit.objects.all()).exists()
    assert not Answer.objects.exists()
    hit = door.visible(people["officer-military"], Hit.objects.all()).get()
    actions.decide(people["officer-military"], hit, release=True)
    answer = door.visible(people["officer-civil"], Answer.objects.all()).get()
    assert (answer.case, answer.ask, answer.value) == (both[0], "military", "192.0.2.7")
    assert not door.visible(people["officer-military"], Answer.objects.all()).exists()
    with pytest.raises(ValidationError):
        actions.decide(people["officer-military"], hit, release=False)


def test_a_refusal_is_told_to_nobody(people: Cast, both: tuple[Case, Case]) -> None:
    actions.opt(people["officer-military"], "military", True)
    actions.compare()
    actions.decide(people["director-military"], Hit.objects.get(), release=False)
    assert not Answer.objects.exists()


def test_red_stays_with_its_people(people: Cast, both: tuple[Case, Case]) -> None:
    both[1].observables.update(tlp="RED")
    actions.opt(people["officer-military"], "military", True)
    assert actions.compare() == 0


def test_who_may_say_so_for_a_zone(people: Cast, both: tuple[Case, Case]) -> None:
    part = person("part", ("officer", "military", people.places["navy"]))
    for who in (people["officer-civil"], people["analyst-military"], people["administrator-military"], part):
        with pytest.raises(PermissionDenied):
            actions.opt(who, "military", True)
    actions.opt(people["officer-military"], "military", True)
    actions.compare()
    with pytest.raises(PermissionDenied):
        actions.decide(people["officer-civil"], Hit.objects.get(), release=True)


def test_the_page(people: Cast, both: tuple[Case, Case], enter: Callable[[str], Client]) -> None:
    military, civil = enter("officer-military"), enter("officer-civil")
    military.post("/crossing/zone/military", {"on": "1"})
    actions.compare()
    hit = Hit.objects.get()
    assert "192.0.2.7" in military.get("/crossing/").content.decode()
    assert "192.0.2.7" not in civil.get("/crossing/").content.decode()
    assert civil.post(f"/crossing/hits/{hit.uid}/release").status_code == 404
    assert military.post(f"/crossing/hits/{hit.uid}/shout").status_code == 404
    military.post(f"/crossing/hits/{hit.uid}/release")
    assert "ask the zone military" in civil.get("/crossing/").content.decode()
    assert enter("analyst-civil").get("/crossing/").status_code == 404
