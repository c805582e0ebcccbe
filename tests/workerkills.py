"""A process that runs the centre's worker again and again on one centre, each time in a fork of its own, and has it
killed at a place: python tests/workerkills.py CENTRE KEYS OUT FAULT…

It loads Django once; forks cost what a fork costs. For each fault it restores the centre, runs the worker with the
fault until nothing kills it any more, and writes what came of it to OUT/<fault>.json.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path


def forked(run: Callable[[], None]) -> int:
    """The wait status of a process that does this and ends."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            run()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def main() -> None:
    path, keys, out, *faults = sys.argv[1:]
    from kulla.centre.folder import opened
    from kulla.centre.running import serving

    centre = opened(Path(path), Path(keys))
    serving.set_up(centre)
    from kulla.centre.worker import chunk as chunks
    from kulla.centre.worker import faults as asked
    from kulla.centre.worker.ways import Ways
    from kulla.centre.worker.work import Work
    from kulla.settings import Settings

    chunks.ROWS = 1  # type: ignore[misc]

    def work(fault: str) -> Callable[[], None]:
        def run() -> None:
            asked.ask(fault)
            Work(centre, Ways(quiet=0, jobs=1), Settings(), once=True).run()

        return run

    template = Path(out) / "template"
    if not template.exists():
        shutil.copytree(path, template)
    for fault in faults:
        shutil.rmtree(path)
        shutil.copytree(template, path)
        killed = 0
        while forked(work("" if killed or fault == "none" else fault)):
            killed += 1
            if killed > 1:
                raise SystemExit(f"{fault}: the worker failed by itself")
        target = Path(out) / f"{fault.replace(':', '-')}.json"
        if forked(lambda: told(centre.path, target, killed)):  # noqa: B023 - run at once
            raise SystemExit(f"{fault}: what came of it cannot be read")


def told(path: Path, target: Path, killed: int) -> None:
    """Write what came of it: everything that must not depend on when the worker was killed."""
    from kulla.centre.alerts.models import Alert
    from kulla.centre.people import door
    from kulla.centre.worker.models import Correlating, Health, SourceFile
    from kulla.lake import Lake

    with door.zones(door.ALL_ZONES):
        columns = ("uid", "title", "first", "last", "events", "evidence", "detail", "host", "account", "tlp", "status")
        alerts = list(Alert.objects.order_by("uid").values(*columns))
        columns = ("name", "state", "reason", "chunks", "piece", "part", "events", "hits", "rejects", "hosts", "moved")
        files = list(SourceFile.objects.order_by("name").values(*columns))
        states = [bytes(row.data).hex() for row in Correlating.objects.order_by("pk")]
        health = sorted(Health.objects.exclude(kind="stopped").values_list("kind", "text"))
    with Lake(path / "lake") as lake:
        found = lake.search("*", frozenset({("civil", "tax"), ("military", "navy")}))
        events = sorted((id_.hex(), raw) for batch in found for id_, raw in zip(
            batch["event_id"].to_pylist(), batch["raw"].to_pylist(), strict=True))  # fmt: skip
    places = sorted(str(each.relative_to(path)) for top in ("inbox", "rejects") for each in (path / top).rglob("*")
                    if each.is_file() and not each.name.endswith(".reason.json"))  # fmt: skip
    whole = {"killed": killed, "alerts": alerts, "files": files, "correlations": states, "health": health,
             "events": events, "places": places}  # fmt: skip
    target.write_text(json.dumps(whole, default=str), "utf-8")


if __name__ == "__main__":
    main()
