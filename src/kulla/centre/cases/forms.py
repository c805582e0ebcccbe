"""The forms of cases."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.actions.case import may_lead
from kulla.centre.cases.actions.timeline import tellable
from kulla.centre.cases.models import OBSERVABLES, Case, Task
from kulla.centre.law.clocks import VERBS
from kulla.centre.law.jurisdiction import BEARERS, DECISIONS, DOCUMENTS, TRAITS, shipped
from kulla.centre.law.rsit import types
from kulla.centre.law.severity import IMPACTS
from kulla.centre.people import door
from kulla.centre.people.models import PAP, TLP, Constituent, User
from kulla.centre.people.zones import Zone
from kulla.centre.site.words import choices, spoken, word

MOMENT = "%Y-%m-%dT%H:%M"


class Moment(forms.DateTimeField):
    """A time in the reader's own zone, as browsers give it."""

    def __init__(self, **more: Any) -> None:
        more.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT))
        super().__init__(input_formats=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **more)

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        if found is not None and not tellable(found):
            raise forms.ValidationError(_("This time is outside of what a case can hold."))
        return found


class OpenForm(forms.Form):
    """A new case."""

    title = forms.CharField(label=_("Title"), max_length=200)
    zone = forms.ChoiceField(label=_("Zone"))
    constituent = forms.ModelChoiceField(
        Constituent.objects.none(), label=_("Constituent"), required=False, to_field_name="name"
    )
    tlp = forms.ChoiceField(label="TLP", choices=TLP, initial="AMBER")
    pap = forms.ChoiceField(label="PAP", choices=PAP, initial="AMBER")
    summary = forms.CharField(label=_("Summary"), required=False, widget=forms.Textarea)
    exercise = forms.BooleanField(label=_("Exercise: nothing may leave"), required=False)

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = {zone for zone, _one in door.sight(actor).places("cases.work")}
        field = self.fields["zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(zone.value, zone.label) for zone in Zone if zone.value in zones]
        where = self.fields["constituent"]
        assert isinstance(where, forms.ModelChoiceField)
        where.queryset = door.constituents(actor, "cases.work")


class CaseForm(forms.ModelForm[Case]):
    """What a case is. `version` is the one that the form was filled from."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    rsit = forms.ChoiceField(label=_("RSIT type"), required=False)
    severity = forms.ChoiceField(label=_("NIS2 severity"), required=False, choices=[("", "–"), *choices(*IMPACTS)])

    class Meta:
        model = Case
        fields: ClassVar = [
            *("title", "summary", "rsit", "severity", "severity_why", "priority", "lead"),
            *("tlp", "pap", "handover", "exercise"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["rsit"]
        assert isinstance(kind, forms.ChoiceField)
        known = [(key, each.full_name((get_language() or "en")[:2])) for key, each in types().items()]
        old = self.instance.rsit
        kind.choices = [("", "–"), *known, *([(old, old)] if old and old not in types() else [])]
        lead = self.fields["lead"]
        assert isinstance(lead, forms.ModelChoiceField)
        lead.queryset = User.objects.filter(pk__in=[user.pk for user in may_lead(self.instance)])
        lead.to_field_name, self.initial["lead"] = "username", self.instance.lead
        if self.instance.pk and not self.is_bound:
            self.initial["version"] = self.instance.version

    def _post_clean(self) -> None:
        """The instance is the row as it is now: the act decides what of the form goes into it."""


class EntryForm(forms.Form):
    """A line of the timeline."""

    text = forms.CharField(label=_("What happened"), widget=forms.Textarea(attrs={"rows": 2}))
    at = Moment(label=_("When (your time)"), required=False)
    key = forms.BooleanField(label=_("Key event"), required=False)


class ImportForm(forms.Form):
    """Another tool's timeline."""

    file = forms.FileField(label=_("Timeline (CSV, JSON lines, EVTX)"))


class TaskForm(forms.Form):
    """A task by hand."""

    title = forms.CharField(label=_("Task"), max_length=300)
    due = Moment(label=_("Due"), required=False)


class TaskEditForm(forms.Form):
    """What a task is. `version` is the one that the form was filled from."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    title = forms.CharField(label=_("Task"), max_length=300)
    text = forms.CharField(label=_("How"), required=False, widget=forms.Textarea)
    due = Moment(label=_("Due"), required=False)
    role = forms.CharField(label=_("Role"), max_length=30, required=False)
    assignee = forms.ModelChoiceField(
        User.objects.none(), label=_("Assigned to"), required=False, to_field_name="username"
    )

    def __init__(self, task: Task, data: Any = None) -> None:
        told = {name: getattr(task, name) for name in ("version", "title", "text", "due", "role")}
        told["assignee"] = task.assignee.username if task.assignee else None
        super().__init__(data, initial=told)
        who = self.fields["assignee"]
        assert isinstance(who, forms.ModelChoiceField)
        case = Case.objects.filter(pk=task.case_id)
        who.queryset = User.objects.filter(
            pk__in=[user.pk for user in may_lead(task.case) if door.visible(user, case).exists()]
        )


class ObservableForm(forms.Form):
    """One or more observables, one a line."""

    values = forms.CharField(label=_("Values, one a line"), widget=forms.Textarea(attrs={"rows": 3}))
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("by its form")), *choices(*OBSERVABLES)])
    indicator = forms.BooleanField(label=_("Worth looking for elsewhere"), required=False)


class BearerForm(forms.Form):
    """Who has duties."""

    kind = forms.ChoiceField(label=_("Duty-bearer is"), choices=choices(*BEARERS))
    name = forms.CharField(label=_("Name"), max_length=200)
    jurisdiction = forms.ChoiceField(label=_("Jurisdiction"))
    traits = forms.MultipleChoiceField(
        label=_("Traits"), required=False, choices=choices(*TRAITS),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["jurisdiction"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, spoken(place.name)) for code, place in shipped().items()]


class DecisionForm(forms.Form):
    """What is recorded of a duty-bearer: verb and subject in one choice, as `aware nis2`."""

    what = forms.ChoiceField(label=_("What is recorded"))
    at = Moment(label=_("When it happened (your time)"))
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    ref = forms.CharField(label=_("Reference (receipt, document)"), max_length=200, required=False)

    def __init__(self, jurisdiction: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        place = shipped()[jurisdiction]
        field = self.fields["what"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (_("Aware under"), [(f"aware {law}", spoken(each.name)) for law, each in place.laws.items()]),
            (_("Sent"), [(f"sent {each}", word(each)) for each in DOCUMENTS]),
            (_("Received"), [(f"received {each}", word(each)) for each in DOCUMENTS]),
            (_("Decided"), [(f"decided {each}", word(each)) for each in DECISIONS]),
            (_("Does not apply"), [(f"void {each.id}", spoken(each.name)) for each in place.duties]),
        ]
        self.fields["at"].initial = timezone.localtime().strftime(MOMENT)

    def clean_what(self) -> tuple[str, str]:
        verb, _space, subject = str(self.cleaned_data["what"]).partition(" ")
        assert verb in VERBS
        return verb, subject


class HoldForm(forms.Form):
    """A legal hold."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    since = Moment(label=_("Events from"), required=False)
    until = Moment(label=_("Events until"), required=False)
    query = forms.CharField(label=_("Events that match (as in Hunt)"), max_length=1000, required=False)
