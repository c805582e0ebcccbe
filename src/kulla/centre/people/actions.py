"""What can be done with people. Each act takes who acts, is one transaction and leaves one entry in the audit."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from operator import attrgetter
from typing import Final

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record, turn
from kulla.centre.people import door
from kulla.centre.people.models import Asset, Constituent, Invitation, Membership, Token, User
from kulla.centre.people.zones import Role

INVITATION: Final = timedelta(days=3)
SCOPES: Final = ("alerts", "cases", "evidence", "events", "registers", "situation", "traces", "write")
"""What a token may reach; `write` lets it change what its other scopes let it see."""


def hashed(secret: str) -> str:
    """What is kept of a token. A fast hash will do: the token has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def invite(actor: User | None, user: User) -> str:
    """A one-time link's token for `user`; earlier ones are worth nothing from now on. `actor` is None when the
    centre is made."""
    if actor is not None:
        door.need_person(actor, user)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        user.invitations.filter(used=None).delete()
        Invitation.objects.create(user=user, token_hash=hashed(token), expires=timezone.now() + INVITATION)
        record(actor, "people.invite", user)
    return token


def invitation(token: str) -> Invitation | None:
    """The invitation behind a link, or None when it was used, has expired or never was."""
    found = Invitation.objects.select_related("user").filter(token_hash=hashed(token), used=None).first()
    return found if found and found.expires > timezone.now() and found.user.is_active else None


def accept(given: Invitation, password: str) -> User:
    """Set the password and spend the link. Raises ValidationError when another request spent it meanwhile."""
    with transaction.atomic():
        if not Invitation.objects.filter(pk=given.pk, used=None).update(used=timezone.now()):
            raise ValidationError(_("This link was used already."))
        given.user.set_password(password)
        given.user.save()
        record(given.user, "people.accept", given.user)
    return given.user


def save_user(actor: User, user: User) -> User:
    """Make or change a user. A new one has no usable password until they follow an invitation; one who is closed loses
    sessions, tokens, links and password, so that opening them again gives nobody a way in.

    Raises ValidationError, PermissionDenied.
    """
    door.need(actor, "people.manage")
    new = user.pk is None
    before = None if new else User.objects.get(pk=user.pk)
    if not new:
        door.need_person(actor, user)
    if user.pk == actor.pk and before and _OTHERS(before) != _OTHERS(user):
        raise ValidationError(_("What others see about you is another administrator's to change."))
    if user.identity and User.objects.filter(identity=user.identity).exclude(pk=user.pk).exists():
        raise ValidationError({"identity": _("Another user has this identity.")})
    with transaction.atomic():
        turn()
        if new:
            user.set_unusable_password()
        elif before and before.is_active and not user.is_active:
            _close(user)
        user.is_staff = user.is_superuser = False
        user.save()
        record(actor, "people.add" if new else "people.change", user, active=user.is_active)
    return user


_OTHERS: Final = attrgetter("register_account", "identity", "is_active")
"""What nobody changes of themselves: whose findings are kept from them, who signs in as them, whether they may."""


def reset_factors(actor: User, user: User) -> None:
    """Take every second factor of a user away: they were lost. The user sets up a new one at the next sign-in, before
    anything else opens. Nobody resets their own."""
    door.need_person(actor, user)
    if user.pk == actor.pk:
        raise ValidationError(_("Nobody resets their own second factors: ask another administrator."))
    with transaction.atomic():
        count, _kinds = Authenticator.objects.filter(user=user).delete()
        record(actor, "people.factors-reset", user, factors=count)


def _close(user: User) -> None:
    """Called on the audit's turn: of two administrators who close each other at once the second is refused."""
    for role in user.memberships.filter(role=Role.ADMINISTRATOR, constituent=None):
        _need_another(role)
    user.tokens.all().delete()
    user.invitations.filter(used=None).delete()
    user.set_unusable_password()  # another value each time: every session was bound to the old one


def _need_another(role: Membership) -> None:
    """Raises ValidationError when nobody else administers the zone of this role: nobody could manage it any more."""
    others = Membership.objects.filter(role=Role.ADMINISTRATOR, zone=role.zone, constituent=None, user__is_active=True)
    if not others.exclude(user=role.user_id).exists():
        raise ValidationError(_("This is the last administrator."))


def grant(actor: User | None, membership: Membership) -> Membership:
    """Give a role. Nobody gives one to themselves. `actor` is None when the centre is made."""
    if actor is not None:
        _need_zone(actor, membership.zone)
        if membership.user_id == actor.pk:
            raise ValidationError(_("Nobody gives themselves a role: ask another administrator."))
    membership.full_clean()
    with transaction.atomic():
        membership.save()
        door.forget(membership.user)
        record(actor, "people.grant", membership.user, zone=membership.zone, role=membership.role,
               constituent=membership.constituent_id)  # fmt: skip
    return membership


def revoke(actor: User, membership: Membership) -> None:
    """Take a role away. Raises ValidationError for the last administrator of a zone."""
    _need_zone(actor, membership.zone)
    with transaction.atomic():
        turn()  # two who take each other's role away at once would leave nobody
        if membership.role == Role.ADMINISTRATOR and membership.constituent_id is None:
            _need_another(membership)
        record(actor, "people.revoke", membership.user, zone=membership.zone, role=membership.role,
               constituent=membership.constituent_id)  # fmt: skip
        membership.delete()
        door.forget(membership.user)


def save_constituent(actor: User | None, constituent: Constituent) -> Constituent:
    """Make or change a constituent. Its zone stays: rows of it are in that zone; and its name: events bear it."""
    if actor is not None:
        _need_zone(actor, constituent.zone)
    constituent.full_clean()
    with transaction.atomic():
        new = constituent.pk is None
        if not new and not Constituent.objects.filter(pk=constituent.pk, zone=constituent.zone).exists():
            raise ValidationError({"zone": _("A constituent stays in its zone; make a new one.")})
        if not new and not Constituent.objects.filter(pk=constituent.pk, name=constituent.name).exists():
            raise ValidationError({"name": _("A constituent keeps its name: folders and events know it by that.")})
        constituent.save()
        record(actor, "people.constituent-add" if new else "people.constituent-change", constituent)
    return constituent


def save_asset(actor: User, asset: Asset) -> Asset:
    """Make or change an asset."""
    _need_zone(actor, asset.constituent.zone)
    asset.full_clean()
    with transaction.atomic():
        asset.save()
        record(actor, "people.asset", asset.constituent, asset=asset.pk)
    return asset


def save_self(actor: User, user: User) -> User:
    """Change one's own name, mail, language or time zone."""
    with transaction.atomic():
        user.save(update_fields=["first_name", "last_name", "email", "language", "timezone"])
        record(actor, "people.self", user)
    return user


def issue_token(actor: User, name: str, scopes: list[str], days: int) -> str:
    """A key to the API for oneself: shown once. Raises ValidationError for an unknown scope or a life over a year."""
    if set(scopes) - set(SCOPES) or not scopes:
        raise ValidationError(_("Choose scopes from the list."))
    if not 1 <= days <= 366:
        raise ValidationError(_("A token lives from 1 to 366 days."))
    secret = f"kulla_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        expires = timezone.now() + timedelta(days=days)
        token = Token.objects.create(
            user=actor, name=name, token_hash=hashed(secret), scopes=sorted(scopes), expires=expires
        )
        record(actor, "people.token", token, scopes=sorted(scopes))
    return secret


def withdraw_token(actor: User, token: Token) -> None:
    """End a token: one's own, or anybody's by an administrator."""
    if token.user_id != actor.pk:
        door.need_person(actor, token.user)
    with transaction.atomic():
        record(actor, "people.token-end", token)
        token.delete()


def _need_zone(actor: User, zone: str) -> None:
    """Raises PermissionDenied unless `actor` manages people over the whole of `zone`."""
    if (zone, None) not in door.sight(actor).places("people.manage"):
        raise PermissionDenied
