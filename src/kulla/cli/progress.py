"""The progress bar: on standard error, and only when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console

from kulla.hunt.run import Progress


@contextmanager
def bar() -> Iterator[Callable[[Progress], None]]:
    """Within, a function that shows how far a hunt is: bytes, events a second, hits, time left."""
    console = Console(stderr=True)
    if not console.is_terminal or not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.DownloadColumn(binary_units=True),
        bars.TextColumn("{task.fields[events]:,} events  {task.fields[rate]:,}/s  {task.fields[hits]:,} hits"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("hunt", total=None, events=0, rate=0, hits=0)

        def update(now: Progress) -> None:
            # Compressed input grows beyond its size on disk: then the end is unknown, and the bar says so.
            total = now.total if now.bytes <= now.total else None
            rate = int(now.events / now.seconds) if now.seconds else 0
            shown.update(task, completed=now.bytes, total=total, events=now.events, rate=rate, hits=now.hits)

        yield update
