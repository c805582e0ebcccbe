"""The pages of registers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from kulla.centre.alerts.models import Alert
from kulla.centre.audit.chain import record
from kulla.centre.guard import actions
from kulla.centre.guard.charts import reads_by_day
from kulla.centre.guard.models import Reveal
from kulla.centre.guard.registers import Held, accounts, health, held, one
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import fresh, verb

SHOWN = 100


@verb("registers.see")
def index(request: HttpRequest, actor: User) -> HttpResponse:
    """The registers whose reads this centre watches."""
    return render(request, "guard/index.html", {"registers": [(each, health(accounts(each))) for each in held(actor)]})


def findings(actor: User, register: Held) -> Any:
    """The findings about a register that the actor sees: alerts of its constituent. Those about its administrators are
    the centre's alone, so that whoever owns the register is not shown them."""
    places = door.sight(actor)
    rows = Alert.objects.filter(register=register.name, kind="insider", constituent=register.constituent)
    if places.has("alerts.see", register.constituent.zone, register.constituent.pk):
        return door.visible(actor, rows)
    own = actor.register_account
    rows = rows.filter(admins_only=False).exclude(tlp="RED")
    return rows.exclude(account__iexact=own) if own else rows


@verb("registers.see")
def register(request: HttpRequest, actor: User, name: str) -> HttpResponse:
    """One register: accounts against their baseline, findings, audit, copies."""
    found = one(actor, name)
    every = accounts(found)
    page = {
        "register": found, "state": health(every), "accounts": every[:SHOWN], "more": max(len(every) - SHOWN, 0),
        "findings": findings(actor, found)[:50], "copies": found.manifest.copies,
        "reveals": door.visible(actor, Reveal.objects.filter(register=found.name, constituent=found.constituent))[:20],
    }  # fmt: skip
    return render(request, "guard/register.html", page)


@verb("registers.see")
def account(request: HttpRequest, actor: User, name: str, pseudonym: str) -> HttpResponse:
    """One account of a register, under its pseudonym. Nobody sees the page of their own account."""
    found = one(actor, name)
    mine = next((each for each in accounts(found) if each.pseudonym == pseudonym), None)
    if mine is None or _own(actor, found, pseudonym):
        raise Http404
    record(actor, "guard.account", "", zone=found.constituent.zone, register=found.name, pseudonym=pseudonym)
    asked = Reveal.objects.filter(register=found.name, pseudonym=pseudonym, constituent=found.constituent)
    reveals = [(row, actions.told(actor, row, found)) for row in door.visible(actor, asked)]
    may = door.sight(actor).has("registers.reveal", found.constituent.zone, found.constituent.pk)
    page = {"register": found, "account": mine, "chart": reads_by_day(mine), "reveals": reveals, "may": may}
    return render(request, "guard/account.html", page)


def _own(actor: User, register: Held, pseudonym: str) -> bool:
    from kulla.centre.guard.registers import behind

    name = behind(register, pseudonym) if actor.register_account else None
    return bool(name) and str(name).casefold() == actor.register_account.casefold()


@require_POST
@verb("registers.reveal")
@fresh
def reveal(request: HttpRequest, actor: User, name: str, pseudonym: str) -> HttpResponse:
    """Ask who is behind a pseudonym."""
    try:
        actions.ask_reveal(actor, one(actor, name), pseudonym, request.POST.get("reason", ""))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("guard:account", name, pseudonym)


@require_POST
@verb("registers.reveal")
@fresh
def agree(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Agree to it."""
    row = door.one(actor, Reveal.objects.all(), uid=uid)
    one(actor, row.register)
    try:
        actions.agree_reveal(actor, row)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("guard:account", row.register, row.pseudonym)
