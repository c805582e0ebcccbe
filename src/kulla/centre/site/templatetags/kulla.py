"""Filters that every page may use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kulla.centre.site import errors, words

register = template.Library()


@register.filter
def when(value: datetime | None) -> SafeString | str:
    """A time in the reader's zone and, where the pointer rests or a screen reader asks, in UTC. A dash for none."""
    if value is None:
        return "–"
    utc = value.astimezone(UTC)
    try:
        local = timezone.localtime(value)
    except OverflowError:  # the first and last hours of the calendar, which files do bear, are none elsewhere
        local = utc
    return format_html(
        '<time datetime="{}" title="{} UTC">{} <span class="utc">{}Z</span></time>',
        utc.isoformat(timespec="seconds"), f"{utc:%Y-%m-%d %H:%M:%S}", f"{local:%Y-%m-%d %H:%M}", f"{utc:%H:%M}",
    )  # fmt: skip


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`mapping[key]`, or None."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def word(name: Any) -> str:
    """The console's word for a name, or for each of several."""
    return words.word(name if isinstance(name, str) else ", ".join(map(str, name or ())))


@register.filter
def land(code: str) -> str:
    """The name of a jurisdiction."""
    return words.land(code)


@register.filter
def under(subject: str, code: str) -> str:
    """What was decided under a jurisdiction."""
    return words.under(subject, code)


@register.filter
def incident(type_id: str) -> str:
    """The name of an RSIT type."""
    return words.incident(type_id)


@register.filter
def told(text: object) -> str:
    """The text of an error, or of the centre's health, in the reader's language."""
    return errors.told(text)


@register.inclusion_tag("marks.html")
def marks(row: Any) -> dict[str, Any]:
    """The marks of a row: zone, TLP, PAP, caveats."""
    return {"row": row}


@register.simple_tag(takes_context=True)
def page_query(context: Any, **changes: Any) -> str:
    """The page's own query string with some of it changed; None takes a part away."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return "?" + query.urlencode() if query else "?"


@register.filter
def span(value: timedelta | None) -> str:
    """A length of time by its two largest units: 2 d 3 h, 41 min, 5 s. A dash for none.

    >>> span(timedelta(days=2, hours=3, minutes=9)), span(timedelta(seconds=61)), span(None)
    ('2 d 3 h', '1 min 1 s', '–')
    """
    if value is None:
        return "–"
    left = int(value.total_seconds())
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
