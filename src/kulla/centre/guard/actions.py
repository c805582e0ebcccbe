"""What can be done about registers and leaks."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.evidence.models import Item
from kulla.centre.guard.models import Reveal, State, Trace
from kulla.centre.guard.registers import Held, behind, held
from kulla.centre.people import door
from kulla.centre.people.models import User


def ask_reveal(actor: User, register: Held, pseudonym: str, reason: str) -> Reveal:
    """Ask who is behind a pseudonym: the first of two steps."""
    if not door.sight(actor).has("registers.reveal", register.constituent.zone, register.constituent.pk):
        raise PermissionDenied
    if not reason.strip():
        raise ValidationError(_("Say why the account is to be known."))
    if behind(register, pseudonym) is None:
        raise ValidationError(_("This pseudonym stands for no account of this register's reads."))
    with transaction.atomic():
        row = Reveal.objects.create(
            zone=register.constituent.zone, constituent=register.constituent, register=register.name,
            pseudonym=pseudonym, reason=reason.strip(), asked_by=actor,
        )  # fmt: skip
        record(actor, "guard.reveal-asked", row, register=register.name, pseudonym=pseudonym)
    return row


def agree_reveal(actor: User, row: Reveal) -> Reveal:
    """The second step, by somebody else."""
    door.need(actor, "registers.reveal", row)
    if row.asked_by_id == actor.pk:
        raise ValidationError(_("Revealing an account takes two people: somebody else must agree."))
    with transaction.atomic():
        if not Reveal.objects.filter(pk=row.pk, agreed=None).update(agreed=timezone.now(), agreed_by=actor):
            raise ValidationError(_("This was agreed to already."))
        record(actor, "guard.reveal", row, register=row.register, pseudonym=row.pseudonym, asked_by=row.asked_by_id)
    row.refresh_from_db()
    return row


def told(actor: User, row: Reveal, register: Held) -> str | None:
    """The account's name, to the two who were needed for it; None to everybody else, and before the second step. Nobody
    is told that a finding is about themselves."""
    if row.agreed is None or actor.pk not in {row.asked_by_id, row.agreed_by_id}:
        return None
    name = behind(register, row.pseudonym)
    return None if name and name.casefold() == actor.register_account.casefold() else name


def ask_trace(actor: User, item: Item, registers: list[str], purpose: str, language: str) -> Trace:
    """Ask for a trace of an item of evidence. Raises ValidationError without purpose, or for a register that the actor
    does not see."""
    door.need(actor, "leaks.trace", item)
    seen = {each.name for each in held(actor)}
    if not purpose.strip():
        raise ValidationError(_("A trace needs its purpose: it is kept with the run."))
    if not registers or set(registers) - seen:
        raise ValidationError(_("Choose registers from the list."))
    if item.disposed:
        raise ValidationError(_("This item was disposed of."))
    with transaction.atomic():
        row = Trace(case=item.case, item=item, registers=sorted(registers), purpose=purpose.strip()[:500],
                    language=language if language in {"en", "sq"} else "en", asked_by=actor, tlp=item.tlp, pap=item.pap,
                    originators=item.originators, caveats=item.caveats)  # fmt: skip
        row.save()
        record(actor, "guard.trace-asked", row, item=item.number, registers=row.registers)
    return row


def agree_trace(actor: User, row: Trace) -> None:
    """The second person agrees: the run may begin. Called by whoever then brings the owner's keys (see `tracing`)."""
    door.need(actor, "leaks.trace", row)
    if row.asked_by_id == actor.pk:
        raise ValidationError(_("A trace takes two people: somebody else must agree."))
    with transaction.atomic():
        if not Trace.objects.filter(pk=row.pk, state=State.ASKED).update(
            state=State.READY, second=actor, agreed=timezone.now()
        ):
            raise ValidationError(_("This was agreed to already."))
        record(actor, "guard.trace-agreed", row)
