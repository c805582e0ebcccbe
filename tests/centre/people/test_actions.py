"""People: who may make whom what, and the way in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from allauth.mfa.models import Authenticator
from centrecast import Cast, person
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from kulla.centre.audit.models import Entry
from kulla.centre.people import actions, door
from kulla.centre.people.models import Constituent, Invitation, Membership, User

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture
def admin(people: Cast) -> User:
    """An administrator of every zone."""
    return person("admin", *(("administrator", zone, None) for zone in ("civil", "military", "joint")))


def test_a_new_user_cannot_sign_in_before_their_link(admin: User) -> None:
    user = actions.save_user(admin, User(username="new", is_superuser=True, is_staff=True))
    assert not user.has_usable_password()
    assert not user.is_superuser
    assert not user.is_staff


def test_a_link_works_once(admin: User, people: Cast) -> None:
    user = people["analyst-civil"]
    first, second = actions.invite(admin, user), actions.invite(admin, user)
    assert actions.invitation(first) is None  # a later one ends it
    given = actions.invitation(second)
    assert given is not None
    actions.accept(given, PASSWORD)
    assert actions.invitation(second) is None
    with pytest.raises(ValidationError):
        actions.accept(given, "another password entirely")
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert second not in str(list(Invitation.objects.values()) + list(Entry.objects.values()))


def test_a_link_expires_and_ends_with_its_user(admin: User, people: Cast) -> None:
    token = actions.invite(admin, people["analyst-civil"])
    User.objects.filter(username="analyst-civil").update(is_active=False)
    assert actions.invitation(token) is None
    User.objects.filter(username="analyst-civil").update(is_active=True)
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert actions.invitation(token) is None


def test_nobody_gives_themselves_a_role(admin: User) -> None:
    with pytest.raises(ValidationError, match="themselves"):
        actions.grant(admin, Membership(user=admin, role="director", zone="civil"))


def test_an_administrator_of_one_zone_does_not_reach_another(people: Cast) -> None:
    """Not by a role, not by a link, not by an identity: each would be a way into the other zone."""
    civil, target = people["administrator-civil"], people["analyst-military"]
    for zone in ("military", "joint"):
        with pytest.raises(PermissionDenied):
            actions.grant(civil, Membership(user=people["nobody"], role="analyst", zone=zone))
    with pytest.raises(PermissionDenied):
        actions.invite(civil, target)
    target.identity = "ministry:me"
    with pytest.raises(PermissionDenied):
        actions.save_user(civil, target)
    with pytest.raises(PermissionDenied):
        actions.revoke(civil, target.memberships.get())
    with pytest.raises(PermissionDenied):
        actions.save_constituent(civil, Constituent(name="x", title="X", zone="military"))
    assert actions.invite(civil, people["analyst-civil"])


def test_an_administrator_of_one_constituent_manages_no_zone(people: Cast) -> None:
    small = person("small", ("administrator", "civil", people.places["tax"]))
    with pytest.raises(PermissionDenied):
        actions.grant(small, Membership(user=people["nobody"], role="analyst", zone="civil"))
    with pytest.raises(PermissionDenied):
        actions.invite(small, people["nobody"])


def test_the_last_administrator_stays(people: Cast) -> None:
    Membership.objects.filter(role="administrator").exclude(user=people["administrator-civil"]).delete()
    with pytest.raises(ValidationError, match="last administrator"):
        actions.revoke(people["administrator-civil"], people["administrator-civil"].memberships.get())


def test_a_role_counts_at_once_and_is_taken_at_once(admin: User, people: Cast) -> None:
    nobody = people["nobody"]
    membership = actions.grant(admin, Membership(user=nobody, role="analyst", zone="civil"))
    assert door.sight(nobody).has("alerts.see", "civil")
    actions.revoke(admin, membership)
    assert not door.sight(nobody).has("alerts.see")
    assert list(Entry.objects.order_by("seq").values_list("action", flat=True)) == ["people.grant", "people.revoke"]


def test_a_constituent_stays_in_its_zone(admin: User, people: Cast) -> None:
    tax = people.places["tax"]
    tax.zone = "military"
    with pytest.raises(ValidationError, match="stays in its zone"):
        actions.save_constituent(admin, tax)


@pytest.mark.parametrize(("scopes", "days"), [([], 1), (["all"], 1), (["alerts"], 0), (["alerts"], 400)])
def test_tokens_that_cannot_be(people: Cast, scopes: list[str], days: int) -> None:
    with pytest.raises(ValidationError):
        actions.issue_token(people["analyst-civil"], "t", scopes, days)


def test_from_the_link_to_the_console(admin: User, people: Cast, exercise: None) -> None:
    token, client = actions.invite(admin, people["analyst-civil"]), Client()
    page = client.get(f"/welcome/{token}")
    assert "analyst-civil" in page.content.decode()
    short = client.post(f"/welcome/{token}", {"new_password1": "short", "new_password2": "short"})
    assert "12" in short.content.decode()
    done = client.post(f"/welcome/{token}", {"new_password1": PASSWORD, "new_password2": PASSWORD}, follow=True)
    assert done.status_code == 200
    assert done.wsgi_request.user.username == "analyst-civil"
    assert client.get(f"/welcome/{token}").status_code == 410
    again = Client()
    answer = again.post("/accounts/login/", {"login": "analyst-civil", "password": PASSWORD})
    assert answer.status_code == 302


def test_attempts_are_limited(people: Cast) -> None:
    client = Client()
    for _ in range(6):
        answer = client.post("/accounts/login/", {"login": "analyst-civil", "password": "guess"})
    assert "Too many" in answer.content.decode()
    assert Entry.objects.filter(action="people.sign-in-failed").exists()


def test_nobody_signs_up(people: Cast) -> None:
    given = {"username": "me", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", given)
    assert not User.objects.filter(username="me").exists()


def test_the_pages_of_people(admin: User, people: Cast, exercise: None) -> None:
    client = Client()
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    new = {"username": "mira", "language": "sq", "timezone": "Europe/Tirane", "is_active": "on"}
    page = client.post("/people/new", new, follow=True)
    assert "mira" in page.content.decode()
    mira = User.objects.get(username="mira")
    client.post(f"/people/{mira.uid}/grant", {"role": "analyst", "zone": "civil"})
    assert mira.memberships.get().zone == "civil"
    assert "/welcome/" in client.post(f"/people/{mira.uid}/invite").content.decode()
    client.post(f"/people/memberships/{mira.memberships.get().uid}/revoke")
    assert not mira.memberships.exists()
    made = {"name": "port", "title": "Port", "zone": "civil", "silent_after": 24, "networks": "192.0.2.0/24\nx"}
    assert "Line 2" in client.post("/people/constituents/new", made).content.decode()
    client.post("/people/constituents/new", {**made, "networks": ""})
    port = Constituent.objects.get(name="port")
    client.post(f"/people/constituents/{port.uid}/assets", {"name": "srv-1", "weight": 3})
    assert port.assets.get().weight == 3
    issued = client.post("/people/me/tokens", {"name": "t", "days": "30", "scopes": ["alerts"]})
    assert "kulla_" in issued.content.decode()
    for who in ("analyst-civil", "nobody"):
        other = Client()
        other.force_login(people[who], backend="django.contrib.auth.backends.ModelBackend")
        for address in ("/people/", "/people/new", f"/people/{mira.uid}", "/people/constituents/new"):
            assert other.get(address).status_code == 404, (who, address)


def test_a_closed_user_leaves_no_way_in(admin: User, people: Cast) -> None:
    user = people["analyst-civil"]
    user.set_password(PASSWORD)
    user.save()
    actions.issue_token(user, "t", ["alerts"], 30)
    link = actions.invite(admin, user)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for active in (False, True):
        user = User.objects.get(pk=user.pk)
        user.is_active = active
        actions.save_user(admin, user)
    assert not user.tokens.exists()
    assert actions.invitation(link) is None
    assert not user.has_usable_password()
    assert client.get("/people/me").status_code == 302  # the session from before


def test_a_closed_user_of_another_zone_is_out_of_reach(people: Cast) -> None:
    """What is set while they are closed would be a way in once they are opened."""
    User.objects.filter(username="analyst-military").update(is_active=False)
    target = User.objects.get(username="analyst-military")
    target.identity = "ministry:me"
    with pytest.raises(PermissionDenied):
        actions.save_user(people["administrator-civil"], target)


def test_the_last_administrator_of_a_zone_stays_there(admin: User, people: Cast) -> None:
    kept = ["admin", "everything"]
    Membership.objects.filter(role="administrator").exclude(user__username__in=kept).delete()
    person("small", ("administrator", "military", people.places["navy"]))  # over one constituent: not over the zone
    actions.revoke(admin, people["everything"].memberships.get(role="administrator", zone="military"))
    with pytest.raises(ValidationError, match="last administrator"):
        actions.revoke(admin, admin.memberships.get(zone="military"))


def test_two_who_close_each_other_at_once_do_not_leave_nobody(people: Cast) -> None:
    one, other = (person(name, ("administrator", "civil", None)) for name in ("one", "other"))
    Membership.objects.filter(role="administrator").exclude(user__in=[one, other]).delete()
    assert door.sight(one).has("people.manage")  # read before the other's act
    User.objects.filter(pk=one.pk).update(is_active=False)
    target = User.objects.get(pk=other.pk)
    target.is_active = False
    with pytest.raises(ValidationError, match="last administrator"):
        actions.save_user(one, target)


@pytest.mark.parametrize("change", [{"register_account": ""}, {"identity": "ministry:me"}, {"is_active": False}])
def test_what_others_see_about_oneself_is_anothers_to_change(admin: User, change: dict[str, object]) -> None:
    """An administrator who is also an analyst would otherwise be shown the findings about themselves."""
    User.objects.filter(pk=admin.pk).update(register_account="adm")
    mine = User.objects.get(pk=admin.pk)
    for name, value in change.items():
        setattr(mine, name, value)
    with pytest.raises(ValidationError, match="another administrator"):
        actions.save_user(admin, mine)


def test_an_identity_is_one_users(admin: User, people: Cast) -> None:
    User.objects.filter(username="analyst-civil").update(identity="ministry:1")
    target = people["nobody"]
    target.identity = "ministry:1"
    with pytest.raises(ValidationError, match="Another user"):
        actions.save_user(admin, target)


def test_a_constituent_keeps_its_name(admin: User, people: Cast) -> None:
    """Whoever took the name next in the zone would be shown its events."""
    tax = people.places["tax"]
    tax.name = "treasury"
    with pytest.raises(ValidationError, match="keeps its name"):
        actions.save_constituent(admin, tax)


def test_a_link_replaces_no_second_factor(admin: User, people: Cast) -> None:
    user, client = people["analyst-civil"], Client()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    token = actions.invite(admin, user)
    done = client.post(f"/welcome/{token}", {"new_password1": PASSWORD, "new_password2": PASSWORD})
    assert done["Location"] == "/accounts/login/"
    assert "_auth_user_id" not in client.session
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_signing_in_is_kept_in_the_audit(people: Cast) -> None:
    people["nobody"].set_password(PASSWORD)
    people["nobody"].save()
    Client().post("/accounts/login/", {"login": "nobody", "password": PASSWORD})
    assert Entry.objects.filter(action="people.sign-in", actor="nobody").count() == 1


def test_people_of_another_zone_are_not_told_of(people: Cast, enter: Callable[[str], Client]) -> None:
    client, soldier = enter("administrator-civil"), people["analyst-military"]
    both = person("both", ("analyst", "civil", None), ("officer", "civil", None))
    assert client.get(f"/people/{both.uid}").status_code == 200
    text = client.get("/people/").content.decode()
    assert "analyst-civil" in text
    assert "nobody" in text
    assert "analyst-military" not in text
    assert client.get(f"/people/{soldier.uid}").status_code == 404
    assert client.post(f"/people/{soldier.uid}/invite").status_code == 404
    sent = client.post(f"/people/{soldier.uid}/grant", {"role": "analyst", "zone": "civil"})
    assert sent.status_code == 404


def test_a_role_takes_the_actors_constituents_alone(people: Cast, enter: Callable[[str], Client]) -> None:
    given = {"role": "analyst", "zone": "civil", "constituent": "navy"}
    page = enter("administrator-civil").post(f"/people/{people['nobody'].uid}/grant", given, follow=True)
    assert "valid choice" in page.content.decode()  # as for a number that is nobody's


def test_a_time_zone_must_be_one(people: Cast, enter: Callable[[str], Client]) -> None:
    client = enter("nobody")
    sent = client.post("/people/me", {"language": "en", "timezone": "Europe"})
    assert "no such time zone" in sent.content.decode()
    User.objects.filter(username="nobody").update(timezone="Europe")  # a folder of the system's zones
    assert client.get("/people/me").status_code == 200


def test_who_was_away_confirms_who_they_are(admin: User, people: Cast) -> None:
    """Giving power asks for a sign-in of the last minutes, in a centre that is no exercise."""
    admin.set_password(PASSWORD)
    admin.save()
    Authenticator.objects.create(user=admin, type=Authenticator.Type.RECOVERY_CODES, data={"seed": "x"})
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client, target = Client(), f"/people/{people['nobody'].uid}"
    client.force_login(admin, backend="django.contrib.auth.backends.ModelBackend")
    given, page = {"role": "analyst", "zone": "civil"}, f"http://testserver{target}"
    for referer, back in ((page, page), ("http://evil.example/", "/")):
        sent = client.post(f"{target}/grant", given, headers={"Referer": referer})
        assert sent["Location"] == f"/accounts/reauthenticate/?{urlencode({'next': back})}"
    assert not people["nobody"].memberships.exists()
    assert client.get(target).status_code == 200
    assert "/accounts/" in client.post("/people/me/tokens", {"days": "3", "scopes": "alerts"})["Location"]
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post(f"{target}/grant", given)
    assert people["nobody"].memberships.exists()


def test_a_nul_is_refused_before_the_database(enter: Callable[[str], Client]) -> None:
    client = enter("everything")
    for address in ("/cases/?q=%00", "/cases/2026%00/", "/audit/?q=a%00"):
        assert client.get(address).status_code == 400, address
    assert client.post("/people/me/tokens", {"name": "\0", "days": "3", "scopes": "alerts"}).status_code == 400


def test_lost_factors_are_taken_away_by_another(admin: User, people: Cast) -> None:
    user = people["analyst-civil"]
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    with pytest.raises(PermissionDenied):
        actions.reset_factors(people["administrator-military"], user)
    with pytest.raises(ValidationError):
        actions.reset_factors(admin, admin)
    actions.reset_factors(admin, user)
    assert not Authenticator.objects.filter(user=user).exists()
    assert Entry.objects.get(action="people.factors-reset").detail == {"factors": 1}
