"""Which piece stands where along a table of a leaked file, and a crawl's path through time."""

from __future__ import annotations

from collections.abc import Sequence

from kulla.leaks.report.charts.svg import DEEP, RULE, SOFT, WIDTH, Axis, drawing, line, path, rect, short, text, times

_LEFT, _RIGHT, _ROW = 170, WIDTH - 14, 34


def along(names: Sequence[str], parts: Sequence[Sequence[float]], top: str, end: str) -> str:
    """One line for each piece, the file from its first row (left) to its last; the taller, the more of that stretch.

    names: of the pieces; parts: of each its share (0 … 1) of each stretch of the file, stretches of equal length; top,
    end: what the ends of the file are called.
    """
    drawn = []
    for at, (name, mine) in enumerate(zip(names, parts, strict=True)):
        base = 10 + _ROW * (at + 1)
        drawn += [text(_LEFT - 10, base - 6, short(name, 26), "end"), line(_LEFT, base, _RIGHT, base, RULE)]
        across = Axis(0, max(len(mine), 1), _LEFT, _RIGHT)
        drawn += [
            rect(across(x), base - share * (_ROW - 8), across(x + 1) - across(x) + 0.4, share * (_ROW - 8), DEEP)
            for x, share in enumerate(mine)
            if share > 0
        ]
    foot = 10 + _ROW * len(names) + 18
    drawn += [text(_LEFT, foot, top, "start", SOFT, 12), text(_RIGHT, foot, end, "end", SOFT, 12)]
    return drawing(foot + 8, drawn)


def trajectory(points: Sequence[tuple[int, int]], top: str, end: str) -> str:
    """A crawl: place in the file to the right, time upwards. points: (place, moment in microseconds UTC), ascending."""
    height, left = 190, 96
    moments = [at for _, at in points]
    across = Axis(points[0][0], points[-1][0], left, _RIGHT)
    up = Axis(min(moments), max(moments), height - 34, 14)
    drawn = []
    for at, label in times(min(moments), max(moments), 5):
        drawn += [line(left, up(at), _RIGHT, up(at)), text(left - 8, up(at) + 4, label, "end", SOFT, 12)]
    drawn += [
        path([(across(place), up(at)) for place, at in points], DEEP),
        line(left, height - 30, _RIGHT, height - 30, SOFT),
        text(left, height - 10, top, "start", SOFT, 12),
        text(_RIGHT, height - 10, end, "end", SOFT, 12),
    ]
    return drawing(height, drawn)
