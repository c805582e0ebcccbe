"""What the kernel says of the machine's clock (adjtimex(2))."""

from __future__ import annotations

import ctypes

from kulla.registers.seals.seal import Clock

_ERROR = 5
"""TIME_ERROR: the clock is not synchronised to a source of time."""
_ROOM = 512
"""More than `struct timex` takes on any processor; zeros mean: change nothing."""


def status() -> Clock:
    """Whether the clock is synchronised; "unknown" where the kernel does not say."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "adjtimex"):
        return "unknown"
    state = libc.adjtimex(ctypes.create_string_buffer(_ROOM))
    if state < 0:
        return "unknown"
    return "unsynchronised" if state == _ERROR else "synchronised"
