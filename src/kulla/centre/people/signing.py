"""What is kept of who signs in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from kulla.centre.audit.chain import record
from kulla.centre.people.models import User


def signed_in(sender: Any, request: HttpRequest | None, user: User, **_: Any) -> None:
    """Every sign-in leaves an entry in the audit, as every failed one does."""
    record(user, "people.sign-in", user)
