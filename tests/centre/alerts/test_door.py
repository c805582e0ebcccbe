"""Every address of alerts by every kind of person: member, teammate, other constituent, other zone, nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.test import Client

from kulla.centre.alerts.actions import AsOf
from kulla.centre.alerts.models import Alert, AlertGroup, SavedView, Tuning
from kulla.centre.alerts.sealing import seal
from kulla.centre.alerts.upsert import upsert
from kulla.centre.people.models import User

pytestmark = pytest.mark.django_db

Enter = Callable[[str], Client]
RULE = "5f4a4a4e-0000-4000-8000-000000000001"


@pytest.fixture
def tax(people: Cast) -> Alert:
    """An alert of tax with a note, and others elsewhere that must stay unseen."""
    upsert([incoming("tax", RULE, "secret-tax-host"), incoming("health", RULE, "secret-health-host")])
    upsert([incoming("navy", RULE, "secret-navy-host", title="Secret of the navy")])
    return Alert.objects.get(host="secret-tax-host")


def addresses(row: Alert) -> list[str]:
    tuning = Tuning.objects.create(
        uid="5f4a4a4e-0000-4000-8000-00000000000f", rule_id=RULE, title="t", reason="r", text="x", zone=row.zone,
        constituent=row.constituent, author=User.objects.get(username="analyst-tax"),
    )  # fmt: skip
    return [
        f"/alerts/{row.uid}", f"/alerts/group/{row.group}", f"/alerts/group/{row.group}/alerts",
        f"/alerts/rules/{row.rule_id}", f"/alerts/tuning/{tuning.uid}",
    ]  # fmt: skip


LISTS = (
    "/alerts/",
    "/alerts/?status=all",
    "/alerts/?q=secret",
    "/alerts/rules",
    "/alerts/fresh?made=2020-01-01T00:00Z",
)


@pytest.mark.parametrize("who", ["analyst-tax", "analyst-civil", "officer-civil", "director-civil", "liaison-civil"])
def test_who_works_there_opens_all(people: Cast, enter: Enter, tax: Alert, who: str) -> None:
    for address in addresses(tax):
        assert enter(who).get(address).status_code == 200, address
    for address in LISTS:
        assert enter(who).get(address).status_code == 200, address


@pytest.mark.parametrize("who", ["analyst-military", "analyst-joint", "liaison-military"])
def test_to_another_zone_it_does_not_exist(people: Cast, enter: Enter, tax: Alert, who: str) -> None:
    for address in addresses(tax):
        page = enter(who).get(address)
        own = "/rules/" in address and "military" in who  # the same rule fired in the navy
        assert page.status_code == (200 if own else 404), address
        assert "secret-tax" not in page.content.decode()
    for address in LISTS:
        told = enter(who).get(address).content.decode()
        assert "secret-tax" not in told
        assert "secret-health" not in told
        assert "Tax" not in told


def test_another_constituent_is_left_out_of_everything(people: Cast, enter: Enter, tax: Alert) -> None:
    health = Alert.objects.get(host="secret-health-host")
    client = enter("analyst-tax")
    for address in (f"/alerts/{health.uid}", f"/alerts/group/{health.group}", f"/alerts/group/{health.group}/alerts"):
        assert client.get(address).status_code == 404
    for address in LISTS:
        assert "secret-health" not in client.get(address).content.decode()
    assert "1 row is new" in client.get(LISTS[-1]).content.decode()
    page = client.get(f"/alerts/rules/{RULE}").content.decode()
    assert f'rule={RULE}">1</a>' in page


@pytest.mark.parametrize("who", ["owner-tax", "auditor-civil", "administrator-civil", "nobody"])
def test_to_who_has_no_verb_no_page_exists(people: Cast, enter: Enter, tax: Alert, who: str) -> None:
    client = enter(who)
    for address in [*addresses(tax), *LISTS]:
        assert client.get(address).status_code == 404, address
    for address in ("/alerts/act", "/alerts/undo", "/alerts/views"):
        assert client.post(address, {"do": "close"}).status_code == 404, address


def test_who_has_not_signed_in_is_sent_to_the_door(people: Cast, tax: Alert) -> None:
    for address in [*addresses(tax), *LISTS]:
        answer = Client().get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_acts_by_post_reach_nothing_hidden(people: Cast, enter: Enter, tax: Alert) -> None:
    form = {"asof": seal(AsOf(10**6, 10**6)), "do": "close", "reason": "false"}
    navy = Alert.objects.get(zone="military")
    enter("analyst-tax").post("/alerts/act", {**form, "alert": [navy.uid, tax.uid]})
    enter("analyst-tax").post("/alerts/act", {**form, "group": [navy.group]})
    enter("analyst-tax").post("/alerts/act", {**form, "all": 1, "query": "status=all"})
    closed = set(Alert.objects.filter(status="closed").values_list("host", flat=True))
    assert closed == {"secret-tax-host"}
    assert enter("liaison-civil").post("/alerts/act", {**form, "alert": [tax.uid]}).status_code == 404


def test_filters_offer_no_other_place(people: Cast, enter: Enter, tax: Alert) -> None:
    navy = people.places["navy"]
    page = enter("analyst-tax").get(f"/alerts/?constituent={navy.name}&status=all")
    assert "secret" not in page.content.decode()
    assert "Navy" not in page.content.decode()
    assert "secret" not in enter("analyst-tax").get("/alerts/?zone=military&status=all").content.decode()


def test_views_are_ones_own_or_shared_in_the_place(people: Cast, enter: Enter) -> None:
    enter("analyst-civil").post("/alerts/views", {"name": "mine", "query": "level=high&page=3"})
    enter("analyst-civil").post("/alerts/views", {"name": "ours", "query": "q=a", "shared": "on"})
    assert {*SavedView.objects.values_list("query", flat=True)} == {"level=high", "q=a"}
    officer = enter("officer-civil").get("/alerts/").content.decode()
    assert "ours" in officer
    assert ">mine<" not in officer
    assert "ours" not in enter("analyst-military").get("/alerts/").content.decode()
    ours = SavedView.objects.get(name="ours")
    assert enter("officer-civil").post(f"/alerts/views/{ours.uid}/drop").status_code == 404
    assert enter("analyst-civil").post(f"/alerts/views/{ours.uid}/drop").status_code == 302
    assert not SavedView.objects.filter(name="ours").exists()


def test_a_finding_about_oneself_is_nowhere(people: Cast, enter: Enter, tax: Alert) -> None:
    analyst = people["analyst-civil"]
    analyst.register_account = "Pseudonym-7"
    analyst.save()
    upsert([incoming(account="pseudonym-7", host="", rule="own")])
    row = Alert.objects.get(rule_id="own")
    client = enter("analyst-civil")
    for address in (f"/alerts/{row.uid}", f"/alerts/group/{row.group}", "/alerts/rules/own"):
        assert client.get(address).status_code == 404
    for address in LISTS:
        assert "seudonym" not in client.get(address).content.decode()
    assert AlertGroup.objects.filter(account="pseudonym-7").exists()
