"""A centre's constituents, users and roles from one TOML file: for the first day, and for the next hundred users.

    [[constituent]]
    name = "taxes"                      # as in registers' manifests and the inbox
    title = "General Directorate of Taxes"
    zone = "civil"
    sector = "public administration"    # the rest may be left out
    essential = true
    contacts = ["A. Hoxha, dpo, +355 4 000 000, dpo@example.al"]

    [[user]]
    name = "mira"
    language = "sq"
    roles = ["analyst civil", "owner civil taxes"]    # role, zone, constituent if only over one

What is there already stays; a user who is new gets a one-time link.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from kulla.centre.people import actions
from kulla.centre.people.models import Constituent, Membership, User
from kulla.centre.people.zones import Role, Zone
from kulla.errors import ConfigError

_CONSTITUENT: Final = {"name", "title", "zone", "sector", "essential", "contacts", "networks", "silent_after"}
_USER: Final = {
    "name",
    "first_name",
    "last_name",
    "email",
    "language",
    "timezone",
    "register_account",
    "identity",
    "roles",
}


@dataclass(frozen=True, slots=True)
class Provided:
    """What was made: names of constituents, and of new users with the tokens of their links."""

    constituents: tuple[str, ...]
    users: tuple[tuple[str, str], ...]
    roles: int


def provide(text: str, place: str) -> Provided:
    """Make what the file names and the centre has not; all of it or nothing. Needs all zones open.

    Raises ConfigError naming the entry that is wrong.
    """
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: not TOML: {error}") from None
    if set(whole) - {"constituent", "user"}:
        raise ConfigError(f"{place}: holds [[constituent]] and [[user]] alone")
    with transaction.atomic():
        places = [each for number, row in _entries(whole, "constituent", _CONSTITUENT, place)
                  if (each := _constituent(row, f"{place}: constituent {number}"))]  # fmt: skip
        made = [_user(row, f"{place}: user {number}") for number, row in _entries(whole, "user", _USER, place)]
        tokens = tuple((user.username, actions.invite(None, user)) for user, new, _roles in made if new)
    return Provided(tuple(places), tokens, sum(roles for _user, _new, roles in made))


def _entries(whole: Mapping[str, Any], name: str, known: set[str], place: str) -> list[tuple[int, dict[str, Any]]]:
    rows = whole.get(name, [])
    for number, row in enumerate(rows, 1):
        unknown = sorted(set(row) - known) if isinstance(row, dict) else ["?"]
        if unknown or not row.get("name"):
            said = f"no such value: {', '.join(unknown)}" if unknown else "has no name"
            raise ConfigError(f"{place}: {name} {number}: {said}")
    return list(enumerate(rows, 1))


def _constituent(row: dict[str, Any], place: str) -> str:
    """The name of a constituent that was made; empty when it was there."""
    if Constituent.objects.filter(name=row["name"]).exists():
        return ""
    values = {key: "\n".join(value) if isinstance(value, list) else value for key, value in row.items()}
    try:
        return actions.save_constituent(None, Constituent(**{"title": row["name"], **values})).name
    except ValidationError as error:
        raise ConfigError(f"{place}: {' '.join(error.messages)}") from None


def _user(row: dict[str, Any], place: str) -> tuple[User, bool, int]:
    """The user, whether it was made, and how many roles were given."""
    values = {key: value for key, value in row.items() if key not in {"name", "roles"}}
    user = User.objects.filter(username__iexact=row["name"]).first()
    new = user is None
    if user is None:
        user = User(username=row["name"], **values)
        user.set_unusable_password()
        try:
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            raise ConfigError(f"{place}: {' '.join(error.messages)}") from None
        user.save()
    given = sum(_role(user, str(each), place) for each in row.get("roles", ()))
    return user, new, given


def _role(user: User, text: str, place: str) -> bool:
    role, zone, name = [*text.split(), "", "", ""][:3]
    if role not in Role.values or zone not in Zone.values or len(text.split()) > 3:
        raise ConfigError(f"{place}: a role is written as: analyst civil, or: owner civil taxes")
    constituent = Constituent.objects.filter(name=name, zone=zone).first() if name else None
    if name and constituent is None:
        raise ConfigError(f"{place}: there is no constituent {name} in zone {zone}")
    if Membership.objects.filter(user=user, role=role, zone=zone, constituent=constituent).exists():
        return False
    actions.grant(None, Membership(user=user, role=role, zone=zone, constituent=constituent))
    return True
