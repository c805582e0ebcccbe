"""The same small task many times, on all cores: results do not depend on how many there are."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from kulla.errors import KullaError

_SHARED: dict[str, Callable[[int], float]] = {}
"""The task in a forked process: what it was when the process began, so that nothing of it is sent."""
_CHUNKS: Final = 8
"""Parts of the work for each process: some turns take ten times as long as others."""


def spread(workers: int) -> Callable[[Callable[[int], float], int], list[float]]:
    """How to call a function with 0, 1, … many - 1 on so many cores, answers in that order.

    Raises KullaError when a process dies, as of too little memory.
    """

    def call(task: Callable[[int], float], many: int) -> list[float]:
        if workers <= 1 or many < 2 * workers:
            return [task(turn) for turn in range(many)]
        _SHARED["task"] = task
        try:
            with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
                return list(pool.map(_called, range(many), chunksize=max(many // (workers * _CHUNKS), 1)))
        except BrokenProcessPool:
            raise KullaError("a process died, perhaps of too little memory; use fewer --workers") from None
        finally:
            _SHARED.clear()

    return call


def _called(turn: int) -> float:
    return _SHARED["task"](turn)
