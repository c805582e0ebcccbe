"""Decorators that stand before views: who has not signed in goes to the sign-in, who lacks the verb sees 404."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from kulla.centre.people.door import sight
from kulla.centre.people.models import User

View = Callable[..., Any]


def _nul(request: HttpRequest) -> bool:
    """Whether a NUL stands in the address or the form: PostgreSQL holds none, and every look-up would fail by it."""
    values = [value for given in (request.GET, request.POST) for _name, each in given.lists() for value in each]
    return any("\0" in str(value) for value in (request.path, *values))


def signed_in(view: View) -> View:
    """Calls `view(request, actor, …)` with the user; who is nobody goes to the sign-in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _nul(request):
            raise BadRequest("a NUL is no text")
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        answer: HttpResponseBase = view(request, request.user, *args, **kwargs)
        return answer

    return guarded


def fresh(view: View) -> View:
    """Stands below `verb` before acts that give power or let something out: who sends one must have said who they are
    within the last ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, so that a console left open is not enough. Others confirm
    it first and come back to the page they sent it from."""

    @wraps(view)
    def guarded(request: HttpRequest, actor: User, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and not settings.EXERCISE and not _recent(request, actor):
            ways = get_adapter().get_reauthentication_methods(actor)
            if not ways:
                raise PermissionDenied
            messages.info(request, _("Confirm that it is you, then send it again."))
            return redirect(f"{ways[0]['url']}?{urlencode({REDIRECT_FIELD_NAME: _sent_from(request)})}")
        answer: HttpResponseBase = view(request, actor, *args, **kwargs)
        return answer

    return guarded


def _recent(request: HttpRequest, actor: User) -> bool:
    told = [each["at"] for each in get_authentication_records(request, actor)]
    return bool(told) and time.time() - max(told) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def _sent_from(request: HttpRequest) -> str:
    """The page of ours that the form stood on; the first one when the browser does not tell."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if ours else "/"


def verb(name: str) -> Callable[[View], View]:
    """Calls `view(request, actor, …)` for who has the verb somewhere; to others the page does not exist."""

    def wrapped(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, actor: User, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not sight(actor).has(name):
                raise Http404
            answer: HttpResponseBase = view(request, actor, *args, **kwargs)
            return answer

        return signed_in(guarded)

    return wrapped
