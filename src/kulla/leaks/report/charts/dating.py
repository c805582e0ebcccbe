"""The likelihood of when a piece was taken, with the region shaded."""

from __future__ import annotations

from collections.abc import Sequence

from kulla.leaks.report.charts.svg import (
    DEEP,
    RULE,
    SHADE,
    SOFT,
    WARN,
    WIDTH,
    Axis,
    drawing,
    line,
    path,
    rect,
    text,
    times,
)

_TOP, _BOTTOM, _LEFT, _RIGHT = 24, 176, 46, WIDTH - 14
_FLAT = 54
"""Where the axis lies when there is no curve."""
_HOUR = 3_600_000_000


def dating(
    curve: Sequence[tuple[int, float]], spans: Sequence[tuple[int, int]], drop: float, region: str, below: str
) -> str:
    """The picture: time to the right, nats below the greatest likelihood downwards.

    curve: (moment in microseconds UTC, nats below the greatest, whichever sign) where it changes, ascending; spans:
    the region; region: what the shade is called; below: what the dashed line is called. Without a curve the region
    alone is drawn, between stretches of half its length.
    """
    if not curve and not spans:
        return drawing(_TOP, [])
    curve = zoomed(curve, spans)
    low, high = (curve[0][0], curve[-1][0]) if curve else _around(spans)
    across = Axis(low, high, _LEFT, _RIGHT)
    bottom = _BOTTOM if curve else _FLAT
    parts = [
        rect(across(first), _TOP, across(last) - across(first), bottom - _TOP, SHADE)
        for first, last in spans
        if last >= low and first <= high
    ]
    if curve:
        parts += _curve(curve, across, drop, below)
    for at, label in times(low, high):
        place = min(max(across(at), _LEFT + 20), _RIGHT - 32)
        parts += [
            line(across(at), bottom, across(at), bottom + 5, SOFT),
            text(place, bottom + 20, label, "middle", SOFT, 12),
        ]
    parts += [
        line(_LEFT, bottom, _RIGHT, bottom, SOFT),
        rect(_LEFT, 5, 12, 10, SHADE, RULE),
        text(_LEFT + 18, 14, region, "start", SOFT, 12),
    ]
    return drawing(bottom + 40, parts)


def zoomed(curve: Sequence[tuple[int, float]], spans: Sequence[tuple[int, int]]) -> list[tuple[int, float]]:
    """The curve around the region: twice the region's length on either side, at least an hour, with points at both
    ends.

    A window of hours in a history of years would be a line otherwise. Of a region without an end, and of a curve that
    lies elsewhere, the whole.
    """
    whole = list(curve)
    if len(whole) < 2 or not spans or spans[-1][1] > whole[-1][0] + (whole[-1][0] - whole[0][0]):
        return whole
    more = max(2 * (spans[-1][1] - spans[0][0]), _HOUR)
    low, high = max(spans[0][0] - more, whole[0][0]), min(spans[-1][1] + more, whole[-1][0])
    inside = [point for point in whole if low < point[0] < high]
    return [(low, _at(whole, low)), *inside, (high, _at(whole, high))] if low < high else whole


def _at(curve: Sequence[tuple[int, float]], moment: int) -> float:
    """The curve at a moment within it: that of the last point before."""
    return next(nats for at, nats in reversed(curve) if at <= moment)


def _steps(curve: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """The curve as it is: level from each point to the next, since it changes only where the register does."""
    told = [curve[0]]
    for at, nats in curve[1:]:
        told += [(at, told[-1][1]), (at, nats)]
    return told


def _curve(curve: Sequence[tuple[int, float]], across: Axis, drop: float, below: str) -> list[str]:
    # The interesting part is near the top: three times the drop, or all when that is less.
    deepest = min(max(abs(nats) for _, nats in curve), max(3 * drop, 1.0)) or 1.0
    down = Axis(0, deepest, _TOP, _BOTTOM)
    parts = []
    for nats in (0.0, deepest / 2, deepest):
        parts += [
            line(_LEFT, down(nats), _RIGHT, down(nats)),
            text(_LEFT - 6, down(nats) + 4, f"{-nats:.1f}".removesuffix(".0") if nats else "0", "end", SOFT, 12),
        ]
    return [
        *parts,
        line(_LEFT, down(drop), _RIGHT, down(drop), WARN, 1, "5 4"),
        text(_RIGHT - 4, down(drop) - 5, below, "end", WARN, 12),
        path([(across(at), down(abs(nats))) for at, nats in _steps(curve)], DEEP),
    ]


def _around(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    first, last = spans[0][0], spans[-1][1]
    more = max(last - first, 1) // 2
    return first - more, last + more
