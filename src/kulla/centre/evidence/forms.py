"""The forms of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from kulla.centre.alerts.models import Alert
from kulla.centre.evidence.actions import TOOL
from kulla.centre.evidence.models import Item


class IntakeForm(forms.Form):
    """An item, with what ISO/IEC 27037 asks of its intake."""

    file = forms.FileField(label=_("File"))
    source = forms.CharField(label=_("Source: from whom or where"), max_length=300)
    officer = forms.CharField(label=_("Officer who took it"), max_length=200)
    legal_basis = forms.CharField(label=_("Legal basis"), max_length=300)
    device = forms.CharField(label=_("Device or path it came from"), max_length=300)
    tool = forms.CharField(label=_("Tool it was taken with"), max_length=200, initial=TOOL)
    note = forms.CharField(label=_("What it is"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class KeepForm(forms.Form):
    """Alerts of a case that become items of its evidence."""

    alerts = forms.MultipleChoiceField(label=_("Alerts"), widget=forms.CheckboxSelectMultiple)
    officer = forms.CharField(label=_("Officer who took it"), max_length=200)
    legal_basis = forms.CharField(label=_("Legal basis"), max_length=300)
    note = forms.CharField(label=_("What it is"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, rows: Iterable[Alert], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["alerts"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(each.uid, f"{each.title} · {each.host}" if each.host else each.title) for each in rows]


class HandOnForm(forms.Form):
    """What happens to an item."""

    kind = forms.ChoiceField(
        label=_("Event"),
        choices=[
            ("transferred", _("Handed to somebody within the centre")),
            ("sealed", _("Sealed")),
            ("released", _("Released out of the centre's care")),
            ("disposed", _("Disposed of")),
        ],
    )
    reason = forms.CharField(label=_("Reason"), max_length=500)
    recipient = forms.CharField(label=_("Recipient"), max_length=200, required=False)
    legal_basis = forms.CharField(label=_("Legal basis"), max_length=300, required=False)
    seal = forms.CharField(label=_("Number of the seal"), max_length=100, required=False)
    method = forms.CharField(label=_("How it was destroyed"), max_length=200, required=False)
    witness = forms.CharField(label=_("Witness (user)"), max_length=150, required=False)


class StampForm(forms.Form):
    """The authority's answer."""

    response = forms.FileField(label=_("Answer of the time-stamp authority (.tsr)"))
    certificates = forms.FileField(label=_("Its certificates (PEM)"))


class ExportForm(forms.Form):
    """What leaves, for whom, and why. With a recipient's X25519 key everything is sealed to it."""

    items = forms.ModelMultipleChoiceField(
        Item.objects.none(), label=_("Items"), widget=forms.CheckboxSelectMultiple, to_field_name="number"
    )
    recipient = forms.CharField(label=_("Recipient"), max_length=200)
    reason = forms.CharField(label=_("Reason"), max_length=500)
    key = forms.FileField(
        label=_("Recipient's public key (PEM, X25519)"), required=False,
        help_text=_("Without it the export is in the clear: give it only by a way that you trust."),
    )  # fmt: skip

    def __init__(self, rows: QuerySet[Item], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["items"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = rows

    def given(self) -> dict[str, Any]:
        """What the act takes."""
        told = dict(self.cleaned_data)
        file = told.pop("key")
        return {**told, "items": list(told["items"]), "pem": file.read(1 << 16) if file else b""}
