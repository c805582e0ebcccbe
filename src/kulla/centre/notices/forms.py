"""The forms of reports, letters and the rota."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.forms import Moment
from kulla.centre.people import door
from kulla.centre.people.models import PAP, TLP, Constituent, User
from kulla.centre.people.zones import Zone


class Files(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, or none."""

    def __init__(self, **more: Any) -> None:
        super().__init__(widget=Files(), required=False, **more)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Each as Django's own field takes it."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(each, initial) for each in given]


def zones_of(actor: User, verb: str) -> list[tuple[str, Any]]:
    """The zones in which `actor` has a verb, for a choice."""
    found = {zone for zone, _one in door.sight(actor).places(verb)}
    return [(zone.value, zone.label) for zone in Zone if zone.value in found]


class Placed(forms.Form):
    """A form that asks for zone and constituent, of those over which `actor` has VERB."""

    VERB: ClassVar[str] = "reports.answer"

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        where = self.fields["constituent"]
        assert isinstance(where, forms.ModelChoiceField)
        where.queryset = door.constituents(actor, self.VERB)
        zone = self.fields.get("zone")
        if isinstance(zone, forms.ChoiceField):
            zone.choices = zones_of(actor, self.VERB)

    def clean(self) -> dict[str, Any]:
        """The constituent is of the zone."""
        given = super().clean() or self.cleaned_data
        where, zone = given.get("constituent"), given.get("zone")
        if where is not None and zone and where.zone != zone:
            self.add_error("constituent", _("This constituent is of another zone."))
        return given


class ReportForm(Placed):
    """What somebody told by other means than mail."""

    zone = forms.ChoiceField(label=_("Zone"))
    constituent = forms.ModelChoiceField(
        Constituent.objects.none(), label=_("Constituent"), required=False, to_field_name="name"
    )
    sender = forms.CharField(label=_("Who reports (mail address or name)"), max_length=200)
    subject = forms.CharField(label=_("Subject"), max_length=300)
    body = forms.CharField(label=_("What was reported"), widget=forms.Textarea)
    tlp = forms.ChoiceField(label="TLP", choices=TLP, initial="AMBER")
    pap = forms.ChoiceField(label="PAP", choices=PAP, initial="AMBER")
    attached = FilesField(label=_("Files that came with it"))


class CaseForm(Placed):
    """A case from a report."""

    VERB: ClassVar[str] = "cases.work"

    title = forms.CharField(label=_("Title"), max_length=200)
    constituent = forms.ModelChoiceField(
        Constituent.objects.none(), label=_("Constituent"), required=False, to_field_name="name"
    )
    exercise = forms.BooleanField(label=_("Exercise: nothing may leave"), required=False)


class JoinForm(forms.Form):
    """A case that is there."""

    number = forms.CharField(label=_("Number of the case"), max_length=20)


class ShiftForm(forms.Form):
    """Somebody's time on the rota."""

    zone = forms.ChoiceField(label=_("Zone"))
    person = forms.ModelChoiceField(User.objects.none(), label=_("Person"), to_field_name="username")
    start = Moment(label=_("From (your time)"))
    end = Moment(label=_("To (your time)"))
    order = forms.IntegerField(label=_("Order (1 is told first)"), min_value=1, max_value=99, initial=1)

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = zones_of(actor, "notices.rota")
        zone, person = self.fields["zone"], self.fields["person"]
        assert isinstance(zone, forms.ChoiceField)
        assert isinstance(person, forms.ModelChoiceField)
        zone.choices = choices
        zones = [value for value, _label in choices]
        found = User.objects.filter(is_active=True, memberships__zone__in=zones).distinct()
        person.queryset = found.order_by("username")


class LetterForm(forms.Form):
    """A draft of a letter."""

    to = forms.EmailField(label=_("To"), max_length=320)
    subject = forms.CharField(label=_("Subject"), max_length=300)
    body = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 14}))


class TemplateForm(forms.Form):
    """A template."""

    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = forms.CharField(label=_("Text"), widget=forms.Textarea(attrs={"rows": 14}))
