"""The people whom the centre's tests use: in each zone somebody of every role, and somebody who is nobody.

Names tell what they are: analyst-civil, officer-military, owner-tax (one constituent), nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kulla.centre.people import door
from kulla.centre.people.models import Constituent, Membership, User
from kulla.centre.people.zones import Role, Zone


@dataclass
class Cast:
    """`people` by name; `places` are the constituents by name."""

    people: dict[str, User] = field(default_factory=dict)
    places: dict[str, Constituent] = field(default_factory=dict)

    def __getitem__(self, name: str) -> User:
        return self.people[name]


PLACES = (("tax", Zone.CIVIL), ("health", Zone.CIVIL), ("navy", Zone.MILITARY), ("border", Zone.JOINT))


def cast() -> Cast:
    """Everybody, made in the database. Needs all zones open (see `everywhere`)."""
    made = Cast()
    for name, where in PLACES:
        made.places[name] = Constituent.objects.create(name=name, title=name.title(), zone=where, essential=True)
    for zone in Zone.values:
        for role in Role.values:
            made.people[f"{role}-{zone}"] = person(f"{role}-{zone}", (role, zone, None))
    made.people["analyst-tax"] = person("analyst-tax", ("analyst", "civil", made.places["tax"]))
    made.people["owner-tax"] = person("owner-tax", ("owner", "civil", made.places["tax"]))
    made.people["nobody"] = person("nobody")
    made.people["everything"] = person("everything", *((r, z, None) for r in Role.values for z in Zone.values))
    return made


def person(name: str, *roles: tuple[str, str, Constituent | None]) -> User:
    """A user with these (role, zone, constituent)."""
    user = User.objects.create_user(name)
    for role, zone, constituent in roles:
        Membership.objects.create(user=user, role=role, zone=zone, constituent=constituent)
    return user


@contextmanager
def everywhere() -> Iterator[None]:
    """All zones open in the database, as the centre's own worker has them."""
    with door.zones(door.ALL_ZONES):
        yield
