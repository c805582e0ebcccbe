"""Programs that call the API, for tests of it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from kulla.centre.people.actions import issue_token
from kulla.centre.people.models import User


class Caller:
    """A client that bears a token."""

    def __init__(self, user: User, *scopes: str) -> None:
        self._client = Client(headers={"Authorization": f"Bearer {issue_token(user, 't', list(scopes), 1)}"})

    def get(self, address: str) -> Any:
        return self._client.get(f"/api{address}")

    def post(self, address: str, **given: Any) -> Any:
        return self._client.post(f"/api{address}", given, content_type="application/json")

    def patch(self, address: str, **given: Any) -> Any:
        return self._client.patch(f"/api{address}", given, content_type="application/json")

    def send(self, address: str, **given: Any) -> Any:
        """A form with files."""
        return self._client.post(f"/api{address}", given)
