"""Noise and finding: hits of ordinary weeks by rule and level, and where the steps of a hidden intrusion stand.

`python -m bench.noise WORK --rules ours=rules --rules sigma=PATH --seed 11 --scale 0.25 --intrusion insider-dba`
prints one JSON object a hunt and, with `--markdown FILE`, appends tables. Hits on the intrusion's own records are no
noise and are counted apart. A step is found where a group holds a hit on one of its records; its rank is the best such
group's place in the terminal's order.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path

from bench.weeks.generate import Plan, generate
from kulla.hunt.findings import Findings
from kulla.hunt.options import Options
from kulla.hunt.run import Hunt

TOP = 20


@dataclass(frozen=True, slots=True)
class Case:
    """One hunt: a week, made by seed, and a set of rules."""

    work: str
    rules_name: str
    rules: str
    seed: int
    scale: float
    intrusion: str | None
    jobs: int
    level: str = "informational"

    @property
    def folder(self) -> Path:
        return Path(self.work) / f"{self.intrusion or 'ordinary'}-{self.seed}-{self.scale}"


@dataclass(slots=True)
class Found:
    """What a hunt found. `levels` and `rules` (as level: title) count hits on ordinary records."""

    case: Case
    events: int = 0
    rejected: int = 0
    seconds: float = 0.0
    groups: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    steps: list[dict[str, object]] = field(default_factory=list)
    top: list[str] = field(default_factory=list)


def hunt(case: Case) -> Found:
    """Run one hunt and set it beside the truth."""
    options = Options([str(case.folder)], [case.rules], zone="Europe/Tirane", jobs=case.jobs)
    truth = case.folder.with_name(case.folder.name + ".truth.json")
    steps = json.loads(truth.read_bytes())["steps"] if case.intrusion else []
    with Hunt(options) as run:
        findings = run.run()
        facts = findings.facts
        found = Found(case, facts.events, facts.rejected, facts.seconds or 0.0, len(findings.ranked))
        _compare(found, findings, steps)
    return found


def _compare(found: Found, findings: Findings, steps: list[dict[str, object]]) -> None:
    step_of = {(each["file"], each["record"]): n for n, step in enumerate(steps) for each in _records(step)}
    ranks = {scored.group.key: at for at, scored in enumerate(findings.ranked, 1)}
    hits: list[list[tuple[int, str, str]]] = [[] for _ in steps]
    root = str(found.case.folder) + "/"
    for rule, title, level, host, entity, file, record in _hits(findings):
        at = step_of.get((file.removeprefix(root), record))
        if at is None:
            found.levels[level] += 1
            found.rules[f"{level}: {title}"] += 1
        else:
            rank = ranks[findings.grouper.key(rule, host, entity)]
            hits[at].append((rank, level, title))
    for step, its in zip(steps, hits, strict=True):
        told = {name: step[name] for name in ("step", "what", "host", "technique")}
        best = min(its) if its else None
        found.steps.append(
            told | {"rank": best[0] if best else None, "rule": best[2] if best else None, "hits": len(its)}
        )
    steps_of = {rank: n + 1 for n, its in enumerate(hits) for rank, _, _ in its}
    for at, scored in enumerate(findings.ranked[: 2 * TOP], 1):
        group = scored.group
        mark = f"step {steps_of[at]}" if at in steps_of else "-"
        parts = f"{scored.severity:g}+{scored.rarity:.1f}+{scored.company_points:.1f}"
        found.top.append(
            f"{at}\t{mark}\t{scored.score:g}={parts}\t{group.level}\t{group.count}\t{group.title}\t{group.key.host}\t{group.key.entity}"
        )


def _records(step: Mapping[str, object]) -> list[dict[str, object]]:
    records = step["records"]
    assert isinstance(records, list)
    return records


def _hits(findings: Findings) -> Iterator[tuple[str, str, str, str | None, str | None, str, int]]:
    names = ("rule_id", "rule_title", "level", "host", "entity", "file", "record")
    for table in findings.hits:
        yield from zip(*(table[name].to_pylist() for name in names), strict=True)


def markdown(found: Found) -> str:
    """The tables of one hunt."""
    case, million = found.case, found.events / 1e6
    lines = [
        f"### {case.rules_name}, seed {case.seed}, {case.intrusion or 'no intrusion'}", "",
        f"{found.events:,} events, {found.rejected} rejects, {found.groups:,} groups, {found.seconds:.0f} s.", "",
        "| level | hits | a million events |", "|---|---|---|",
    ]  # fmt: skip
    levels = ("critical", "high", "medium", "low", "informational")
    lines += [f"| {level} | {found.levels[level]:,} | {found.levels[level] / million:,.0f} |" for level in levels]
    lines += ["", "| noisiest rules | a million events |", "|---|---|"]
    lines += [f"| {rule} | {n / million:,.1f} |" for rule, n in found.rules.most_common(15)]
    if found.steps:
        lines += ["", "| step | what | technique | rank | by rule |", "|---|---|---|---|---|"]
        lines += [
            f"| {s['step']} | {s['what']} | {s['technique']} | {s['rank'] or 'missed'} | {s['rule'] or ''} |"
            for s in found.steps
        ]
    return "\n".join(lines) + "\n\n"


def main() -> None:
    """Read the command line, generate what is not there yet, and hunt."""
    parser = argparse.ArgumentParser(prog="python -m bench.noise")
    parser.add_argument("work", type=Path)
    parser.add_argument("--rules", action="append", required=True, metavar="NAME=FOLDER")
    parser.add_argument("--seed", type=int, action="append", required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--intrusion", action="append", default=[])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    for seed in given.seed:
        for intrusion in given.intrusion or [None]:
            for name, _, rules in (each.partition("=") for each in given.rules):
                case = Case(str(given.work), name, rules, seed, given.scale, intrusion, given.jobs)
                if not case.folder.exists():
                    generate(case.folder, Plan(seed, 168, given.scale, intrusion))
                _report(case, given.markdown)


def _report(case: Case, file: Path | None) -> None:
    # A hunt starts its confined children before any thread of Arrow: each gets a process of its own.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(hunt, case).result()
    figures = {
        name: getattr(found, name) for name in ("events", "rejected", "seconds", "groups", "levels", "steps", "top")
    }
    rules = dict(found.rules.most_common())
    sys.stdout.write(json.dumps({"case": asdict(case), **figures, "rules": rules}) + "\n")
    sys.stdout.flush()
    if file:
        with file.open("a") as stream:
            stream.write(markdown(found))


if __name__ == "__main__":
    main()
