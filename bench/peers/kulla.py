"""Kulla itself, seen from outside as the peers are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.peers._api import Call
from kulla import __version__


@dataclass(frozen=True, slots=True)
class Kulla:
    """`kulla hunt`, the whole command: parse, match, explain each hit, rank, write JSON Lines with the raw kept.

    Attributes:
        extra: more options, such as `--no-cache`.
    """

    extra: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"kulla {__version__}"

    def call(self, events: Path, rules: Path, work: Path, cores: int) -> Call:
        out = ("--rules", str(rules), "--jobs", str(cores), "--out", str(work / "kulla-hits.jsonl"))
        return Call((sys.executable, "-m", "kulla", "hunt", str(events), *out, *self.extra), work / "kulla.txt")

    def hits(self, events: Path, rules: Path, work: Path) -> Iterator[tuple[str, int]]:
        call = self.call(events, rules, work, 2)
        # 3 and 4 tell of rejected records and bad rules, which the shared samples have.
        code = subprocess.run(call.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode
        if code not in (0, 3, 4):
            raise subprocess.CalledProcessError(code, call.argv)
        for line in (work / "kulla-hits.jsonl").open("rb"):
            hit = orjson.loads(line)
            yield hit["rule_id"], hit["record"]


def stats_call(events: Path) -> Call:
    """`kulla events stats`: all the parsing, logsources and times, and no rule."""
    return Call((sys.executable, "-m", "kulla", "events", "stats", str(events)))
