"""Stopping a hunt by Ctrl-C or SIGTERM without losing half of what is in hand."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Self

_Handler = Callable[[int, FrameType | None], object] | int | None


class Stop(AbstractContextManager["Stop"]):
    """Within, SIGINT and SIGTERM raise KeyboardInterrupt once: at once, or at the end of the `whole` block they meet.

    Further signals are held back, so that the tidying-up is not disturbed; leaving restores what was before. Signals
    that are ignored (nohup) stay so. Elsewhere than in the main thread, which alone may handle signals, nothing."""

    def __init__(self) -> None:
        self._before: dict[int, _Handler] = {}
        self._busy = self._asked = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._signal)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """A block that is done whole before an interrupt takes effect."""
        self._busy = True
        try:
            yield
        finally:
            self._busy = False
        if self._asked:
            raise KeyboardInterrupt

    def _signal(self, _: int, __: FrameType | None) -> None:
        first, self._asked = not self._asked, True
        if first and not self._busy:
            raise KeyboardInterrupt
