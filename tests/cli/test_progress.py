from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

from cli.command import event, made

from kulla.hunt.options import Options
from kulla.hunt.run import Hunt, Progress


def _progress(rules: Path, *paths: Path) -> list[Progress]:
    told: list[Progress] = []
    options = Options([str(path) for path in paths], [str(rules)], cache="")
    with Hunt(options) as run:
        run.progress = told.append
        run.run()
    return told


def test_bytes_are_those_on_disk_and_end_at_the_whole(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    told = _progress(rules, log)
    assert (told[-1].bytes, told[-1].total) == (log.stat().st_size, log.stat().st_size)
    assert (told[-1].events, told[-1].hits) == (3, 1)


def test_compressed_input_is_never_more_than_done(tmp_path: Path) -> None:
    """Unpacked it is a hundred times as large: counting that would show the end at once."""
    rules, log = made(tmp_path)
    packed = tmp_path / "a.json.gz"
    packed.write_bytes(gzip.compress(b"".join(json.dumps(event(1)).encode() + b"\n" for _ in range(5000))))
    prose = tmp_path / "prose.txt"
    prose.write_text("No log, but long. " * 1000)
    told = _progress(rules, packed, prose, log)
    assert all(now.bytes <= now.total for now in told)
    assert all(later.bytes >= sooner.bytes for sooner, later in itertools.pairwise(told))
    before = [now for now in told if now.events and not now.bytes]
    assert before, "nothing is known of an archive before its end"
    assert told[-1].bytes == told[-1].total == packed.stat().st_size + log.stat().st_size
