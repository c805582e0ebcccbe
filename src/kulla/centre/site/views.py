"""Pages that belong to no app: the way in, the keys of the keyboard, and whether the centre lives."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import login
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from kulla.centre.people import actions
from kulla.centre.people.door import sight
from kulla.centre.people.forms import WelcomeForm
from kulla.centre.people.models import User
from kulla.centre.site.menu import entries


def home(request: HttpRequest) -> HttpResponse:
    """The first page of the menu that the user may open; the sign-in for who is nobody yet."""
    if not isinstance(request.user, User):
        return redirect("account_login")
    pages = entries(sight(request.user), "")
    return redirect(pages[0]["address"]) if pages else render(request, "nothing.html")


def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers; says nothing else, since anybody may ask."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"ok": True})


def keys(request: HttpRequest) -> HttpResponse:
    """What each key does."""
    return render(request, "keys.html", {"pages": entries(sight(request.user), "")})


@never_cache
@sensitive_post_parameters()
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link: asks for a password, signs in who has no second factor yet, and is worth nothing from
    then on."""
    invitation = actions.invitation(token)
    if invitation is None:
        return render(request, "people/spent.html", status=410)
    form = WelcomeForm(invitation.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = actions.accept(invitation, form.cleaned_data["new_password1"])
        if is_mfa_enabled(user):  # a link replaces a password, never the second factor
            messages.success(request, _("The password was set: sign in with it and your second factor."))
            return redirect("account_login")
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect("home")
    return render(request, "people/welcome.html", {"form": form, "who": invitation.user})
