"""Places where a test may end the worker as a power failure would: KULLA_FAULT=place:n kills it there the nth time.

Without the variable a place costs one look into an empty dictionary.
"""

from __future__ import annotations

import os
import signal
from typing import Final

PLACES: Final = (
    "claimed", "scanned", "before-lake", "after-lake", "in-database", "after-database", "after-sync", "after-move",
    "before-reject", "after-reject",
)  # fmt: skip
"""In the order in which a file meets them."""


_left: dict[str, int] = {}


def ask(text: str) -> None:
    """Ask for a fault, as the variable does; an empty text for none."""
    name, _, number = text.partition(":")
    _left.clear()
    if name in PLACES:
        _left[name] = int(number or 1)


ask(os.environ.get("KULLA_FAULT", ""))


def place(name: str) -> None:
    """Die here if a test has asked for it."""
    if name in _left:
        _left[name] -= 1
        if not _left[name]:
            os.kill(os.getpid(), signal.SIGKILL)
