"""Notices, the rota, and whether the channels work."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kulla.centre.alerts.models import Alert
from kulla.centre.cases.models import Case
from kulla.centre.notices import rota as acts
from kulla.centre.notices.calling import on_duty
from kulla.centre.notices.forms import ShiftForm, zones_of
from kulla.centre.notices.models import Mailbox, Notice, Progress, Shift, Standing, Telling, Way
from kulla.centre.notices.saying import words
from kulla.centre.notices.ways import ways
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site import errors
from kulla.centre.site.guards import verb
from kulla.centre.site.place import centre
from kulla.errors import ConfigError


@verb("notices.see")
def mine(request: HttpRequest, actor: User) -> HttpResponse:
    """Notices that wait for somebody, one's own first; then those that are over."""
    rows = door.visible(actor, Notice.objects.select_related("known_by", "person"))
    told = Telling.objects.filter(person=actor).values("notice")
    waiting = list(rows.exclude(standing=Standing.KNOWN)[:200])
    own = set(Notice.objects.filter(Q(pk__in=told) | Q(person=actor), pk__in=[r.pk for r in waiting]).values_list("pk", flat=True))  # fmt: skip # noqa: E501
    waiting.sort(key=lambda row: row.pk not in own)
    page = Paginator(rows.filter(standing=Standing.KNOWN), 50).get_page(request.GET.get("page"))
    shown = {
        "waiting": [(row, words(row), row.pk in own) for row in waiting],
        "over": [(row, words(row)) for row in page], "page": page,
    }  # fmt: skip
    return render(request, "notices/mine.html", shown)


@verb("notices.see")
def notice(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """A notice: what it is about, as far as the reader sees that, and who was told."""
    row = door.one(actor, Notice.objects.select_related("known_by", "person"), uid=uid)
    ids: dict[str, list[int]] = {"alert": [], "case": []}
    for ref in row.refs:
        kind, _colon, number = ref.partition(":")
        ids[kind].append(int(number))
    shown = {
        "notice": row, "said": words(row), "known": row.standing == Standing.KNOWN,
        "alerts": door.visible(actor, Alert.objects.filter(pk__in=ids["alert"]))[:50],
        "cases": door.visible(actor, Case.objects.filter(pk__in=ids["case"])),
        "tellings": door.visible(actor, Telling.objects.filter(notice=row)).select_related("person"),
    }  # fmt: skip
    return render(request, "notices/notice.html", shown)


@require_POST
@verb("notices.see")
def acknowledge(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Say that one sees to it."""
    if acts.acknowledge(actor, door.one(actor, Notice.objects.all(), uid=uid)):
        messages.success(request, _("It is yours; nobody else is called."))
    else:
        messages.info(request, _("Somebody has acknowledged it already."))
    return redirect("notices:notice", uid)


@verb("notices.see")
def rota(request: HttpRequest, actor: User) -> HttpResponse:
    """Who is called, now and in the time to come."""
    now = timezone.now()
    form = ShiftForm(actor, request.POST or None)
    may = bool(zones_of(actor, "notices.rota"))
    if request.method == "POST" and may and form.is_valid():
        given = form.cleaned_data
        try:
            acts.add_shift(actor, given["person"], given["zone"], given["start"], given["end"], given["order"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("On the rota."))
            return redirect("notices:rota")
    rows = door.visible(actor, Shift.objects.filter(end__gt=now)).select_related("person")
    mine_too = door.sight(actor).places("notices.see")
    duty = [(label, on_duty(zone, now)) for zone, label in zones_of(actor, "notices.see") if (zone, None) in mine_too]
    shown = {"rows": [(row, row.start <= now) for row in rows[:500]], "duty": duty, "form": form if may else None}
    return render(request, "notices/rota.html", shown)


@require_POST
@verb("notices.rota")
def remove(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Take somebody off the rota."""
    acts.remove_shift(actor, door.one(actor, Shift.objects.all(), uid=uid))
    return redirect("notices:rota")


@verb("notices.see")
def channels(request: HttpRequest, actor: User) -> HttpResponse:
    """What is configured, when it last worked, and what failed. Addresses of webhooks are not shown: they can hold a
    secret."""
    try:
        told, wrong = ways(centre().told), ""
    except ConfigError as error:
        return render(request, "notices/channels.html", {"wrong": errors.told(error)})
    zones = {zone for zone, _one in door.sight(actor).places("notices.see")}
    states = {row.name: row for row in Mailbox.objects.all()}
    tellings = door.visible(actor, Telling.objects.all()).exclude(channel="page")
    last: dict[str, Any] = {
        row["channel"]: row
        for row in tellings.values("channel").annotate(
            sent=Max("sent"), failed=Count("pk", filter=Q(state=Way.FAILED)),
            waiting=Count("pk", filter=Q(state=Way.WAITING)),
        )
    }  # fmt: skip
    progress = {row.name: row.at for row in Progress.objects.all()}
    shown = {
        "wrong": wrong, "told": told, "exercise_centre": settings.EXERCISE,
        "boxes": [(box, states.get(box.name)) for box in told.boxes if box.zone in zones],
        "mail": last.get("mail"),
        "webhooks": [(hook, last.get(f"hook:{hook.name}")) for hook in told.webhooks if hook.zones & zones],
        "looked": progress.get("calls"), "beat": progress.get("heartbeat"),
        "failed": tellings.exclude(error="").select_related("notice").order_by("-pk")[:20],
    }  # fmt: skip
    return render(request, "notices/channels.html", shown)
