"""Signing in at a provider of identities, against a real one on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import oidc_provider_mock
import pytest
from centrecast import Cast
from django.test import Client
from pytest_django.fixtures import Settings

from kulla.centre.audit.models import Entry
from kulla.centre.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Settings) -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        address = f"http://localhost:{server.server_port}"
        app = {"provider_id": "ministry", "name": "State login", "client_id": "kulla", "secret": "s",
               "settings": {"server_url": address}}  # fmt: skip
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}
        settings.ALLOWED_HOSTS = ["testserver"]
        yield address


def _signed_in(client: Client, subject: str) -> Any:
    """As a browser goes: to the provider, its form, and back."""
    away = client.post("/accounts/oidc/ministry/login/")
    assert away.status_code == 302, away.content
    back = httpx.post(away["Location"], data={"sub": subject}, follow_redirects=False)
    assert back.status_code in {302, 303}, back.text
    return client.get(back.headers["Location"], follow=True)


def test_the_page_offers_it(provider: str, people: Cast) -> None:
    assert "Sign in with State login" in Client().get("/accounts/login/").content.decode()


def test_who_was_given_the_identity_signs_in(provider: str, people: Cast, exercise: None) -> None:
    User.objects.filter(username="analyst-civil").update(identity="ministry:4711")
    client = Client()
    page = _signed_in(client, "4711")
    assert page.wsgi_request.user.username == "analyst-civil"
    again = Client()
    assert _signed_in(again, "4711").wsgi_request.user.username == "analyst-civil"


@pytest.mark.parametrize("subject", ["analyst-civil", "analyst-civil@example.al", "4712"])
def test_names_and_mail_join_nobody(provider: str, people: Cast, subject: str) -> None:
    User.objects.filter(username="analyst-civil").update(identity="ministry:4711", email="analyst-civil@example.al")
    page = _signed_in(Client(), subject)
    assert not page.wsgi_request.user.is_authenticated
    assert "belongs to no user here" in page.content.decode()
    assert Entry.objects.filter(action="people.sign-in-unknown").exists()


def test_a_closed_user_does_not_come_in_by_it(provider: str, people: Cast) -> None:
    User.objects.filter(username="analyst-civil").update(identity="ministry:4711", is_active=False)
    assert not _signed_in(Client(), "4711").wsgi_request.user.is_authenticated


def test_an_identity_that_was_taken_away_signs_in_no_more(provider: str, people: Cast, exercise: None) -> None:
    """Joined once, it would otherwise stay a way in, whatever the administrator wrote."""
    user = User.objects.filter(username="analyst-civil")
    user.update(identity="ministry:4711")
    assert _signed_in(Client(), "4711").wsgi_request.user.is_authenticated
    user.update(identity="")
    assert not _signed_in(Client(), "4711").wsgi_request.user.is_authenticated
    User.objects.filter(username="officer-civil").update(identity="ministry:4711")
    assert _signed_in(Client(), "4711").wsgi_request.user.username == "officer-civil"
