"""Observables, and the cases that share them."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from kulla.centre.audit.chain import record
from kulla.centre.cases.models import Case, Observable
from kulla.centre.people import door
from kulla.centre.people.models import User

_HASHES: Final = {32: "md5", 40: "sha1", 64: "sha256"}
_DOMAIN: Final = re.compile(r"(?=.{4,253}$)([a-z0-9_-]{1,63}\.)+[a-z]{2,63}", re.IGNORECASE)
_FANG: Final = (
    ("hxxps://", "https://"),
    ("hxxp://", "http://"),
    ("[.]", "."),
    ("(.)", "."),
    ("[:]", ":"),
    ("[@]", "@"),
)


def plain(text: str) -> str:
    """A value as it is compared: without the field's defanging.

    >>> plain(" hxxp://evil[.]example/a ")
    'http://evil.example/a'
    """
    value = text.strip()
    for fanged, bare in _FANG:
        value = value.replace(fanged, bare)
    return value


def kind_of(value: str) -> str:
    """The kind of a value by its form; "other" when it tells nothing.

    >>> kind_of("192.0.2.7"), kind_of("evil.example"), kind_of("CVE-2026-1234"), kind_of("x y")
    ('address', 'domain', 'vulnerability', 'other')
    """
    if len(value) in _HASHES and re.fullmatch(r"[0-9a-fA-F]+", value):
        return _HASHES[len(value)]
    try:
        ipaddress.ip_address(value)
    except ValueError:
        pass
    else:
        return "address"
    if re.fullmatch(r"CVE-\d{4}-\d{4,}", value, re.IGNORECASE):
        return "vulnerability"
    if "://" in value:
        return "url"
    if re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        return "mail"
    return "domain" if _DOMAIN.fullmatch(value) else "other"


def add_observable(
    actor: User, case: Case, value: str, kind: str = "", note: str = "", indicator: bool = False
) -> tuple[Observable, bool]:
    """Add a value; its kind is told from its form when none is given. With whether it is new to the case."""
    door.need(actor, "cases.work", case)
    found = plain(value)
    if not found or len(found) > 1000:
        raise ValidationError(_("An observable has 1 to 1000 characters."))
    kind = kind or kind_of(found)
    if kind in {"domain", "mail", "md5", "sha1", "sha256", "host"}:
        found = found.casefold()
    with transaction.atomic():
        row, new = Observable.objects.get_or_create(
            case=case, kind=kind, value=found,
            defaults={"note": note[:300], "indicator": indicator, "added_by": actor, "tlp": case.tlp, "pap": case.pap},
        )  # fmt: skip
        if new:
            # The audit keeps that one was added, not the value: it may be a mail address.
            digest = hashlib.blake2b(found.encode(), digest_size=8).hexdigest()
            record(actor, "cases.observable", case, kind=kind, value_hash=digest)
    return row, new


def mark_indicator(actor: User, row: Observable, indicator: bool) -> None:
    """Say that a value is worth looking for elsewhere, or no longer."""
    door.need(actor, "cases.work", row)
    with transaction.atomic():
        row.indicator = indicator
        row.save(update_fields=["indicator"])
        record(actor, "cases.indicator", row.case, observable=row.pk, indicator=indicator)


def related_by_observables(actor: User, case: Case) -> QuerySet[Case]:
    """Other cases that the actor sees and that share an observable; those that share most come first. Cases of other
    zones are not counted, so that nothing tells that they are there."""
    values = door.visible(actor, Observable.objects.filter(case=case)).values("value")
    shared = door.visible(actor, Observable.objects.exclude(case=case)).filter(value__in=values)
    rows = door.visible(actor, Case.objects.exclude(pk=case.pk)).filter(observables__in=shared)
    return rows.annotate(shared=Count("observables__value", distinct=True)).order_by("-shared", "-opened")[:20]
