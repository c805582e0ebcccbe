"""The pages of drafts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kulla.centre.cases.actions import drafts
from kulla.centre.cases.models import Bearer, Case, Draft, Entry
from kulla.centre.cases.views import found, read
from kulla.centre.law.drafts import KINDS
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.guards import verb
from kulla.centre.site.words import choices

_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
_LABELS = {
    "facts": gettext_lazy("Facts, one sentence a line"),
    "effects": gettext_lazy("Effects"),
    "measures": gettext_lazy("Measures taken"),
    "planned": gettext_lazy("Measures planned"),
    "services": gettext_lazy("Services affected"),
    "what": gettext_lazy("For the public: what happened"),
    "means": gettext_lazy("For the public: what it means"),
    "doing": gettext_lazy("For the public: what is done"),
    "advice": gettext_lazy("For the public: what people can do"),
    "authority": gettext_lazy("To which authority"),
    "signer": gettext_lazy("Office that signs"),
    "cause": gettext_lazy("Likely cause"),
    "groups": gettext_lazy("Groups of persons"),
    "delay": gettext_lazy("Reasons for a delay"),
}


class DraftForm(forms.Form):
    """What goes into a draft. What stays empty is a blank in the document, and listed."""

    kind = forms.ChoiceField(label=gettext_lazy("Document"), choices=choices(*KINDS))
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=[("en", "English"), ("sq", "Shqip")])
    bearer = forms.ModelChoiceField(
        Bearer.objects.none(), label=gettext_lazy("Duty-bearer"), empty_label=None, to_field_name="uid"
    )
    trace = forms.FileField(
        label=gettext_lazy("trace.json of the leak"), required=False,
        help_text=gettext_lazy("Fills in how many persons are certain, and which data they lost."),
    )  # fmt: skip

    def __init__(self, actor: User, case: Case, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bearer = self.fields["bearer"]
        assert isinstance(bearer, forms.ModelChoiceField)
        bearer.queryset = door.visible(actor, Bearer.objects.filter(case=case))
        lines = door.visible(actor, Entry.objects.filter(case=case, key=True, withdrawn=None))
        facts = lines.values_list("text", flat=True)[:20]
        for name in (*drafts.TEXTS, *drafts.LISTS, *drafts.PLAIN):
            widget = forms.TextInput() if name in drafts.TEXTS else forms.Textarea(attrs={"rows": 2})
            initial = "\n".join(" ".join(text.split()) for text in facts) if name == "facts" else ""
            self.fields[name] = forms.CharField(
                label=_LABELS[name], required=False, max_length=5000, widget=widget, initial=initial
            )


@verb("cases.lead")
def index(request: HttpRequest, actor: User, number: str) -> HttpResponse:
    """A case's drafts, and the form of the next."""
    case = found(actor, number) if request.method == "POST" else read(actor, number)
    form = DraftForm(actor, case, request.POST or None, request.FILES or None, initial={"language": actor.language})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        trace = given["trace"].read(1 << 24) if given["trace"] else b""
        try:
            drafts.make_draft(actor, case, given["kind"], given["language"], given["bearer"], given, trace)
            return redirect("cases:drafts", number)
        except ValidationError as error:
            form.add_error(None, error)
    rows = door.visible(actor, Draft.objects.filter(case=case)).select_related("made_by", "signed_by")
    page = {"case": case, "form": form, "drafts": rows, "bearers": case.bearers.exists()}
    return render(request, "cases/drafts.html", page)


@verb("cases.lead")
def file(request: HttpRequest, actor: User, number: str, uid: UUID, form: str) -> HttpResponse:
    """A draft as a document."""
    row = door.one(actor, Draft.objects.filter(case=read(actor, number, document=str(uid))), uid=uid)
    if form not in _TYPES:
        raise Http404
    answer = HttpResponse(getattr(drafts.files(row), form), content_type=_TYPES[form])
    answer["Content-Disposition"] = f'attachment; filename="{number}-{row.kind}-{row.language}.{form}"'
    return answer


@require_POST
@verb("cases.lead")
def sign(request: HttpRequest, actor: User, number: str, uid: UUID) -> HttpResponse:
    """Sign a draft."""
    row = door.one(actor, Draft.objects.filter(case=found(actor, number)), uid=uid)
    try:
        drafts.sign(actor, row)
        messages.success(request, _("Signed. Send it, then record on its clock that it was sent."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("cases:drafts", number)
