"""Who may call what: a token, its scopes, and its user's roles over rows. A token can do no more than its user."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.errors import HttpError

from kulla.centre.people.models import Token, User


class Scope:
    """Lets through who bears a token with these scopes. Without a token: 401; without a scope: 403."""

    def __init__(self, *scopes: str) -> None:
        self.scopes = frozenset(scopes)

    def __call__(self, request: HttpRequest) -> User | None:
        token: Token | None = getattr(request, "token", None)
        if token is None:
            return None
        missing = sorted(self.scopes - set(token.scopes))
        if missing:
            raise HttpError(403, f"this token lacks the scope {', '.join(missing)}")
        return token.user


def actor(request: HttpRequest) -> User:
    """The user who calls."""
    found: Any = request.auth  # type: ignore[attr-defined]
    assert isinstance(found, User)
    return found
