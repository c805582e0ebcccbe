"""The door: every row that a user reaches comes through here.

A user sees a row when one of their memberships has a role with the row's verb (`Model.SEE`), in the row's zone, and is
over all constituents or over the row's. Nothing else (no flag of Django's, no address, no guess of a number) shows a
row. What is not visible does not exist: a page answers 404, counts leave it out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import Http404

from kulla.centre.people.models import Constituent, User, Zoned
from kulla.centre.people.zones import VERBS, Zone

Row = TypeVar("Row", bound=Zoned)


@dataclass(frozen=True)
class Sight:
    """What a user's memberships come to: read once a request."""

    memberships: tuple[tuple[str, str, int | None], ...]
    """(role, zone, constituent or None for all)."""

    @cached_property
    def zones(self) -> frozenset[str]:
        """Every zone in which the user is anything at all."""
        return frozenset(zone for _, zone, _ in self.memberships)

    def places(self, verb: str) -> tuple[tuple[str, int | None], ...]:
        """(zone, constituent or None) in which the user has `verb`."""
        roles = VERBS.get(verb, frozenset())
        return tuple(sorted({(z, c) for role, z, c in self.memberships if role in roles}, key=str))

    def has(self, verb: str, zone: str | None = None, constituent: int | None = None) -> bool:
        """Whether the user has `verb` at all, or in `zone`, or over `constituent` of it."""
        return any(zone is None or (z == zone and (c is None or c == constituent)) for z, c in self.places(verb))


NOBODY = Sight(())


def sight(user: Any) -> Sight:
    """The user's sight; nobody's for who has not signed in or may no longer."""
    if not isinstance(user, User) or not user.is_active or user.pk is None:
        return NOBODY
    known = user.__dict__.get("_sight")
    if known is None:
        rows = user.memberships.values_list("role", "zone", "constituent_id")
        known = user.__dict__["_sight"] = Sight(tuple(sorted(rows, key=str)))
    return cast("Sight", known)


def forget(user: User) -> None:
    """Read the user's memberships anew: they were changed."""
    user.__dict__.pop("_sight", None)


def allowed(user: Any, verb: str, zone: str = "zone", constituent: str = "constituent") -> Q:
    """The rows over which `user` has `verb`, for models whose zone and constituent lie behind these names."""
    found = Q(pk__in=())
    for place, one in sight(user).places(verb):
        found |= Q(**{zone: place}) if one is None else Q(**{zone: place, constituent: one})
    return found


def visible(user: Any, rows: QuerySet[Row]) -> QuerySet[Row]:
    """The rows of `rows` that `user` may see."""
    found = rows.filter(allowed(user, rows.model.SEE))
    narrow = getattr(rows.model, "narrow", None)
    return cast("QuerySet[Row]", narrow(user, found)) if narrow else found


def one(user: Any, rows: QuerySet[Row], **wanted: Any) -> Row:
    """The one visible row. Raises Http404, the same whether the row is missing or hidden."""
    found = visible(user, rows).filter(**wanted).first()
    if found is None:
        raise Http404
    return found


def constituents(user: Any, verb: str) -> QuerySet[Constituent]:
    """The constituents over which `user` has `verb`."""
    found = Q(pk__in=())
    for zone, one_only in sight(user).places(verb):
        found |= Q(zone=zone) if one_only is None else Q(zone=zone, pk=one_only)
    return Constituent.objects.filter(found)


def scope(user: Any, verb: str = "events.search") -> frozenset[tuple[str, str]]:
    """(zone, constituent's name) pairs whose events `user` may read: what the lake's one query function takes."""
    return frozenset(constituents(user, verb).values_list("zone", "name"))


def need(user: Any, verb: str, row: Zoned | None = None) -> None:
    """Raises PermissionDenied unless `user` has `verb`, over `row` when one is given."""
    have = sight(user)
    granted = have.has(verb) if row is None else have.has(verb, row.zone, row.constituent_id)
    if not granted:
        raise PermissionDenied


def need_person(actor: Any, person: User) -> None:
    """Raises PermissionDenied unless `actor` manages people in every zone in which `person` is anything: an
    administrator of one zone must not walk into another through an invitation to one of its people."""
    managed = managed_zones(actor)
    # Of whoever is closed too: what they were counts again when they are opened.
    if not managed or not set(person.memberships.values_list("zone", flat=True)) <= managed:
        raise PermissionDenied


def managed_zones(actor: Any) -> set[str]:
    """The zones in which `actor` manages people."""
    return {zone for zone, constituent in sight(actor).places("people.manage") if constituent is None}


ALL_ZONES = frozenset(Zone.values)


@contextmanager
def zones(wanted: frozenset[str]) -> Iterator[None]:
    """Within, PostgreSQL shows and takes rows of these zones alone, whatever the query asks. Outside of any such
    block it shows none. On SQLite the door is the only wall."""
    if connection.vendor != "postgresql":
        yield
        return
    before = _setting()
    _set(",".join(sorted(wanted)))
    try:
        yield
    finally:
        _set(before)


def _setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('kulla.zones', true)")
        return cursor.fetchone()[0] or ""


def _set(value: str) -> None:
    if connection.needs_rollback:  # inside a failed transaction nothing can be set; its rollback undoes what was
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('kulla.zones', %s, false)", [value])
