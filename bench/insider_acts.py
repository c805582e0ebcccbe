"""Administrators' misdeeds against our rules, on the trails that hosts, backups and their own machines keep.

`python -m bench.insider_acts --seeds 1-20 --rules rules --markdown FILE` makes only these trails, no reads, so that
twenty seeds take minutes: eight misdeeds in 120 days, among honest chores, nightly backups and restore tests.
Dumps, base backups and replication connections are also seen in the register's audit (see `bench.insider`), and audit
settings in the database's own log, which is not made here.
"""

from __future__ import annotations

import argparse
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import orjson

from bench.insider_run import START, ZONE
from bench.insider_score import interval
from kulla.exercise.admintrails import SCRIPTS, write_trails
from kulla.exercise.frame import frame
from kulla.exercise.misdeeds import Misdeed
from kulla.exercise.profile import names, shipped
from kulla.exercise.staff import JOB
from kulla.exercise.truth import truth_of
from kulla.exercise.world import World
from kulla.hunt.options import Options
from kulla.hunt.run import Hunt
from kulla.registers.insider.administrators import UNKNOWN, Act, Hit, acts, login_of, undeclared


@dataclass(slots=True)
class Tally:
    """Found on the first day, later, in all, by misdeed; and findings on other days."""

    first: dict[str, int] = field(default_factory=dict)
    later: dict[str, int] = field(default_factory=dict)
    all: dict[str, int] = field(default_factory=dict)
    honest: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    runs: int = 0


def found(profile: str, seed: int, rules: str) -> tuple[list[tuple[str, str, str]], list[Act]]:
    """(misdeed, account, day) of one exercise, and the acts that the rules see in its trails."""
    orders = [Misdeed(name, start=40 + 9 * at) for at, name in enumerate(SCRIPTS)]
    world = World(frame(5_000, seed), shipped(profile), 60, 120, START, seed, orders, "payroll")
    done = [(each.name, each.accounts[0], str((each.first or START) and each.daily[0][0]))
            for each in truth_of(world) if each.first]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        write_trails(Path(folder), world)
        with Hunt(Options([folder], [rules], zone=ZONE, jobs=1)) as run:
            columns = ("rule_id", "rule_title", "level", "time", "host", "entity", "event_id", "event")
            hits = [replace(Hit(*values), login=login_of(orjson.loads(event))) for table in run.run().hits
                    for *values, event in zip(*(table[name].to_pylist() for name in columns), strict=True)]  # fmt: skip
    jobs = [world.roster.names[at] for at in world.roster.of_kind(JOB)]
    return done, undeclared(acts(hits, ZONE), jobs)


def add(tally: Tally, done: list[tuple[str, str, str]], seen: list[Act]) -> None:
    """Set the acts beside the truth. An act within a day of a misdeed's is its; of whom, the log must say."""
    tally.runs += 1
    days = {day for _, _, day in done}
    for name, account, day in done:
        mine = [act.day for act in seen if _same(act.account, account) and act.day >= day]
        tally.all[name] = tally.all.get(name, 0) + 1
        tally.first[name] = tally.first.get(name, 0) + (day in mine)
        tally.later[name] = tally.later.get(name, 0) + bool(mine)
    for act in seen:
        if act.day not in days:
            tally.honest += 1
            for kind in act.kinds:
                tally.kinds[kind] = tally.kinds.get(kind, 0) + 1


def _same(seen: str, account: str) -> bool:
    return seen.lower() == account.lower() or seen.startswith(UNKNOWN)


def markdown(tally: Tally) -> str:
    """The table."""
    head = "| misdeed by an administrator | n | found on its day (95 %) | found at all (95 %) |"
    lines = [f"{tally.runs} exercises of 120 days.", "", head, "|---|--:|---|---|"]
    lines += [
        f"| {name} | {n} | {interval(tally.first[name], n)} | {interval(tally.later[name], n)} |"
        for name, n in tally.all.items()
    ]
    rate = tally.honest / max(tally.runs, 1) / 120 * 365
    told = ", ".join(f"{kind} {count}" for kind, count in sorted(tally.kinds.items(), key=lambda each: -each[1]))
    last = f"Findings on other days: {tally.honest}, {rate:.1f} a year and exercise ({told or 'none'})."
    return "\n".join([*lines, "", last]) + "\n"


def main() -> None:
    """Read the command line, make, hunt, write the table."""
    from bench.insider import TUNED, seeds

    parser = argparse.ArgumentParser(prog="python -m bench.insider_acts")
    parser.add_argument("--seeds", default="1-20")
    parser.add_argument("--rules", default="rules")
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    profiles = [name for name in names() if name not in TUNED]
    tally = Tally()
    for at, seed in enumerate(seeds(given.seeds)):
        # A hunt starts its confined children before any thread of Arrow: each gets a process of its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            add(tally, *pool.submit(found, profiles[at % len(profiles)], seed, given.rules).result())
        if given.markdown:
            given.markdown.write_text(markdown(tally), "utf-8")
    print(markdown(tally))


if __name__ == "__main__":
    main()
