"""Compare two engines' hits on one file: `python -m bench.diff_hits EVENTS RULES --rsigma PROGRAM --work FOLDER`.

Prints the differences by cause, and rule by rule those that the event's shape does not explain.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from bench.peers._api import Peer
from bench.peers.kulla import Kulla
from bench.peers.rsigma import Rsigma

UNEXPLAINED = "not explained by the event's shape"
_SHOWN = 5
# Security events that Kulla's table maps to Sysmon's categories (events/logsources/11-windows-categories.toml).
_RENAMED = frozenset(["4688", "4689", "4657", "4656", "4663", "5154", "5156", "5157", "5158"])
Hit = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule that two engines judge differently: lines that both hit, and lines that only one hits."""

    rule: str
    both: int
    ours: tuple[int, ...]
    theirs: tuple[int, ...]


def differences(ours: set[Hit], theirs: set[Hit]) -> list[Difference]:
    """The rules whose hits differ, the most different first."""
    both = Counter(rule for rule, _ in ours & theirs)
    found = []
    for rule in sorted({rule for rule, _ in ours ^ theirs}):
        only_ours = tuple(sorted(line for name, line in ours - theirs if name == rule))
        only_theirs = tuple(sorted(line for name, line in theirs - ours if name == rule))
        found.append(Difference(rule, both[rule], only_ours, only_theirs))
    return sorted(found, key=lambda one: -len(one.ours) - len(one.theirs))


def titles(rules: Path) -> dict[str, str]:
    """Rule id → title, category and service."""
    told = {}
    for path in rules.rglob("*.yml"):
        for rule in yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            source = rule.get("logsource", {})
            told[rule["id"]] = f"{rule['title']} ({source.get('category', '*')}/{source.get('service', '*')})"
    return told


def causes(lines: set[int], events: Path) -> dict[int, str]:
    """Line → why only one engine can hit it, as far as the event's shape tells."""
    told = {}
    with events.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if number in lines:
                told[number] = _cause(orjson.loads(line))
    return told


def _cause(event: dict[str, Any]) -> str:
    if "Event" in event:
        return "event nested as `Event.System`, `Event.EventData`: Kulla unwraps it, rsigma reads flat names"
    if isinstance(event.get("EventData"), str):
        return "fields are JSON inside the text of `EventData` (Log Analytics): Kulla unpacks them, rsigma does not"
    code = str(event.get("EventID"))
    if str(event.get("Channel")).lower() == "security" and code in _RENAMED:
        return f"Security {code} serves a category that Sysmon feeds, by renamed fields, in Kulla alone"
    return UNEXPLAINED


def report(ours: Peer, theirs: Peer, events: Path, rules: Path, work: Path) -> str:
    """Markdown: the differences by cause, and rule by rule where no cause is known; all of them in a file of `work`."""
    mine, other = set(ours.hits(events, rules, work)), set(theirs.hits(events, rules, work))
    told = causes({line for _, line in mine ^ other}, events)
    head = f"{ours.name}: {len(mine):,} hits; {theirs.name}: {len(other):,}; both: {len(mine & other):,}.\n\n"
    summed = [
        f"| {cause} | {_count(mine - other, cause, told)} | {_count(other - mine, cause, told)} |"
        for cause in sorted(set(told.values()))
    ]
    (work / f"differences-{events.stem}.md").write_text(_by_rule(mine, other, rules), encoding="utf-8")
    known = {hit for hit in mine ^ other if told[hit[1]] != UNEXPLAINED}
    parts = [head, "| cause | only ours | only theirs |", "|---|--:|--:|", *summed]
    if told and UNEXPLAINED in told.values():
        parts += ["", "Without a known cause:", "", _by_rule(mine - known, other - known, rules)]
    return "\n".join(parts) + "\n"


def _by_rule(mine: set[Hit], other: set[Hit], rules: Path) -> str:
    names = titles(rules)
    rows = [
        f"| {names.get(one.rule, one.rule)} | {one.both:,} | {_lines(one.ours)} | {_lines(one.theirs)} |"
        for one in differences(mine, other)
    ]
    return "\n".join(["| rule | both | only ours | only theirs |", "|---|--:|---|---|", *rows]) + "\n"


def _count(hits: set[Hit], cause: str, told: dict[int, str]) -> str:
    found = [hit for hit in hits if told[hit[1]] == cause]
    return f"{len(found):,} ({len({rule for rule, _ in found}):,} rules)" if found else "0"


def _lines(lines: tuple[int, ...]) -> str:
    if not lines:
        return "0"
    return f"{len(lines):,} (line {', '.join(map(str, lines[:_SHOWN]))}{' …' if len(lines) > _SHOWN else ''})"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path)
    parser.add_argument("rules", type=Path)
    parser.add_argument("--rsigma", default=os.environ.get("KULLA_BENCH_RSIGMA", "rsigma"))
    parser.add_argument("--own-pipeline", action="store_true", help="compare with rsigma's built-in sysmon pipeline")
    parser.add_argument("--work", type=Path, default=Path("build/bench/work"))
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    print(report(Kulla(), Rsigma(given.rsigma, given.own_pipeline), given.events, given.rules, given.work))


if __name__ == "__main__":
    main()
