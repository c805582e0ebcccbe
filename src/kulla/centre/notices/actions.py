"""What can be done with a report. Each act takes who acts, is one transaction and leaves one entry in the audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.actions import open_case
from kulla.centre.cases.models import Case, Entry
from kulla.centre.evidence.actions import TOOL, take_in
from kulla.centre.evidence.models import Item
from kulla.centre.notices.models import Attachment, Report, State, Why
from kulla.centre.notices.taking import store, tell_case
from kulla.centre.people import door
from kulla.centre.people.models import Constituent, User

SENSITIVE: Final = frozenset({"AMBER+STRICT", "RED"})


def to_case(
    actor: User, report: Report, title: str, constituent: Constituent | None = None, exercise: bool = False
) -> Case:  # fmt: skip
    """Open a case from a report, with its text, its marks and what came with it as evidence: one step."""
    door.need(actor, "reports.answer", report)
    with transaction.atomic():
        turn()
        row = _free(report)
        case = open_case(
            actor, title.strip() or row.subject or row.number, row.zone, constituent or row.constituent,
            marks=row.marks, exercise=exercise or settings.EXERCISE,
            summary=_("From report %(number)s.") % {"number": row.number},
        )  # fmt: skip
        _put(actor, row, case)
    return case


def join(actor: User, report: Report, case: Case) -> Case:
    """Put a report into a case that is there; the case's marks become the strictest of both."""
    door.need(actor, "reports.answer", report)
    door.need(actor, "cases.work", case)
    if case.zone != report.zone:
        raise ValidationError(_("The report and the case are of different zones."))
    with transaction.atomic():
        turn()
        row = _free(report)
        _put(actor, row, Case.objects.select_for_update(no_key=True).get(pk=case.pk))
    return case


def read(actor: User, report: Report) -> None:
    """Somebody has read an answer that put itself into its case; its marks and attachments go into the case too."""
    door.need(actor, "reports.answer", report)
    with transaction.atomic():
        turn()
        row = Report.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
        if row.case is None or row.state != State.NEW:
            raise ValidationError(_("Only a new answer that is in a case is read."))
        door.need(actor, "cases.work", row.case)
        _put(actor, row, row.case)


def close(actor: User, report: Report, why: str) -> None:
    """Close a report without a case."""
    door.need(actor, "reports.answer", report)
    if why not in Why.values:
        raise ValidationError(_("Say why it is closed."))
    with transaction.atomic():
        turn()
        row = _free(report)
        row.state, row.why, row.handler = State.CLOSED, why, row.handler or actor
        row.save(update_fields=["state", "why", "handler"])
        record(actor, "notices.close", row, number=row.number, why=why)


def undo(actor: User, report: Report) -> None:
    """Take back a closing, or take a report out of its case. The case, and evidence that it took, stay."""
    door.need(actor, "reports.answer", report)
    with transaction.atomic():
        turn()
        row = Report.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
        if row.state == State.NEW:
            raise ValidationError(_("There is nothing to take back."))
        case = row.case
        if case is not None:
            door.need(actor, "cases.work", case)
            Entry.objects.filter(case=case, ref=f"report:{row.pk}").update(withdrawn=timezone.now())
            Attachment.objects.filter(report=row).update(item=None)
        row.state, row.why, row.case = State.NEW, "", None
        row.save(update_fields=["state", "why", "case"])
        record(actor, "notices.undo", row, number=row.number, case=case.number if case else "")


def take_over(actor: User, report: Report) -> None:
    """Say that one sees to it."""
    door.need(actor, "reports.answer", report)
    with transaction.atomic():
        report.handler = actor
        report.save(update_fields=["handler"])
        record(actor, "notices.handle", report, number=report.number)


def content(actor: User, attachment: Attachment) -> Iterator[bytes]:
    """What came with a report, as it came; kept in the audit before the first byte."""
    door.need(actor, "reports.answer", attachment)
    record(actor, "notices.open", attachment.report, attachment=attachment.pk, sha256=attachment.sha256)
    return store().get(attachment.address)


def _free(report: Report) -> Report:
    """The report, locked. Raises ValidationError when somebody decided on it meanwhile."""
    row = Report.objects.select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    if row.state != State.NEW or row.case_id:
        raise ValidationError(_("Somebody decided on this report meanwhile; take that back first."))
    return row


def _put(actor: User, report: Report, case: Case) -> None:
    """Into the case: line, marks, evidence; answers that came meanwhile wait there to be read."""
    report.state, report.handler = State.TAKEN, report.handler or actor
    _place(report, case)
    tell_case(actor, report, case)
    for each in report.attachments.filter(item=None):
        each.item = _evidence(actor, report, case, each)
        each.save(update_fields=["item"])
    for answer in report.followed.filter(state=State.NEW, case=None):
        _place(answer, case)
        tell_case(None, answer, case)
    record(actor, "notices.case", report, number=report.number, case=case.number)


def _place(report: Report, case: Case) -> None:
    """The constituent becomes the case's, of all that is the report's: who sees the one sees the other."""
    report.case, report.constituent_id = case, case.constituent_id
    report.save(update_fields=["case", "state", "handler", "constituent"])
    report.attachments.update(constituent=case.constituent_id)
    report.letters.update(constituent=case.constituent_id)


def _evidence(actor: User, report: Report, case: Case, attachment: Attachment) -> Item:
    fields = {
        "source": _("%(sender)s, in report %(number)s")
        % {"sender": report.sender or report.name or "–", "number": report.number},
        "officer": actor.get_full_name() or actor.username,
        "legal_basis": _("voluntary report to the centre"),
        "device": f"{report.get_channel_display()}, {report.received:%Y-%m-%d %H:%M:%S}Z",
        "tool": TOOL,
    }
    name = f"{report.number}.eml" if attachment.whole else attachment.name
    item, _new = take_in(actor, case, name, store().get(attachment.address), fields, attachment.reason)
    return item
