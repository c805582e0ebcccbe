"""rsigma (MIT), a Sigma engine in Rust: `cargo install --locked rsigma`."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.peers._api import Call
from bench.peers.rsigma_pipeline import pipeline


@dataclass(frozen=True, slots=True)
class Rsigma:
    """rsigma's `engine eval`, its command for a file of events; it uses one processor however many there are.

    Attributes:
        program: the binary.
        own: use its built-in `sysmon` pipeline instead of ours.
    """

    program: str
    own: bool = False

    @property
    def name(self) -> str:
        told = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout
        return f"rsigma {told.split()[1]}, {'its own sysmon pipeline' if self.own else 'channel pipeline'}"

    def call(self, events: Path, rules: Path, work: Path, cores: int) -> Call:
        return Call((*self._argv(events, rules, work), "--quiet"), work / "rsigma-hits.jsonl")

    def hits(self, events: Path, rules: Path, work: Path) -> Iterator[tuple[str, int]]:
        """Its hits do not name the line: the event is asked for and looked up, equal events in their order."""
        told = work / "rsigma-explained.jsonl"
        with told.open("wb") as stream:
            argv = [*self._argv(events, rules, work), "--quiet", "--include-event"]
            subprocess.run(argv, stdout=stream, check=True)
        wanted: dict[bytes, list[int]] = {key: [] for _, key in _told(told)}
        for number, line in enumerate(events.open("rb"), 1):
            found = wanted.get(_key(orjson.loads(line)))
            if found is not None:
                found.append(number)
        seen: dict[tuple[str, bytes], int] = defaultdict(int)
        for rule, key in _told(told):
            yield rule, wanted[key][seen[rule, key]]
            seen[rule, key] += 1

    def _argv(self, events: Path, rules: Path, work: Path) -> tuple[str, ...]:
        given = "sysmon"
        if not self.own:
            path = work / "rsigma-windows.yml"
            path.write_text(pipeline(), encoding="utf-8")
            given = str(path)
        fixed = ("--input-format", "json", "--output-format", "ndjson")
        return (self.program, "engine", "eval", "-r", str(rules), "-p", given, "-e", f"@{events}", *fixed)


def _told(path: Path) -> Iterator[tuple[str, bytes]]:
    for line in path.open("rb"):
        hit = orjson.loads(line)
        yield hit["rule_id"], _key(hit["event"])


def _key(event: object) -> bytes:
    return orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
