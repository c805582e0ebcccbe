"""What leaves of a notice: kind, level, zone and a link. Whatever the marks, nothing of what it is about."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kulla.centre.alerts.models import Level
from kulla.centre.centretoml import CentreToml
from kulla.centre.notices.models import Kind, Notice
from kulla.centre.running.founding import address


def words(notice: Notice) -> str:
    """One sentence, in the language that is active."""
    zone = notice.get_zone_display()
    if notice.kind == Kind.LEVEL:
        level = Level(notice.level).label
        text = ngettext(
            "%(count)d alert of level %(level)s in zone %(zone)s.",
            "%(count)d alerts of level %(level)s in zone %(zone)s.", notice.count,
        )  # fmt: skip
        return text % {"count": notice.count, "level": level, "zone": zone}
    if notice.kind == Kind.CLOCK:
        if notice.mark >= 100:
            return _("A legal clock in zone %(zone)s has run out.") % {"zone": zone}
        values = {"zone": zone, "mark": notice.mark}
        return _("A legal clock in zone %(zone)s has used %(mark)d %% of its time.") % values
    return _("Something in zone %(zone)s was assigned to you.") % {"zone": zone}


def link(told: CentreToml, notice: Notice) -> str:
    """Where it is acknowledged, after signing in: a link that did it by itself would be opened by a mail filter."""
    return address(told) + reverse("notices:notice", args=[notice.uid])


def letter(told: CentreToml, notice: Notice, language: str, again: bool) -> tuple[str, str]:
    """Subject and text of a mail, in a person's language. again: told before, to them or to others."""
    with translation.override(language):
        said = words(notice)
        subject = f"[{told.name}] " + (_("Again: %(said)s") % {"said": said} if again else said)
        return subject, f"{said}\n\n" + _("See it and acknowledge it here:") + f"\n{link(told, notice)}\n"


def hook(told: CentreToml, notice: Notice, event: str) -> bytes:
    """A webhook's body. event: notice, or unheard when the whole rota did not answer."""
    with translation.override("en"):
        row = {
            "event": event, "id": str(notice.uid), "kind": notice.kind, "level": notice.level, "mark": notice.mark,
            "zone": notice.zone, "count": notice.count, "since": notice.made.isoformat(timespec="seconds"),
            "text": words(notice), "link": link(told, notice),
        }  # fmt: skip
    return json.dumps(row, separators=(",", ":")).encode()


def signature(key: bytes, body: bytes, now: datetime) -> str:
    """The header Kulla-Signature: seconds since 1970, and HMAC-SHA-256 over them, a full stop, and the body.

    >>> from datetime import UTC
    >>> signature(b"k", b"{}", datetime(2026, 3, 1, tzinfo=UTC))[:20]
    't=1772323200,sha256='
    """
    at = int(now.timestamp())
    digest = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},sha256={digest}"
