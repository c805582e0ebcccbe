"""How this process gives memory back."""

from __future__ import annotations

import ctypes
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of `mallopt` (malloc.h of glibc and musl's compatible libraries)."""

_LARGEST_BLOCK: Final = 32 << 20  # glibc refuses more
_NEVER: Final = (1 << 31) - 1


def keep_memory() -> bool:
    """Keep freed memory for the next batch instead of returning it to the system and fetching it again, page by page.

    Batches of tens of megabytes follow each other; without this their page faults take 5 to 8 µs an event on a virtual
    machine, with it 2. The process stays at its peak. False where the C library has no such setting.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
