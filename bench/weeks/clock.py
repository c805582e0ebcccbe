"""Time: microseconds UTC inside, the ministry's local time (CET, all weeks lie in winter) where a log writes it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
OFFSET = HOUR
"""Local time is UTC+1."""
START = int(datetime(2026, 11, 8, 23, tzinfo=UTC).timestamp()) * SECOND
"""Monday 9 November 2026, midnight local time; Microsoft's patches appear on the Tuesday."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=4096)
def _second(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=4096)
def _text(seconds: int, form: str) -> str:
    return _second(seconds).strftime(form)


def iso(time: int, digits: int = 3) -> str:
    """2026-11-09T08:00:00.123Z"""
    seconds, rest = divmod(time, SECOND)
    return f"{_text(seconds, '%Y-%m-%dT%H:%M:%S')}.{f'{rest:06d}'[:digits]}Z"


def plain(time: int, digits: int = 3) -> str:
    """2026-11-09 08:00:00.123, in UTC."""
    seconds, rest = divmod(time, SECOND)
    return f"{_text(seconds, '%Y-%m-%d %H:%M:%S')}.{f'{rest:06d}'[:digits]}"


def local(time: int, form: str) -> str:
    """Local time by a strftime form."""
    return _text((time + OFFSET) // SECOND, form)


def syslog(time: int) -> str:
    """RFC 3164's local time, its day padded with a blank."""
    day = _second((time + OFFSET) // SECOND)
    return f"{MONTHS[day.month - 1]} {day.day:2d} {_text((time + OFFSET) // SECOND, '%H:%M:%S')}"


_WORKDAY = (1, 1, 1, 1, 1, 2, 6, 40, 95, 100, 90, 80, 55, 70, 85, 80, 50, 15, 7, 5, 4, 3, 2, 1)
_PUBLIC = (12, 7, 4, 3, 3, 5, 14, 38, 75, 95, 100, 96, 84, 82, 88, 86, 74, 62, 60, 66, 72, 70, 48, 26)
OFFICE = tuple(float(w) for w in (*(_WORKDAY * 5), *((0.5,) * 8 + (3.0,) * 6 + (0.5,) * 10) * 2))
"""Weights of the 168 hours of a week: people at work."""
MORNING = tuple(
    float(w)
    for w in (
        *((0, 0, 0, 0, 0, 0, 3, 60, 100, 20, 6, 3, 3, 8, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0) * 5),
        *((0,) * 9 + (3,) * 2 + (0,) * 13) * 2,
    )
)
"""Logons: two thirds before nine."""
PUBLIC = tuple(float(w) for w in (*(_PUBLIC * 5), *(tuple(w * 0.5 for w in _PUBLIC) * 2)))
"""Citizens on the portal."""
FLAT = (1.0,) * 168
NIGHT = tuple(float(w) for w in ((1,) * 6 + (0,) * 18) * 7)

Times = Callable[[random.Random, int, float], list[int]]
"""When a habit happens in one hour (its number from `START`): given a random source, the hour and the scale."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a week at scale 1, spread by a rhythm, at random moments. Rare acts are not thinned like volume: below scale
    0.1 they become rarer, above they keep their pace."""

    per_week: float
    rhythm: Sequence[float] = FLAT
    rare: bool = False

    def __call__(self, rng: random.Random, hour: int, scale: float) -> list[int]:
        factor = min(1.0, scale * 10) if self.rare else scale
        mean = self.per_week * factor * self.rhythm[hour % 168] / sum(self.rhythm)
        start = START + hour * HOUR
        return sorted(start + rng.randrange(HOUR) for _ in range(_poisson(rng, mean)))


@dataclass(frozen=True, slots=True)
class Cron:
    """At these minutes of these hours (local) on these days (0 Monday), a few seconds late as schedulers are."""

    minutes: Sequence[int]
    hours: Sequence[int] = tuple(range(24))
    days: Sequence[int] = tuple(range(7))
    once: bool = field(default=False)
    """Jobs of once a day or a week happen at every scale; the others are thinned below scale 0.1."""

    def __call__(self, rng: random.Random, hour: int, scale: float) -> list[int]:
        if hour % 24 not in self.hours or hour // 24 % 7 not in self.days:
            return []
        keep = 1.0 if self.once else min(1.0, scale * 10)
        start = START + hour * HOUR
        return [start + m * MINUTE + rng.randrange(200_000, 3 * SECOND) for m in self.minutes if rng.random() < keep]


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth's for small means, the normal approximation above."""
    if mean > 30:
        return max(0, round(rng.gauss(mean, mean**0.5)))
    limit, count, product = 2.718281828459045**-mean, 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
