"""A message, a file or what somebody told becomes a report: kept encrypted first, then one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from kulla.centre.audit.chain import record, turn
from kulla.centre.cases.models import Case, Entry, Source
from kulla.centre.notices import threads
from kulla.centre.notices.confined import read_confined
from kulla.centre.notices.mail import Mail
from kulla.centre.notices.models import Attachment, Channel, Report
from kulla.centre.people import door
from kulla.centre.people.models import Constituent, User
from kulla.centre.people.numbering import following
from kulla.centre.site.place import centre
from kulla.centre.vault.store import Store, Stored
from kulla.centre.vault.stores import reports_store
from kulla.errors import InputError
from kulla.share.marks import Marks, marks_in

_SHOWN = 2000


def store() -> Store:
    """Where attachments lie, encrypted under the evidence store's keys, but apart from it: custody begins when a case
    takes them."""
    return reports_store(centre())


@dataclass(frozen=True, slots=True)
class Kept:
    """Something in the store, with what is told of it."""

    stored: Stored
    name: str
    kind: str
    whole: bool = False
    reason: str = ""


def take_message(data: bytes, zone: str, channel: str, faults: Sequence[str] = (), name: str = "message.eml") -> Report:
    """A message as it came. The same message again is the report that there is. All zones must be open."""
    sha256 = hashlib.sha256(data).hexdigest()
    known = Report.objects.filter(zone=zone, sha256=sha256).first()
    if known:
        return known
    readable = name.lower().endswith(".eml")
    mail = read_confined(data) if readable else Mail(subject=name[:500], faults=("no .eml file: not read, kept whole",))
    scope, place = f"report-{sha256}", store()
    reason = "; ".join([*faults, *(each for each in mail.faults if "kept whole" in each)])
    kept = [Kept(place.put([data], scope), name[:255], "message/rfc822", True, reason[:300])]
    kept += [
        Kept(place.put([part.content], scope), part.name, part.kind, reason=part.reason[:300]) for part in mail.parts
    ]
    marks, more = _marks(mail)
    report = Report(
        zone=zone, channel=channel, received=timezone.now(), sender=mail.sender, name=mail.name, subject=mail.subject,
        body=mail.text, message_id=mail.id, sha256=sha256, faults=[*faults, *mail.faults, *more],
    )  # fmt: skip
    report.marks = marks
    with transaction.atomic():
        turn()
        known = Report.objects.filter(zone=zone, sha256=sha256).first()
        if known:
            return known
        _join_thread(report, mail)
        _save(None, report, kept)
    return report


def write_down(
    actor: User, zone: str, constituent: Constituent | None, sender: str, subject: str, body: str, marks: Marks,
    files: Iterable[tuple[str, Iterable[bytes]]] = (), received: datetime | None = None,
) -> Report:  # fmt: skip
    """What somebody told by telephone, at the door or by other means."""
    report = Report(
        zone=zone, constituent=constituent, channel=Channel.FORM, received=received or timezone.now(),
        name=sender[:200], sender=sender if "@" in sender and " " not in sender else "", subject=subject, body=body,
        handler=actor,
    )  # fmt: skip
    door.need(actor, "reports.answer", report)
    report.marks = marks
    scope = f"report-{timezone.now().timestamp()}-{actor.pk}"
    kept = [Kept(store().put(blocks, scope), name[:255], "") for name, blocks in files]
    with transaction.atomic():
        turn()
        report.full_clean(exclude=["number"])
        _save(actor, report, kept)
    return report


def _save(actor: User | None, report: Report, kept: Sequence[Kept]) -> None:
    report.number = following(report.zone, report.received.year, "R-")
    report.save(force_insert=True)
    for each in kept:
        Attachment(
            report=report, name=each.name, kind=each.kind, size=each.stored.size, sha256=each.stored.sha256,
            address=each.stored.address, whole=each.whole, reason=each.reason,
        ).save()  # fmt: skip
    record(actor, "notices.report", report, number=report.number, channel=report.channel, attachments=len(kept))
    if report.case is not None:
        tell_case(None, report, report.case)


def _join_thread(report: Report, mail: Mail) -> None:
    """Put an answer that proves itself into its thread: same place, same case, the strictest marks."""
    number = threads.proven(mail)
    first = Report.objects.filter(number=number).select_related("case").first() if number else None
    if first is None or first.zone != report.zone:
        report.claims = threads.claimed(mail) or number
        return
    root = first.follows or first
    report.follows, report.constituent_id = root, root.constituent_id
    report.case, report.handler = root.case, root.handler
    report.marks = report.marks.merge(root.marks)


def _marks(mail: Mail) -> tuple[Marks, list[str]]:
    """The marks that the subject bears, the sender as originator. A label that is none makes it stricter, not laxer."""
    faults: list[str] = []
    try:
        found = marks_in(mail.subject) or Marks()
    except InputError:
        found = Marks("AMBER+STRICT", "AMBER")
        faults.append("the subject bears a label of TLP or PAP that is none; taken as TLP:AMBER+STRICT")
    return Marks(found.tlp, found.pap, (mail.sender,) if mail.sender else (), found.caveats), faults


def tell_case(actor: User | None, report: Report, case: Case) -> None:
    """A report's line in a case's timeline, under the report's own marks where these are stricter.

    The case's marks change only when a person acts: a stranger's subject must not hide a case from who works on it.
    """
    marks = case.marks.merge(report.marks)
    if actor is not None and marks != case.marks:
        case.marks = marks
        case.save(update_fields=["tlp", "pap", "originators", "caveats"])
        if marks.tlp == "RED" and case.lead_id != actor.pk:
            case.members.add(actor)  # else who joins them would no longer see what they did
    text = f"{report.number} {report.subject}\n\n{report.body[:_SHOWN]}".strip()
    plain = marks.plain()
    entry, new = Entry.objects.get_or_create(
        case=case, ref=f"report:{report.pk}",
        defaults={"at": report.received, "author": actor, "source": Source.REPORT, "text": text, **plain},
    )  # fmt: skip
    if not new and entry.withdrawn:
        entry.withdrawn = None
        entry.save(update_fields=["withdrawn"])
