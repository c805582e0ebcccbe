"""A question to the lake as the address of a page says it: query, time, and where its answers lead on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kulla.lake import Lake, Scope
from kulla.lake.language import literal
from kulla.lake.scope import Span

SPANS: Final = (
    ("1h", _("Last hour"), timedelta(hours=1)),
    ("24h", _("Last 24 hours"), timedelta(days=1)),
    ("7d", _("Last 7 days"), timedelta(days=7)),
    ("30d", _("Last 30 days"), timedelta(days=30)),
    ("all", _("All time"), None),
)
DEFAULT: Final = "7d"


@dataclass(frozen=True, slots=True)
class Question:
    """`query` in the lake's language, over [since, until); None leaves an end open. `span` is the name of a relative
    span, empty when the ends were given. `wrong`: a time could not be read."""

    query: str
    since: datetime | None
    until: datetime | None
    span: str
    wrong: bool = False

    @classmethod
    def of(cls, told: Mapping[str, str], now: datetime | None = None) -> Question:
        """The question of a page's query string."""
        now, query = now or timezone.now(), told.get("q", "").strip()
        # Of a form that bears both, what was changed counts: `was` is the span that it was shown with.
        given = not told.get("span") or told.get("span") == told.get("was")
        if given and (told.get("since") or told.get("until")):
            since, fault = _time(told.get("since", ""))
            until, other = _time(told.get("until", ""))
            fault = fault or other or bool(since and until and since >= until)
            return cls(query, since, until, "", fault)
        span = told.get("span") or DEFAULT
        length = {name: each for name, _label, each in SPANS}.get(span, SPANS[2][2])
        return cls(query, None if length is None else now - length, None, span)

    def address(self, query: str | None = None, since: datetime | None = None, until: datetime | None = None) -> str:
        """The query string of this question, or of one with another query or time."""
        told = {"q": self.query if query is None else query}
        if since is not None and until is not None:
            told |= {"since": _text(since), "until": _text(until)}
        elif self.span:
            told["span"] = self.span
        else:
            told |= {name: _text(at) for name, at in (("since", self.since), ("until", self.until)) if at}
        return urlencode({name: text for name, text in told.items() if text})

    def narrowed(self, field: str, value: str, wanted: bool = True) -> str:
        """The query string with one more condition."""
        return self.address(both(self.query, f"{'' if wanted else 'not '}{literal(field)}:{literal(value)}"))


def both(query: str, more: str) -> str:
    """Two queries as one that asks for both.

    >>> both("a or b", "host:x")
    '(a or b) and host:x'
    """
    if not query:
        return more
    simple = not any(word in query.lower().split() for word in ("or", "not")) and "(" not in query
    return f"{query} and {more}" if simple else f"({query}) and {more}"


def extent(lake: Lake, scope: Scope) -> tuple[datetime, datetime] | None:
    """From the first to after the last time of the scope's events; None when none bears a time."""
    files = [each for each in lake.visible(scope, Span()) if each.first is not None and each.last is not None]
    if not files:
        return None
    first, last = min(each.first or 0 for each in files), max(each.last or 0 for each in files)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    try:
        return epoch + timedelta(microseconds=first), epoch + timedelta(microseconds=last + 1)
    except OverflowError:
        return None


def _time(text: str) -> tuple[datetime | None, bool]:
    """A time as a form or an address gives it, in the reader's zone when it bears none; and whether it was wrong."""
    if not text:
        return None, False
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None, True
    return (timezone.make_aware(found) if timezone.is_naive(found) else found), False


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def last_term(query: str) -> tuple[str, str]:
    """What stands before the term that is being written, and the term.

    >>> last_term('host:a and Ima'), last_term('"Source Name":Sys tem'), last_term('"Source Na')
    (('host:a and ', 'Ima'), ('"Source Name":Sys ', 'tem'), ('', '"Source Na'))
    """
    begin = 0
    for end in _breaks(query):
        begin = end
    return query[:begin], query[begin:]


def _breaks(query: str) -> Iterator[int]:
    quoted = False
    for at, character in enumerate(query):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in " \t\r\n(":
            yield at + 1
