"""The pages of people: each reads a form, calls an act, goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.people import actions, door
from kulla.centre.people.forms import AssetForm, ConstituentForm, MembershipForm, OwnForm, UserForm
from kulla.centre.people.models import Asset, Membership, Token, User
from kulla.centre.site.guards import fresh, signed_in, verb


@verb("people.manage")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """Those whom the actor may give roles, with their roles in the zones that the actor manages."""
    users = _known(actor).prefetch_related(Prefetch("memberships", _managed(actor), "roles")).order_by("username")
    return render(request, "people/index.html", {"users": users})


def _managed(actor: User) -> QuerySet[Membership]:
    """Roles in zones that the actor manages: what a person is elsewhere is that zone's to know."""
    return Membership.objects.filter(zone__in=door.managed_zones(actor)).select_related("constituent").order_by("pk")


def _known(actor: User) -> QuerySet[User]:
    """People with a role in a zone that the actor manages, or with none anywhere: who works elsewhere alone is not
    theirs to know."""
    zones = door.managed_zones(actor)
    mine = Membership.objects.filter(zone__in=zones).values("user")
    free = ~Q(pk__in=Membership.objects.values("user")) if zones else Q(pk__in=())
    return User.objects.filter(Q(pk__in=mine) | free)


def _grant(actor: User, *given: Any, **more: Any) -> MembershipForm:
    """The form for a new role, which offers and takes the actor's own constituents."""
    form = MembershipForm(*given, **more)
    form.fields["constituent"].queryset = door.constituents(actor, "people.manage")  # type: ignore[attr-defined]
    return form


@verb("people.manage")
@fresh
def edit(request: HttpRequest, actor: User, uid: UUID | None = None) -> HttpResponse:
    """Make or change a user."""
    user = get_object_or_404(_known(actor), uid=uid) if uid else None
    form = UserForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_user(actor, form.save(commit=False))
            messages.success(request, _("Saved."))
            return redirect("people:edit", saved.uid)
        except ValidationError as error:
            form.add_error(None, error)
    roles = _managed(actor).filter(user=user) if user else ()
    page = {"form": form, "who": user, "roles": roles, "grant": _grant(actor)}
    return render(request, "people/edit.html", page)


@require_POST
@verb("people.manage")
@fresh
def invite(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Show a new one-time link: once, to whom asked."""
    user = get_object_or_404(_known(actor), uid=uid, is_active=True)
    link = request.build_absolute_uri(f"/welcome/{actions.invite(actor, user)}")
    return render(request, "people/invited.html", {"who": user, "link": link})


@require_POST
@verb("people.manage")
@fresh
def reset(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Take lost second factors away."""
    try:
        actions.reset_factors(actor, get_object_or_404(_known(actor), uid=uid))
        messages.success(request, _("The second factors were taken away."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("people:edit", uid)


@require_POST
@verb("people.manage")
@fresh
def grant(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Give a role."""
    membership = Membership(user=get_object_or_404(_known(actor), uid=uid))
    form = _grant(actor, request.POST, instance=membership)
    try:
        if form.is_valid():
            actions.grant(actor, form.save(commit=False))
            messages.success(request, _("Role given."))
        else:
            raise ValidationError([message for each in form.errors.values() for message in each])
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("people:edit", uid)


@require_POST
@verb("people.manage")
@fresh
def revoke(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Take a role away."""
    membership = get_object_or_404(_managed(actor).select_related("user"), uid=uid)
    user = membership.user.uid
    try:
        actions.revoke(actor, membership)
        messages.success(request, _("Role taken away."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("people:edit", user)


@signed_in
def me(request: HttpRequest, actor: User) -> HttpResponse:
    """One's own page: name, language, time zone, second factors, tokens."""
    form = OwnForm(request.POST or None, instance=User.objects.get(pk=actor.pk))
    if request.method == "POST" and form.is_valid():
        actions.save_self(actor, form.save(commit=False))
        messages.success(request, _("Saved."))
        return redirect("people:me")
    page = {"form": form, "tokens": actor.tokens.order_by("name"), "scopes": actions.SCOPES}
    return render(request, "people/me.html", page)


@require_POST
@signed_in
@fresh
def token_new(request: HttpRequest, actor: User) -> HttpResponse:
    """Issue a token and show it once."""
    days = request.POST.get("days", "")
    try:
        name, scopes = request.POST.get("name", "")[:100] or "token", request.POST.getlist("scopes")
        secret = actions.issue_token(actor, name, scopes, int(days[:4]) if days.isdecimal() else 0)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("people:me")
    return render(request, "people/token.html", {"secret": secret})


@require_POST
@signed_in
def token_end(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """End one of one's own tokens."""
    actions.withdraw_token(actor, get_object_or_404(Token, uid=uid, user=actor))
    return redirect("people:me")


@signed_in
def constituents(request: HttpRequest, actor: User) -> HttpResponse:
    """The organisations served: those of zones that one manages, and those that one's work touches."""
    manage = door.constituents(actor, "people.manage")
    rows = manage | door.constituents(actor, "situation.see") | door.constituents(actor, "registers.see")
    page = {"rows": rows.distinct(), "manage": set(manage), "new": door.sight(actor).has("people.manage")}
    return render(request, "people/constituents.html", page)


@verb("people.manage")
def constituent(request: HttpRequest, actor: User, uid: UUID | None = None) -> HttpResponse:
    """Make or change a constituent."""
    row = get_object_or_404(door.constituents(actor, "people.manage"), uid=uid) if uid else None
    form = ConstituentForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            saved = actions.save_constituent(actor, form.save(commit=False))
            messages.success(request, _("Saved."))
            return redirect("people:constituent", saved.uid)
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "people/constituent.html", {"form": form, "row": row, "asset": AssetForm()})


@require_POST
@verb("people.manage")
def asset_new(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Add an asset."""
    constituent = get_object_or_404(door.constituents(actor, "people.manage"), uid=uid)
    form = AssetForm(request.POST, instance=Asset(constituent=constituent))
    if form.is_valid():
        actions.save_asset(actor, form.save(commit=False))
    else:
        messages.error(request, " ".join(str(message) for each in form.errors.values() for message in each))
    return redirect("people:constituent", uid)
