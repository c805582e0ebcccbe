"""Saved hunts."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from kulla.centre.hunting import actions
from kulla.centre.hunting.models import SavedHunt
from kulla.centre.hunting.question import Question
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb


@verb("events.search")
@require_POST
def save(request: HttpRequest, actor: User) -> HttpResponse:
    """Keep the question under a name."""
    asked, name = Question.of(request.POST.dict()), request.POST.get("name", "").strip()[:60]
    if name:
        try:
            actions.save_hunt(actor, name, asked.address(), bool(request.POST.get("shared")))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('hunting:index')}?{asked.address()}")


@verb("events.search")
@require_POST
def forget(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Drop a saved hunt of one's own."""
    actions.forget_hunt(actor, door.one(actor, SavedHunt.objects.filter(user=actor), uid=uid))
    return redirect("hunting:index")
