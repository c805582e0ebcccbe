"""What can be asked of the queue, and filled in about alerts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kulla.centre.alerts.filterrule import MODIFIERS
from kulla.centre.alerts.models import Level, Status
from kulla.centre.cases.models import Case, State
from kulla.centre.people import door
from kulla.centre.people.models import Constituent, User
from kulla.centre.site.words import choices

OPEN = "open"
ALL = "all"


class QueueFilter(forms.Form):
    """The filter of the queue: every field may be left empty. Choices are what the actor may see."""

    q = forms.CharField(label=_("Host, account or title"), required=False, max_length=200)
    status = forms.ChoiceField(
        label=_("Status"), required=False,
        choices=[("", _("Open")), *Status.choices, (ALL, _("All"))],
    )  # fmt: skip
    level = forms.ChoiceField(
        label=_("Level at least"), required=False, choices=[("", _("Any")), *reversed(Level.choices)]
    )
    kind = forms.ChoiceField(
        label=_("Kind"), required=False,
        choices=[("", _("Any")), ("detection", _("Detection")), ("insider", _("Insider")), ("leak", _("Leak")),
                 ("health", _("Health"))],
    )  # fmt: skip
    zone = forms.ChoiceField(label=_("Zone"), required=False)
    constituent = forms.ModelChoiceField(
        Constituent.objects.none(), label=_("Constituent"), required=False, empty_label=_("Any"), to_field_name="name"
    )
    rule = forms.CharField(label=_("Rule (id)"), required=False, max_length=100)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    mine = forms.BooleanField(label=_("Assigned to me"), required=False)

    def __init__(self, data: Any, actor: User) -> None:
        super().__init__(data)
        zones = sorted({zone for zone, _one in door.sight(actor).places("alerts.see")})
        zone: Any = self.fields["zone"]
        zone.choices = [("", _("Any")), *choices(*zones)]
        place: Any = self.fields["constituent"]
        place.queryset = door.constituents(actor, "alerts.see")
        self.fields["q"].widget.attrs.update({"type": "search", "data-search": "", "class": "query"})


class EscalateForm(forms.Form):
    """Which case alerts go into: one that is open, or a new one."""

    case = forms.ModelChoiceField(
        Case.objects.none(), label=_("Case"), required=False, empty_label=_("A new case"), to_field_name="number"
    )
    title = forms.CharField(label=_("Title of the new case"), required=False, max_length=200)

    def __init__(self, data: Any, actor: User, zones: set[str], title: str = "") -> None:
        super().__init__(data, initial={"title": title})
        rows = door.visible(actor, Case.objects.filter(zone__in=zones).exclude(state=State.CLOSED))
        field: Any = self.fields["case"]
        field.queryset = rows.filter(door.allowed(actor, "cases.work")).order_by("-opened")
        field.label_from_instance = lambda case: f"{case.number} {case.title}"


class NoteForm(forms.Form):
    """A note."""

    text = forms.CharField(label=_("Note"), max_length=10_000, widget=forms.Textarea({"rows": 3}))


class TuneForm(forms.Form):
    """A filter from an event's fields. `pick` names the chosen ones; each has a modifier and a value of its own, that
    are read from `how-N` and `value-N`."""

    title = forms.CharField(label=_("Title of the filter"), max_length=200)
    reason = forms.CharField(label=_("Why this is no alert"), max_length=2000, widget=forms.Textarea({"rows": 3}))
    whole_zone = forms.BooleanField(label=_("For every constituent of the zone"), required=False)

    def conditions(self, count: int) -> list[tuple[str, str, str]]:
        """(field, modifier, value) of what was chosen of `count` rows. Raises ValidationError for another modifier."""
        found = []
        for number in range(min(count, 500)):
            if self.data.get(f"pick-{number}"):
                how = self.data.get(f"how-{number}", "")
                if how not in MODIFIERS:
                    raise ValidationError(_("Choose how the value is compared."))
                found.append((self.data.get(f"name-{number}", ""), how, self.data.get(f"value-{number}", "")))
        return found


class ViewForm(forms.Form):
    """A name for what the queue shows now."""

    name = forms.CharField(label=_("Name"), max_length=60)
    shared = forms.BooleanField(label=_("For everybody of the zone"), required=False)
