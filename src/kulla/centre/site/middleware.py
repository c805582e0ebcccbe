"""What stands between a request and its view: who asks, in which language and time, and which zones are open."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation

from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.people.tokens import API, token_of

Next = Callable[[HttpRequest], HttpResponse]


class TokenMiddleware:
    """Below /api/ a request is its token's user and nobody else: a browser's session counts for nothing there, so that
    no page of another site can use it."""

    def __init__(self, following: Next) -> None:
        self._next = following

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(API):
            token = token_of(request)
            request.user = token.user if token else AnonymousUser()
            request.token = token  # type: ignore[attr-defined]
        return self._next(request)


class PersonMiddleware:
    """Sets the user's language and time zone for the request."""

    def __init__(self, following: Next) -> None:
        self._next = following

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return self._next(request)
        try:
            zone = zoneinfo.ZoneInfo(user.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            zone = zoneinfo.ZoneInfo("UTC")
        request.LANGUAGE_CODE = user.language
        with translation.override(user.language), timezone.override(zone):
            response = self._next(request)
        response.headers["Content-Language"] = user.language
        return response


class ScopeMiddleware:
    """Opens the user's zones in the database, for the length of the request."""

    def __init__(self, following: Next) -> None:
        self._next = following

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with door.zones(door.sight(request.user).zones):
            return self._next(request)


class FactorMiddleware:
    """Sends who has no second factor yet to the page where it is set up; nothing else opens before."""

    OPEN = ("/accounts/", "/welcome/", "/static/", "/api/", "/health")

    def __init__(self, following: Next) -> None:
        self._next = following

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        free = settings.EXERCISE or request.path.startswith(self.OPEN)
        if not free and isinstance(user, User) and not is_mfa_enabled(user):
            return redirect("mfa_index")
        return self._next(request)
