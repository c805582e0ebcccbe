"""Small pieces of SVG, escaped in one place. No style, script or reference: only shapes with attributes."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kulla.leaks.report.clean import shown

WIDTH: Final = 760
INK, SOFT, RULE, DEEP, SHADE, WARN = "#1b1f24", "#57606a", "#d5d2c8", "#16436f", "#cfe0f0", "#8a3b12"
_STEPS: Final = (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 10080, 20160)
"""Minutes between marks of a time axis, up to two weeks; beyond, whole months."""
_MINUTE: Final = 60_000_000
_MONTH: Final = 43_200


@dataclass(frozen=True, slots=True)
class Axis:
    """From values [low, high] to places [start, stop] of the picture. A span of no length is drawn as one of 1."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """The place of a value; outside the span at its ends."""
        inside = min(max(value, self.low), self.high)
        return self.start + (self.stop - self.start) * (inside - self.low) / ((self.high - self.low) or 1)


def drawing(height: float, parts: Sequence[str]) -> str:
    """A whole picture, `WIDTH` wide."""
    inner = "".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" font-size="13">{inner}</svg>'


def rect(x: float, y: float, width: float, height: float, fill: str, stroke: str = "none") -> str:
    """A rectangle, at least a third of a unit wide so that it can be seen."""
    return (
        f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0.33))}" height="{_n(height)}" '
        f'fill="{fill}" stroke="{stroke}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = RULE, width: float = 1, dashes: str = "") -> str:
    """A straight line. dashes: as SVG's stroke-dasharray."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" '
        f'stroke="{stroke}" stroke-width="{_n(width)}"{dashed}/>'
    )


def path(points: Sequence[tuple[float, float]], stroke: str = DEEP, width: float = 1.6) -> str:
    """A line through points."""
    places = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{stroke}" stroke-width="{_n(width)}"/>'


def text(x: float, y: float, words: str, anchor: str = "start", fill: str = INK, size: float = 13) -> str:
    """A text; whatever it says, it stays one."""
    return (
        f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" fill="{fill}" font-size="{_n(size)}">'
        f"{html.escape(shown(words))}</text>"
    )


def short(words: str, most: int) -> str:
    """A label cut to so many characters."""
    return words if len(words) <= most else words[: most - 1] + "…"


def times(low: int, high: int, most: int = 6) -> tuple[tuple[int, str], ...]:
    """Marks of a time axis between two moments (microseconds UTC): at most about `most`, at round times."""
    step = next((s for s in _STEPS if (high - low) / (s * _MINUTE) <= most), None)
    if step is None:
        return _months(low, high, most)
    size = step * _MINUTE
    first = -(-low // size) * size
    form = "%Y-%m-%d" if step >= 1440 else "%m-%d %H:%M"
    return tuple((at, _moment(at).strftime(form)) for at in range(first, high + 1, size))


def _months(low: int, high: int, most: int) -> tuple[tuple[int, str], ...]:
    every = max(1, round((high - low) / (_MONTH * _MINUTE) / most))
    at, marks = _moment(low).replace(day=1, hour=0, minute=0, second=0, microsecond=0), []
    while (moment := int(at.timestamp()) * 1_000_000) <= high:
        if moment >= low:
            marks.append((moment, at.strftime("%Y-%m")))
        for _ in range(every):
            at = at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    return tuple(marks)


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1_000_000, UTC)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
