"""Likelihood ratios in words and figures, as forensic practice tells them."""

from __future__ import annotations

from typing import Final

from kulla.leaks.report.blocks import Code, Text
from kulla.leaks.report.view import View
from kulla.leaks.report.words import Words
from kulla.leaks.trace import FEWEST

BOUNDS: Final = (0.30103, 1.0, 2.0, 3.0, 4.0, 6.0)
"""log10 of the ratios 2, 10, 100, 1,000, 10,000 and 1,000,000: where the words change (ENFSI Guideline for Evaluative
Reporting in Forensic Science, 2015, table of verbal equivalents)."""
_ALTERNATIVES: Final = ("pasted", "unlogged copy")


def strength(log10: float) -> int:
    """The place on the scale of words, 0 … 6, whichever side is supported.

    >>> [strength(value) for value in (0.0, -0.5, 1.5, 5.9, 6.0, -300.0)]
    [0, 1, 2, 5, 6, 6]
    """
    return sum(abs(log10) >= bound for bound in BOUNDS)


def worded(say: Words, log10: float) -> str:
    """The ratio in words; one below 1 supports the alternative."""
    at = strength(log10)
    support = say(f"lr.{at}")
    return say("lr.against", support=support) if at and log10 < 0 else support


def figured(say: Words, log10: float) -> str:
    """The ratio as a figure of two digits; above a million only that: the model's certainty is not the world's."""
    size = abs(log10)
    if size >= BOUNDS[-1]:
        told = say("cd.cap")
    elif size < 1:
        told = say.decimal(10**size, 1)
    else:
        # Two digits: more would claim what no likelihood model has.
        step = 10 ** (int(size) - 1)
        told = say.number(round(10**size / step) * step)
    return say("cd.less", times=told) if log10 < 0 and strength(log10) else told


def known(view: View, log10: float) -> bool:
    """Whether a ratio is told: away from the register's own site only one that is beyond FEWEST powers of ten is."""
    return not view.coarse or abs(log10) >= FEWEST


def scale(say: Words) -> tuple[tuple[str, str], ...]:
    """The scale of words, for a report's reader."""
    names = ["1 – 2", "2 – 10", "10 – 100", f"100 – {say.number(1000)}", f"{say.number(1000)} – {say.number(10_000)}",
             f"{say.number(10_000)} – {say.number(1_000_000)}", f"> {say.number(1_000_000)}"]  # fmt: skip
    return tuple((name, say(f"lr.{at}")) for at, name in enumerate(names))


def alternative(view: View, name: str) -> Text:
    """An alternative's name in words."""
    say = view.say
    if name in _ALTERNATIVES:
        return say(f"cd.alt.{name}")
    kind, _, rest = name.partition(" ")
    return say.rich(f"cd.alt.{kind}", name=Code(rest)) if kind in ("copy", "episode") else Code(name)
