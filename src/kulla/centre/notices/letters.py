"""Answers to reports. They are drafted from templates and leave by a person's hand alone: nothing here runs by itself.

An exercise sends nothing. What is TLP:RED or TLP:AMBER+STRICT leaves only after who sends it has written the
recipient's address once more.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from string import Template as Text
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Entry, Source
from kulla.centre.notices import threads
from kulla.centre.notices.models import Letter, Report, Sending, Template
from kulla.centre.notices.smtp import Unsure
from kulla.centre.notices.smtp import send as send_mail
from kulla.centre.notices.ways import ways
from kulla.centre.people import door
from kulla.centre.people.models import User
from kulla.centre.site.place import centre
from kulla.errors import KullaError

NAMES: Final = ("receipt", "question", "closing")
LANGUAGES: Final = ("en", "sq")
STRICT: Final = frozenset({"AMBER+STRICT", "RED"})
UNSURE: Final = timedelta(minutes=10)
"""What has been on its way for longer was cut short: it may have gone."""
_LABEL: Final = re.compile(r"\[?\bTLP\s*:\s*[A-Z+]+\]?\s*|^(?:(?:re|fwd?|aw|wg)\s*:\s*)+", re.IGNORECASE)


@cache
def shipped() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """name → language → subject and body, as shipped."""
    return tomllib.loads((Path(__file__).parent / "letters.toml").read_text("utf-8"))


def template(name: str, language: str) -> tuple[str, str]:
    """Subject and body of a template, the centre's own where there is one. Raises ValidationError."""
    if name not in NAMES or language not in LANGUAGES:
        raise ValidationError(_("Choose a template from the list."))
    own = Template.objects.filter(name=name, language=language).first()
    if own:
        return own.subject, own.body
    found = shipped()[name][language]
    return found["subject"], found["body"].strip() + "\n"


def save_template(actor: User, name: str, language: str, subject: str, body: str) -> None:
    """Keep a template of this centre's own; empty texts bring the shipped one back."""
    door.need(actor, "cases.lead")
    template(name, language)
    with transaction.atomic():
        if subject.strip() or body.strip():
            values = {"subject": subject.strip(), "body": body.replace("\r\n", "\n"), "changed_by": actor}
            Template.objects.update_or_create(name=name, language=language, defaults=values)
        else:
            Template.objects.filter(name=name, language=language).delete()
        record(actor, "notices.template", f"notices.template:{name}.{language}")


def draft(actor: User, report: Report, name: str, language: str) -> Letter:
    """A draft from a template; the strictest marks of report and case."""
    door.need(actor, "reports.answer", report)
    subject, body = template(name, language)
    marks = report.marks.merge(report.case.marks) if report.case else report.marks
    about = _LABEL.sub("", report.subject).strip() or "–"
    values = {
        "number": report.number, "subject": about, "centre": centre().told.name, "tlp": f"TLP:{marks.tlp}",
        "received": f"{timezone.localtime(report.received):%Y-%m-%d %H:%M %Z}",
        "signer": actor.get_full_name() or actor.username,
    }  # fmt: skip
    letter = Letter(
        report=report, to=report.sender, subject=Text(subject).safe_substitute(values)[:300],
        body=Text(body).safe_substitute(values), template=name, language=language, made_by=actor,
    )  # fmt: skip
    letter.marks = marks
    with transaction.atomic():
        letter.save()
        record(actor, "notices.draft", letter, number=report.number)
    return letter


def change(actor: User, letter: Letter, to: str, subject: str, body: str) -> None:
    """Change a draft."""
    door.need(actor, "reports.answer", letter)
    with transaction.atomic():
        row = _locked(letter, Sending.DRAFT)
        row.to, row.subject, row.body = to.strip(), " ".join(subject.split()), body.replace("\r\n", "\n")
        row.full_clean(exclude=["zone", "constituent", "report", "made_by"])
        row.save()
        record(actor, "notices.draft-change", row, number=row.report.number)


def subject_of(letter: Letter) -> str:
    """The subject as it leaves: TLP's label first, the receipt number in it."""
    subject = letter.subject if letter.report.number in letter.subject else f"[{letter.report.number}] {letter.subject}"
    return f"[TLP:{letter.tlp}] {subject}"


def send(actor: User, letter: Letter, confirmed: str = "") -> Letter:
    """Send a letter by mail, now, to its one recipient. confirmed: their address, written once more.

    Raises ValidationError when it may not leave, or was not taken; then it is a draft as before. When the server was
    lost meanwhile it stays as being sent, and `unsure`.
    """
    here = centre()
    try:
        told = ways(here.told)
    except KullaError as error:
        raise ValidationError(_("It was not sent: %(why)s") % {"why": error}) from None
    row = _leaving(actor, letter, confirmed, told.sender.rpartition("@")[2] or here.told.host)
    if told.smtp is None:
        _back(row, "")
        raise ValidationError(_("No mail server is configured: copy the letter, then say that it was sent."))
    report = row.report
    headers = {"Message-ID": row.message_id}
    if report.message_id:
        headers |= {"In-Reply-To": report.message_id, "References": report.message_id}
    answers = threads.answer_address(report.number, told.sender) if told.subaddress else ""
    try:
        send_mail(told, here.keys, row.to, subject_of(row), row.body, headers, answers)
    except Unsure as error:
        Letter.objects.filter(pk=row.pk, state=Sending.SENDING).update(error=str(error)[:200])
        raise ValidationError(
            _("It may or may not have gone: %(why)s. Ask the recipient before you send it again.") % {"why": error}
        ) from None
    except KullaError as error:
        _back(row, str(error))
        raise ValidationError(_("It was not sent: %(why)s") % {"why": error}) from None
    return _gone(actor, row, Sending.SENT)


def handed(actor: User, letter: Letter, confirmed: str = "") -> Letter:
    """Say that a letter was copied and sent by other means: the same is asked of who does so."""
    return _gone(actor, _leaving(actor, letter, confirmed, centre().told.host), Sending.HANDED)


def discard(actor: User, letter: Letter) -> None:
    """Throw a draft away; it stays readable."""
    door.need(actor, "reports.answer", letter)
    with transaction.atomic():
        row = _locked(letter, Sending.DRAFT)
        row.state = Sending.DISCARDED
        row.save(update_fields=["state"])
        record(actor, "notices.discard", row, number=row.report.number)


def unsure(letter: Letter, now: datetime | None = None) -> bool:
    """Whether a letter was being sent when the server was lost, or when the centre stopped."""
    old = (now or datetime.now(UTC)) - (letter.sent or letter.made) > UNSURE
    return letter.state == Sending.SENDING and (bool(letter.error) or old)


def is_exercise(report: Report) -> bool:
    """Whether nothing about this report may leave."""
    return bool(settings.EXERCISE) or bool(report.case and report.case.exercise)


def _leaving(actor: User, letter: Letter, confirmed: str, host: str) -> Letter:
    """Everything that must hold before a letter leaves. It is marked as leaving, and told the audit, before it does."""
    door.need(actor, "reports.answer", letter)
    with transaction.atomic():
        row = Letter.objects.select_for_update(of=("self",)).select_related("report__case").get(pk=letter.pk)
        if row.state != Sending.DRAFT and not unsure(row):
            raise ValidationError(_("This letter is no draft any more."))
        if is_exercise(row.report):
            raise ValidationError(_("This is an exercise: nothing leaves it."))
        if not row.to:
            raise ValidationError(_("The letter has no recipient."))
        case = row.report.case
        row.marks = row.marks.merge(row.report.marks, *([case.marks] if case else []))
        strict = row.tlp in STRICT
        if strict and confirmed.strip().casefold() != row.to.casefold():
            raise ValidationError(
                _("TLP:%(tlp)s: write the recipient's address once more to confirm that it may go to them.")
                % {"tlp": row.tlp}
            )
        row.state, row.sent, row.sent_by, row.confirmed = Sending.SENDING, timezone.now(), actor, strict
        row.error = ""
        row.message_id = threads.new_id(row.report.number, host)
        row.save()
        record(actor, "notices.send", row, number=row.report.number, tlp=row.tlp, confirmed=strict)
    return row


def _gone(actor: User, row: Letter, state: Sending) -> Letter:
    with transaction.atomic():
        row.state, row.sent, row.error = state, timezone.now(), ""
        row.save()
        case = row.report.case
        if case is not None:
            text = _("Letter to %(to)s: %(subject)s") % {"to": row.to, "subject": row.subject}
            marks = case.marks.merge(row.marks).plain()
            Entry.objects.create(case=case, at=row.sent, author=actor, source=Source.REPORT, text=text,
                                 ref=f"letter:{row.pk}", **marks)  # fmt: skip
        record(actor, "notices.sent", row, number=row.report.number, by=state.value)
    return row


def _back(row: Letter, why: str) -> None:
    Letter.objects.filter(pk=row.pk).update(
        state=Sending.DRAFT, sent=None, sent_by=None, confirmed=False, error=why[:200]
    )


def _locked(letter: Letter, state: Sending) -> Letter:
    row = Letter.objects.select_for_update(of=("self",)).select_related("report").get(pk=letter.pk)
    if row.state != state:
        raise ValidationError(_("This letter is no draft any more."))
    return row
