"""The progress bar: on standard error, and only when that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kulla.hunt.run import Progress


@contextmanager
def bar() -> Iterator[Callable[[Progress], None]]:
    """Within, a function that shows how far a hunt is: bytes, events a second, hits, time left."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars  # here, since a script's run needs no bar: 30 ms
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=12),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[size]}"),
        bars.TextColumn("{task.fields[events]:,} events {task.fields[rate]:,}/s {task.fields[hits]:,} hits"),
        bars.TimeRemainingColumn(compact=True),
    )
    with bars.Progress(*columns, console=console, transient=True, speed_estimate_period=120) as shown:
        task = shown.add_task("starting", total=None, size="", events=0, rate=0, hits=0)

        def update(now: Progress) -> None:
            # Until the first file ends (a single archive: until all ends) nothing is known of what is left.
            known: dict[str, Any] = {"completed": now.bytes, "total": now.total, "size": size(now)} if now.bytes else {}
            rate = int(now.events / now.seconds) if now.seconds else 0
            counts: dict[str, Any] = {"events": now.events, "rate": rate, "hits": now.hits}
            shown.update(task, description="hunting", **known, **counts)

        yield update


def size(now: Progress) -> str:
    """What of the input is done, in a unit that fits all of it.

    >>> size(Progress(1_500_000, 0, 0, 88_000_000, 1.0))
    '1.5/88.0 MB'
    """
    unit, name = next(((u, n) for u, n in ((1e9, "GB"), (1e6, "MB")) if now.total >= u), (1e3, "kB"))
    return f"{now.bytes / unit:,.1f}/{now.total / unit:,.1f} {name}"
