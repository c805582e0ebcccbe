"""Single values made like others: numbers nobody has, money moved, dates in another's writing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from kulla.registers.decoys.draw import Draw

_TRIES: Final = 200


def single(value: Any) -> bool:
    """Whether a value could belong to one row alone: a text with a digit."""
    return isinstance(value, str) and bool(re.search(r"\d", value))


def number_like(text: str) -> bool:
    """Whether a text is a number."""
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def moved_money(value: Any, factor: float) -> Any:
    """An amount times a factor, rounded as it was, in its type; what is no number is returned as it is.

    >>> moved_money("84000", 1.03), moved_money("84200", 1.03), moved_money("none", 2.0)
    ('87000', '86700', 'none')
    """
    if not number_like(str(value)):
        return value
    amount = Decimal(str(value))
    step = Decimal(1)
    while amount and amount % (step * 10) == 0 and step * 50 <= abs(amount):
        step *= 10
    while amount % step and step > Decimal("0.01"):
        step /= 10
    moved = round(amount * Decimal(repr(factor)) / step) * step
    if amount % (step * 10) and not moved % (step * 10):
        moved += step  # no rounder than it was
    moved = Decimal(moved).quantize(amount)
    return str(moved) if isinstance(value, str) else type(value)(moved)


def changed(draw: Draw, value: str, known: Mapping[str, int]) -> str:
    """The value with other digits, until nobody has it."""
    made = value
    for attempt in range(_TRIES):
        if attempt < _TRIES // 2:
            made = re.sub(r"\d", lambda _: str(draw.below(10)), value)
        else:
            # Every number with these letters is taken (plates are issued in sequence): other letters too.
            made = re.sub(r"[0-9A-Z]", lambda m: _like(draw, m.group()), value)
        if made not in known:
            break
    return made


def _like(draw: Draw, letter: str) -> str:
    return str(draw.below(10)) if letter.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[draw.below(26)]


def iban(text: str) -> str:
    """The IBAN with the check digits that belong to it (ISO 13616).

    >>> iban("GB00WEST12345698765432")
    'GB82WEST12345698765432'
    """
    plain = re.sub(r"\s", "", text)
    turned = "".join(str(int(c, 36)) for c in plain[4:] + plain[:2] + "00")
    return f"{plain[:2]}{98 - int(turned) % 97:02}{plain[4:]}"


def day_of(value: Any) -> date | None:
    """The day that a date, a time or an ISO text tells; None for what tells none."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def as_day(day: date, like: Any) -> Any:
    """A day in the type, and for text in the writing, of another."""
    if isinstance(like, datetime):
        return like.replace(year=day.year, month=day.month, day=day.day)
    if isinstance(like, date):
        return day
    turned = re.fullmatch(r"\d{1,2}([./-])\d{1,2}[./-]\d{4}", str(like))
    return day.strftime(f"%d{turned[1]}%m{turned[1]}%Y") if turned else day.isoformat() + str(like)[10:]
