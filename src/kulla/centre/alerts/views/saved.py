"""Saved views of the queue."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from kulla.centre.alerts import saving
from kulla.centre.alerts.forms import ViewForm
from kulla.centre.alerts.models import SavedView
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb


@verb("alerts.see")
@require_POST
def save_view(request: HttpRequest, actor: User) -> HttpResponse:
    """Keep what the queue shows now under a name."""
    form, query = ViewForm(request.POST), QueryDict(request.POST.get("query", "")).copy()
    query.pop("page", None)
    if form.is_valid():
        try:
            saving.save_view(actor, form.cleaned_data["name"], query.urlencode(), form.cleaned_data["shared"])
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
    return redirect(f"{reverse('alerts:index')}?{query.urlencode()}")


@verb("alerts.see")
@require_POST
def forget_view(request: HttpRequest, actor: User, uid: UUID) -> HttpResponse:
    """Drop a view of one's own."""
    saving.forget_view(actor, door.one(actor, SavedView.objects.filter(user=actor), uid=uid))
    return redirect("alerts:index")
