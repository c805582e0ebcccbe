"""The chart of an account: reads a day, its usual day and its peers', as SVG drawn here."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kulla.centre.guard.registers import Account

_WIDTH, _HEIGHT, _FOOT, _LEFT = 800, 170, 24, 44


def reads_by_day(account: Account, days: int = 180) -> SafeString:
    """Bars of the last `days` days up to the account's last, with lines for its usual day and for its peers'."""
    first = account.last - timedelta(days=days - 1)
    shown = {day: count for day, count in account.days.items() if day >= first}
    top = max([*shown.values(), account.usual, account.peers, 1])
    step = (_WIDTH - _LEFT) / days
    base = _HEIGHT - _FOOT

    def up(value: float) -> float:
        return round(base - (base - 10) * value / top, 1)

    def at(day: date) -> float:
        return round(_LEFT + (day - first).days * step, 1)

    bars = format_html_join(
        "", '<rect class="bar-mark" x="{}" y="{}" width="{}" height="{}"><title>{} · {}</title></rect>',
        ((at(day), up(n), round(max(step - 0.5, 1), 1), round(base - up(n), 1), day, n) for day, n in shown.items()),
    )  # fmt: skip
    lines = format_html_join(
        "", '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (kind, _LEFT, _WIDTH, up(value), up(value), _WIDTH - 4, up(value) - 3, f"{label} {value:.0f}")
            for kind, value, label in (("usual", account.usual, _("usual")), ("peers", account.peers, _("peers")))
            if value
        ),
    )  # fmt: skip
    label = _("Reads a day until %(day)s; most: %(most)d") % {"day": account.last, "most": max(shown.values())}
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}">{}</text>'
        '<text x="{}" y="{}" text-anchor="end">{}</text>'
        '<text x="{}" y="14" text-anchor="end">{}</text></svg>',
        _WIDTH, _HEIGHT, label, bars, lines, _LEFT, _WIDTH, base, base, _LEFT, _HEIGHT - 8, first, _WIDTH, _HEIGHT - 8,
        account.last, _LEFT - 6, round(top),
    )  # fmt: skip
