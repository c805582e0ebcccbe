"""What is filled in about a retro-hunt."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kulla.centre.alerts.models import Level
from kulla.centre.hunting.models import Job
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.people.zones import Zone

_AT = "%Y-%m-%dT%H:%M"


def _when(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput({"type": "datetime-local"}, _AT)
    return forms.DateTimeField(label=label, required=False, input_formats=[_AT, f"{_AT}:%S"], widget=widget)


class RetroForm(forms.Form):
    """What to look for, and where."""

    kind = forms.ChoiceField(label=_("Look for"), choices=Job.Kind.choices)
    text = forms.CharField(
        label=_("Sigma rules and correlations (YAML), or indicators one a line"), max_length=1_000_000, strip=False,
        widget=forms.Textarea({"rows": 14, "class": "mono", "spellcheck": "false"}),
    )  # fmt: skip
    zone = forms.ChoiceField(label=_("Zone"))
    title = forms.CharField(label=_("Title (else that of the first rule or indicator)"), required=False, max_length=200)
    level = forms.ChoiceField(label=_("Level of indicators"), choices=Level.choices, initial="high")
    since = _when(_("From"))
    until = _when(_("Until"))

    def __init__(self, actor: User, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        zones = sorted({zone for zone, _one in door.sight(actor).places("events.retrohunt")})
        field: Any = self.fields["zone"]
        field.choices = [(zone, Zone(zone).label) for zone in zones]
