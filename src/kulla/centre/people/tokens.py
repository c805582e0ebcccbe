"""Who a request's API token speaks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import HttpRequest
from django.utils import timezone

from kulla.centre.people.actions import hashed
from kulla.centre.people.models import Token

API: Final = "/api/"
_NOTED: Final = timedelta(minutes=5)
"""A token's last use is written at most this often: reads would otherwise all be writes."""


def token_of(request: HttpRequest) -> Token | None:
    """The token in the Authorization header, when it is known, has not expired and its user is active."""
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    token = Token.objects.select_related("user").filter(token_hash=hashed(secret.strip())).first()
    now = timezone.now()
    if token is None or token.expires <= now or not token.user.is_active:
        return None
    if token.last_used is None or now - token.last_used > _NOTED:
        Token.objects.filter(pk=token.pk).update(last_used=now)
    return token
