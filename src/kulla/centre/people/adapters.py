"""How allauth treats our users: nobody signs up; a provider of identities may sign in whom we know."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.people.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by an administrator alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        record(None, "people.sign-in-failed", "", address=self.get_client_ip(request))


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """An identity that a provider vouches for is joined to the user who was given it, as `provider:subject`. Names and
    mail addresses join nobody: at many providers people choose them."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        account = sociallogin.account
        user = User.objects.filter(identity=f"{account.provider}:{account.uid}", is_active=True).first()
        if sociallogin.is_existing:
            if user is not None and account.user_id == user.pk:
                return
            # It was joined to a user from whom an administrator took it: from then on it is nobody's, or another's.
            SocialAccount.objects.filter(pk=account.pk).delete()
            user = None
        if user is None:
            record(None, "people.sign-in-unknown", "", provider=account.provider)
            messages.error(request, _("This identity belongs to no user here. Ask an administrator for an account."))
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, user)
