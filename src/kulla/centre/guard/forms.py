"""The forms of registers and leaks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kulla.centre.cases.models import Case
from kulla.centre.evidence.forms import IntakeForm
from kulla.centre.evidence.models import Item
from kulla.centre.guard.registers import held
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.people.zones import Zone


class TraceForm(forms.Form):
    """A trace of an item that is there."""

    item = forms.ModelChoiceField(Item.objects.none(), label=_("Leaked file"), to_field_name="number")
    registers = forms.MultipleChoiceField(label=_("Compare with"), widget=forms.CheckboxSelectMultiple)
    purpose = forms.CharField(label=_("Purpose"), max_length=500)
    language = forms.ChoiceField(label=_("Language of the report"), choices=[("en", "English"), ("sq", "Shqip")])

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        items, registers = self.fields["item"], self.fields["registers"]
        assert isinstance(items, forms.ModelChoiceField)
        assert isinstance(registers, forms.MultipleChoiceField)
        rows = door.visible(actor, Item.objects.filter(disposed=None))
        items.queryset = rows.exclude(source__startswith="trace of ").select_related("case")
        registers.choices = [(each.name, f"{each.name} · {each.constituent}") for each in held(actor)]


class UploadForm(IntakeForm):
    """A leaked file that is not evidence yet: into a case, or into a new one, in one step."""

    case = forms.ModelChoiceField(
        Case.objects.none(), label=_("Case"), required=False, empty_label=_("a new case"), to_field_name="number"
    )
    zone = forms.ChoiceField(label=_("Zone of a new case"), required=False)

    field_order = ("case", "zone", "file")

    def __init__(self, actor: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cases, zone = self.fields["case"], self.fields["zone"]
        assert isinstance(cases, forms.ModelChoiceField)
        assert isinstance(zone, forms.ChoiceField)
        cases.queryset = door.visible(actor, Case.objects.exclude(state="closed"))
        # A new case is of a zone as a whole: who works for one constituent alone opens none here.
        mine = {name for name, one in door.sight(actor).places("cases.work") if one is None}
        zone.choices = [(each.value, each.label) for each in Zone if each.value in mine]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not given.get("case") and not given.get("zone") and "zone" not in self.errors:
            raise forms.ValidationError(_("Choose a case, or the zone of a new one."))
        return given


class AgreeForm(forms.Form):
    """The second person's word, with the owner's key for this one run: it is held in memory, and kept nowhere."""

    def __init__(self, registers: list[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in registers:
            self.fields[f"key-{name}"] = forms.FileField(
                label=_("Owner's key or envelope for %(register)s") % {"register": name}, required=False
            )

    def keys(self) -> dict[str, bytes]:
        """Register → what was given for it."""
        return {name[4:]: file.read(1 << 20) for name, file in self.cleaned_data.items() if file}
