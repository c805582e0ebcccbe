"""Drafts of documents: prefilled from the case and its traces, a proposal until a person signs."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.clocks import clocks_of
from kulla.centre.cases.models import Bearer, Case, Draft
from kulla.centre.law.drafts import KINDS, LANGUAGES, Brief, Contact, Party, PlainWords, docx, draft, loss_of, pdf
from kulla.centre.law.jurisdiction import shipped
from kulla.centre.people import door
from kulla.centre.people.models import Marked, User
from kulla.centre.site.errors import told
from kulla.errors import InputError
from kulla.leaks.trace import read_trace
from kulla.share.marks import Marks

LISTS: Final = ("facts", "effects", "measures", "planned", "services")
PLAIN: Final = ("what", "means", "doing", "advice")
TEXTS: Final = ("authority", "signer", "cause", "groups", "delay")


@dataclass(frozen=True, slots=True)
class Files:
    """A draft as documents."""

    docx: bytes
    pdf: bytes


def make_draft(
    actor: User, case: Case, kind: str, language: str, bearer: Bearer, given: Mapping[str, str], trace: bytes = b""
) -> Draft:
    """Draft a document. `given` are texts: LISTS and PLAIN one sentence a line, TEXTS as they stand; what is empty is a
    blank in the document, and listed. `trace` is a trace.json whose counts fill in what was lost.

    Raises ValidationError, PermissionDenied.
    """
    door.need(actor, "cases.lead", case)
    if kind not in KINDS or language not in LANGUAGES or bearer.case_id != case.pk:
        raise ValidationError(_("Choose document, language and duty-bearer from the lists."))
    kept = {name: given.get(name, "").strip() for name in (*LISTS, *PLAIN, *TEXTS)}
    plain = {"bearer": bearer.pk, "made": timezone.now().isoformat(), "texts": kept, "trace": _trace(trace)}
    row = Draft(case=case, kind=kind, language=language, brief=plain, made_by=actor, tlp=case.tlp, pap=case.pap,
                originators=case.originators, caveats=case.caveats)  # fmt: skip
    row.missing = list(draft(kind, brief_of(row), language).missing)
    with transaction.atomic():
        row.save()
        record(actor, "cases.draft", case, draft=row.pk, document=kind, missing=len(row.missing))
    return row


def _trace(body: bytes) -> Any:
    if not body:
        return None
    try:
        loss_of(read_trace(body, "trace.json"))
    except InputError as error:
        raise ValidationError(told(error)) from None
    return orjson.loads(body)


def brief_of(row: Draft) -> Brief:
    """A draft's values as the law's room reads them. The clocks are those of now: what was sent since is told."""
    case, kept = row.case, row.brief["texts"]
    bearer = Bearer.objects.get(pk=row.brief["bearer"])
    place = shipped()[bearer.jurisdiction]
    lines = {name: tuple(filter(None, map(str.strip, kept[name].splitlines()))) for name in (*LISTS, *PLAIN)}
    key = next((each for each in case.entrys.filter(key=True, withdrawn=None, source__in=["note", "alert", "import"])
                .order_by("at") if _fits(row, each)), None)  # fmt: skip
    seen = [each.value for each in case.observables.filter(indicator=True) if _fits(row, each)]
    constituent = case.constituent
    mine = [clock for clock in clocks_of(case) if clock.bearer.name == bearer.name]
    detected = min((clock.started.at for clock in mine if clock.started and clock.duty.starts == "aware"), default=None)
    plain = PlainWords(lines["what"], lines["means"], lines["doing"], lines["advice"])
    return Brief(
        case=case.number, title=case.title, made=datetime.fromisoformat(row.brief["made"]), jurisdiction=place,
        marks=Marks.of(row.marks.plain()), bearer=Party(bearer.name, constituent.sector if constituent else ""),
        exercise=case.exercise, clocks=tuple(mine), references=_references(bearer), rsit=case.rsit,
        began=key.at if key else None, detected=detected, loss=_loss(row.brief.get("trace")),
        indicators=tuple(seen[:50]),
        contacts=_contacts(constituent.contacts if constituent else ""), plain=plain,
        facts=lines["facts"], effects=lines["effects"], measures=lines["measures"], planned=lines["planned"],
        services=lines["services"], authority=kept["authority"], signer=kept["signer"], cause=kept["cause"],
        groups=kept["groups"], delay=kept["delay"],
    )  # fmt: skip


def _fits(row: Draft, part: Marked) -> bool:
    """Whether something of the case may stand in the draft: nothing goes out under looser marks than its own."""
    return row.marks.at_least_as_strict_as(part.marks)


def _references(bearer: Bearer) -> dict[str, str]:
    return {each.subject: each.ref for each in bearer.decisions.filter(verb="sent").exclude(ref="")}


def _contacts(text: str) -> tuple[Contact, ...]:
    """Contacts of a constituent, one a line: name, role, telephone, mail. A role that names none is the entity's."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        name, role, phone, email, *_rest = [*map(str.strip, line.split(",")), "", "", "", ""]
        kind = role.casefold() if role.casefold() in {"dpo", "press", "authority"} else "entity"
        found.append(Contact(kind, name, phone, email))  # type: ignore[arg-type]
    return tuple(found)


def _loss(told: Any) -> Any:
    return loss_of(read_trace(orjson.dumps(told), "trace.json")) if told else None


def files(row: Draft) -> Files:
    """The draft as DOCX and PDF: made of the case as it is now until it is signed, then what was signed."""
    kept = row.brief.get("signed")
    if kept:
        return Files(base64.b64decode(kept["docx"]), base64.b64decode(kept["pdf"]))
    document = draft(row.kind, brief_of(row), row.language).document  # type: ignore[arg-type]
    return Files(docx(document), pdf(document))


def sign(actor: User, row: Draft) -> Draft:
    """Say that a person answers for the document: it is kept as it was signed, with the hash of the PDF. Sending it
    is a step of its own, outside of Kulla, recorded on the clock as sent. Raises ValidationError while blanks are left.
    """
    door.need(actor, "cases.lead", row)
    if row.signed:
        raise ValidationError(_("This draft was signed already."))
    if row.missing:
        raise ValidationError(_("Blanks are left: %(blanks)s.") % {"blanks": "; ".join(map(str, row.missing[:10]))})
    if row.case.exercise:
        raise ValidationError(_("This case is an exercise: nothing of it leaves."))
    made = files(row)
    kept = {"docx": base64.b64encode(made.docx).decode(), "pdf": base64.b64encode(made.pdf).decode()}
    row.brief, row.sha256 = {**row.brief, "signed": kept}, hashlib.sha256(made.pdf).hexdigest()
    row.signed, row.signed_by = timezone.now(), actor
    with transaction.atomic():
        if not Draft.objects.filter(pk=row.pk, signed=None).update(
            brief=row.brief, sha256=row.sha256, signed=row.signed, signed_by=actor
        ):
            raise ValidationError(_("This draft was signed already."))
        record(actor, "cases.draft-sign", row.case, draft=row.pk, document=row.kind, sha256=row.sha256)
    return row
