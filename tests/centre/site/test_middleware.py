"""What stands before every view."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast
from django.conf import settings as configured
from django.test import Client

pytestmark = pytest.mark.django_db


def test_without_a_second_factor_nothing_opens(people: Cast) -> None:
    client = Client()
    client.force_login(people["everything"], backend="django.contrib.auth.backends.ModelBackend")
    for address in ("/", "/alerts/", "/cases/", "/audit/", "/people/"):
        assert client.get(address)["Location"] == "/accounts/2fa/", address
    assert client.get("/accounts/2fa/").status_code in {200, 302}


def test_a_page_may_load_and_run_what_is_ours_alone(enter: Callable[[str], Client]) -> None:
    policy = enter("everything").get("/cases/")["Content-Security-Policy"]
    told = dict(part.strip().split(" ", 1) for part in policy.split(";") if " " in part.strip())
    assert told["default-src"] == told["frame-ancestors"] == told["base-uri"] == "'none'"
    assert told["script-src"] == told["style-src"] == told["connect-src"] == "'self'"


def test_the_language_is_the_users(enter: Callable[[str], Client], people: Cast) -> None:
    people["everything"].language = "sq"
    people["everything"].save()
    page = enter("everything").get("/cases/")
    assert page["Content-Language"] == "sq"
    assert 'lang="sq"' in page.content.decode()


def test_who_has_no_role_is_told_whom_to_ask(enter: Callable[[str], Client]) -> None:
    assert "administrator" in enter("nobody").get("/").content.decode()


def test_sessions_and_cookies_are_bound(people: Cast) -> None:
    assert configured.SESSION_COOKIE_HTTPONLY
    assert configured.SESSION_COOKIE_SECURE
    assert configured.CSRF_COOKIE_SECURE
    assert configured.SECURE_HSTS_SECONDS > 0
    assert not configured.DEBUG
