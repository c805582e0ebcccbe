"""The forms of people."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kulla.centre.people.models import Asset, Constituent, Membership, User


class WelcomeForm(SetPasswordForm):  # type: ignore[type-arg]
    """A first password, twice."""


class ZoneMixin:
    """A form with a time zone, which must be one that is known."""

    cleaned_data: ClassVar[dict[str, Any]]

    def clean_timezone(self) -> str:
        name = str(self.cleaned_data["timezone"])
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone: write it as Europe/Tirane."))
        return name


class UserForm(ZoneMixin, forms.ModelForm[User]):
    """Who somebody is. What they may do is in their memberships."""

    class Meta:
        model = User
        fields: ClassVar = [
            *("username", "first_name", "last_name", "email", "language", "timezone"),
            *("register_account", "identity", "is_active"),
        ]


class OwnForm(ZoneMixin, forms.ModelForm[User]):
    """What a user may change of themselves."""

    class Meta:
        model = User
        fields: ClassVar = ["first_name", "last_name", "email", "language", "timezone"]


class MembershipForm(forms.ModelForm[Membership]):
    """A role, where."""

    class Meta:
        model = Membership
        fields: ClassVar = ["role", "zone", "constituent"]
        labels: ClassVar = {"constituent": gettext_lazy("Constituent")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        where = self.fields["constituent"]
        assert isinstance(where, forms.ModelChoiceField)
        where.to_field_name = "name"


class ConstituentForm(forms.ModelForm[Constituent]):
    """An organisation that the centre serves."""

    class Meta:
        model = Constituent
        fields: ClassVar = [
            *("name", "title", "zone", "sector", "essential", "contacts", "networks", "silent_after"),
        ]


class AssetForm(forms.ModelForm[Asset]):
    """A machine of a constituent."""

    class Meta:
        model = Asset
        fields: ClassVar = ["name", "weight", "note"]
