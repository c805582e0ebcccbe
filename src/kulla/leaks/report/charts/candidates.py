"""How well each candidate explains a piece, and how far the best must be ahead before an account may be named."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kulla.leaks.report.charts.svg import DEEP, INK, RULE, SOFT, WARN, WIDTH, Axis, drawing, line, rect, short, text

_LEFT, _RIGHT, _ROW, _TOP = 190, WIDTH - 80, 24, 24


def candidates(rows: Sequence[tuple[str, float, bool]], margin: float | None, bar: str) -> str:
    """Bars from the best null (0) to the right.

    rows: (label, nats above the best null, whether it is among the outcome's own); margin: what an innocent episode
    reaches at most; bar: what its line is called. The outcome's own are filled, the others are outlines: colour alone
    says nothing.
    """
    # Scores reach from a few nats to tens of thousands: only a logarithm shows the margin beside them.
    most = max([nats for _, nats, _ in rows] + [margin or 0.0, 1.0])
    scale = Axis(0, math.log1p(most), _LEFT, _RIGHT)
    parts = []
    for at, (label, nats, own) in enumerate(rows):
        y = _TOP + _ROW * at
        fill, stroke = (DEEP, DEEP) if own else ("#fff", SOFT)
        parts += [
            text(_LEFT - 10, y + 14, ("● " if own else "") + short(label, 26), "end", INK),
            rect(_LEFT, y + 3, scale(math.log1p(max(nats, 0))) - _LEFT, _ROW - 9, fill, stroke),
            text(
                scale(math.log1p(max(nats, 0))) + 6,
                y + 14,
                f"{round(nats):,}".replace(",", "\u202f"),
                "start",
                SOFT,
                12,
            ),
        ]
    bottom = _TOP + _ROW * len(rows) + 4
    parts.append(line(_LEFT, _TOP - 4, _LEFT, bottom, SOFT))
    if margin is not None:
        x = scale(math.log1p(margin))
        parts += [line(x, _TOP - 6, x, bottom, WARN, 1.3, "5 4"), text(x + 4, 13, bar, "start", WARN, 12)]
    parts.append(line(_LEFT, bottom, _RIGHT, bottom, RULE))
    return drawing(bottom + 10, parts)
