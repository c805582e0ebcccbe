"""Attribution on held-out countries: who is named, rightly or wrongly, and what an honest "not in this log" costs.

    python -m bench.attribution --countries DIR… --runs 40 --calibration-runs 200 --out benchmarks.md

Each country is calibrated on its own reads with other seeds than the runs; with `--calibration-runs 0` the floor is the
margin, so that more is named than any calibration would allow, innocents too. Every rate has its n and the exact
interval of Clopper and Pearson, 95 %; a false naming is an account in a named episode or set that gave nothing.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bench.attribution_cold import from_backup, from_reads_before
from bench.attribution_scenes import (
    HOUR,
    MOST,
    Country,
    Scene,
    country,
    crawl_times,
    from_reads,
    lists,
    moment,
    one,
    pages,
    unlogged,
)
from bench.extracts import interval
from bench.results import table
from kulla.leaks.attribute import attribute
from kulla.leaks.attribute.index import index
from kulla.leaks.attribute.judge import FLOOR
from kulla.leaks.calibrate import Calibration, calibrate, margin_for
from kulla.leaks.calibrate.calibration import EDGES
from kulla.leaks.candidate import Attribution, Margin
from kulla.leaks.dated import Piece, Window

Draw = np.random.Generator


def _bulk(home: Country, draw: Draw, name: str = "bulk export", who: np.ndarray | None = None, **more: Any) -> Scene:
    """One statement over the register, or over one municipality; the file has all of it or a part by lot."""
    records = np.unique(home.world.record)
    if draw.random() < 0.5:
        place = draw.choice(home.place[records])
        records = records[home.place[records] == place]
    doer = np.array([int(draw.choice(who if who is not None else home.people))])
    share = 1.0 if draw.random() < 0.5 else float(draw.uniform(0.2, 0.9))
    times = np.array([moment(home, draw)])
    return from_reads(name, home, [records], times, doer, draw, "tie episode", share=share, **more)


def _paged(home: Country, draw: Draw, days: int, name: str, **more: Any) -> Scene:
    parts = pages(home, int(draw.integers(40, 140)), draw)
    doer = more.pop("doer", None)
    who = one(home, draw, len(parts)) if doer is None else np.full(len(parts), doer)
    return from_reads(name, home, parts, crawl_times(home, len(parts), days, draw), who, draw, **more)


def _lists(home: Country, draw: Draw, name: str = "employer lists, 60 days", **more: Any) -> Scene:
    parts = lists(home, int(draw.integers(40, 200)), draw)
    who = one(home, draw, len(parts))
    return from_reads(name, home, parts, crawl_times(home, len(parts), 60, draw), who, draw, **more)


def _by_id(home: Country, draw: Draw, name: str = "by id, 60 days", **more: Any) -> Scene:
    records = np.unique(home.world.record)
    picked = draw.choice(records, int(draw.integers(600, 2400)), replace=False)
    parts = [np.array([each]) for each in picked]
    who = one(home, draw, len(parts))
    return from_reads(name, home, parts, crawl_times(home, len(parts), 60, draw), who, draw, **more)


def _twin(home: Country, draw: Draw) -> Scene:
    """An innocent account made the same reads 30 days before."""
    other = int(draw.choice(home.people))
    if draw.random() < 0.5:
        return _bulk(home, draw, "innocent twin 30 days before: bulk", twin=other)
    return _paged(home, draw, 3, "innocent twin 30 days before: paged", twin=other)


def _two(home: Country, draw: Draw) -> Scene:
    """Two accounts share a crawl, 60 to 40, page by page or list by list."""
    listed = home.employer is not None and draw.random() < 0.5
    parts = lists(home, int(draw.integers(80, 200)), draw) if listed else pages(home, int(draw.integers(60, 140)), draw)
    pair = draw.choice(home.people, 2, replace=False)
    who = pair[(draw.random(len(parts)) < 0.4).astype(int)]
    days = int(draw.choice([3, 20, 60]))
    return from_reads("two accounts", home, parts, crawl_times(home, len(parts), days, draw), who, draw, "set")


def _hole(home: Country, draw: Draw) -> Scene:
    """Nobody's reads are in the log from six hours before the first to six hours after the last of the true ones."""
    bulk = draw.random() < 0.5
    scene = _bulk(home, draw, absent=True) if bulk else _paged(home, draw, 3, "", absent=True)
    log = home.known.log
    first, last = scene.taken[0] - 6 * HOUR, scene.taken[1] + 6 * HOUR
    cut = index(log.take((log.stop < first) | (log.start > last)), home.known.pooled, home.known)
    return replace(scene, name="log hole", logged=cut, expected=frozenset({"none", "tie"}))


def _hidden(home: Country, draw: Draw) -> Scene:
    """A real crawl of which the log has no line."""
    kind = int(draw.integers(3))
    if kind == 0 and home.employer is not None:
        scene = _lists(home, draw, absent=True)
    elif kind == 1:
        scene = _by_id(home, draw, absent=True)
    else:
        scene = _paged(home, draw, int(draw.choice([3, 60])), "", absent=True)
    return replace(scene, name="absent: a crawl without a line", expected=frozenset({"none", "tie"}))


def _pooled(home: Country, draw: Draw, forged: bool) -> Scene:
    """Through a pool; forged: each session in another colleague's name."""
    parts = pages(home, int(draw.integers(40, 140)), draw)
    pool = int(draw.choice(home.pools))
    users = np.arange(len(home.known.log.end_users))
    times = crawl_times(home, len(parts), 3, draw)
    user = np.full(len(parts), int(draw.choice(users)))
    if forged:
        user = draw.choice(users, 12)[(times // (6 * HOUR)) % 12]
    name = "forged application_name" if forged else "pooled account"
    return from_reads(name, home, parts, times, np.full(len(parts), pool), draw, user=user)


def _cold(home: Country, draw: Draw, absent: bool) -> Scene:
    """After a cold start: a crawl of which the database's own log has every line, or none."""
    if absent:
        return from_reads_before(_hidden(home, draw), home, "cold start, three backups: a crawl without a line", draw)
    kind = int(draw.integers(4))
    if kind == 0:
        scene = _bulk(home, draw)
    elif kind == 1:
        scene = _by_id(home, draw)
    else:
        scene = _paged(home, draw, 3 if kind == 2 else 60, "")
    return from_reads_before(scene, home, COLD, draw)


SCENES: dict[str, Callable[[Country, Draw], Scene]] = {
    "bulk": _bulk,
    "analysts": lambda home, draw: _bulk(home, draw, "analyst among analysts", home.analysts),
    "paged3": lambda home, draw: _paged(home, draw, 3, "paged, 3 days"),
    "paged60": lambda home, draw: _paged(home, draw, 60, "paged, 60 days"),
    "lists": _lists,
    "byid": _by_id,
    "twin": _twin,
    "two": _two,
    "backup": lambda home, draw: unlogged("backup, restore, pg_dump, file copy", home, draw, "backup"),
    "replica": lambda home, draw: unlogged("replica", home, draw, "replica"),
    "absent": lambda home, draw: unlogged("absent: an unlogged copy or crawl", home, draw),
    "hidden": _hidden,
    "hole": _hole,
    "pooled": lambda home, draw: _pooled(home, draw, False),
    "forged": lambda home, draw: _pooled(home, draw, True),
    "skew": lambda home, draw: _paged(
        home, draw, 3, "clock skew ± 5 min", skew=draw.uniform(-300, 300), clock=300.0
    ),
    "lost": lambda home, draw: _paged(home, draw, int(draw.choice([3, 60])), "10 % of lines lost", loss=0.1),
    "coldbackup": from_backup,
    "coldread": lambda home, draw: _cold(home, draw, False),
    "coldhidden": lambda home, draw: _cold(home, draw, True),
}  # fmt: skip


@dataclass(slots=True)
class Run:
    """What came of one scene."""

    scene: str
    country: str
    outcome: str
    named: list[str]
    truth: list[str]
    candidates: list[tuple[str, float, int, int]]
    equal: bool
    expected: list[str]
    copies: list[str]
    copy: str
    seconds: float
    rows: int
    coverage: str = ""
    guilt: str = ""
    withheld: list[str] = field(default_factory=list)
    unexplained: float = 0.0
    listed: int = 0

    @property
    def accused(self) -> bool:
        """Whether an account is named, alone or in a set."""
        return self.outcome in ("episode", "set") and bool(self.named)

    @property
    def false(self) -> bool:
        """Whether an account that gave nothing is named."""
        return self.accused and not set(self.named) <= set(self.truth)


def piece_of(scene: Scene) -> Piece:
    """The piece with the window that the scene's times make; its exact dating is measured elsewhere."""
    first, last = scene.taken[0] - HOUR, scene.taken[1] + HOUR
    window = Window(((first, last),), (first, last), 0.95, 2.0, True, 0.0, len(scene.leak.record), 0, False)
    kind = "crawl" if scene.kind == "crawl" else "instant"
    return Piece("register", 0, np.arange(len(scene.leak.record)), scene.columns, kind, window)  # type: ignore[arg-type]


def run(home: Country, label: str, scene: Scene, calibration: Calibration | None, seed: int) -> Run:
    """Attribute a scene; without a calibration by the floor, the least margin that one can give."""
    piece = piece_of(scene)
    margin = Margin(True, FLOOR, 0, "")
    if calibration is not None:
        margin = margin_for(calibration, int(scene.leak.exact.sum()), piece.kind, calibration.inputs_sha256)
    began = time.perf_counter()
    found = attribute(
        piece, scene.leak.record, scene.leak.intervals, scene.logged, register=scene.population or home.population,
        horizon=scene.horizon or home.world.horizon, copies=scene.copies, margin=margin, clock=scene.clock, seed=seed,
        sights=scene.sights,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    named = [found.candidates[at].account for at in found.named]
    shown = [(each.account, each.nats, each.explained, each.size or 0) for each in found.candidates]
    return Run(
        scene.name, label, found.outcome, named, sorted(scene.truth), shown[:12], _equal(found, scene),
        sorted(scene.expected), [each.name for each in found.copies], scene.copy, seconds, len(scene.leak.record),
        *(_baselines(home, scene) if seed < BASELINES else ("", "")), list(found.withheld), found.unexplained,
        _place(found, scene),
    )  # fmt: skip


def _place(found: Attribution, scene: Scene) -> int:
    """The place of the first true account among the accounts of the candidates, from 1; 0 when none is listed."""
    accounts = list(dict.fromkeys(each.account for each in found.candidates))
    return min((at for at, each in enumerate(accounts, 1) if each in scene.truth), default=0)


def _equal(found: Attribution, scene: Scene) -> bool:
    """Whether an episode of another account explains as many rows with as many records as the true one."""
    own = {(c.explained, c.size) for c in found.candidates if c.account in scene.truth}
    return any((c.explained, c.size) in own for c in found.candidates if c.account not in scene.truth)


def _baselines(home: Country, scene: Scene) -> tuple[str, str]:
    """Whom two older rules put first: most leaked records read; Papadimitriou and Garcia-Molina's guilt (2011).

    Both know neither times nor episodes. Guilt: 1 - Π (1 - (1 - p) / |accounts that read the record|), p = 0.2.
    """
    log, known = scene.logged.log, scene.logged
    leaked = np.zeros(int(home.world.record.max()) + 2, bool)
    leaked[scene.leak.record] = True
    leaked[0] = False
    own = np.flatnonzero(leaked[np.minimum(log.record, len(leaked) - 1)])
    account, record = [log.account[own].astype(np.int64)], [log.record[own].astype(np.int64)]
    pairs = np.unique(log.account.astype(np.int64)[log.bitmap >= 0] << 32 | log.bitmap[log.bitmap >= 0])
    members = {code: known.records(code) for code in np.unique(pairs & 0xFFFFFFFF).tolist()}
    for pair in pairs.tolist():
        inside = members[pair & 0xFFFFFFFF]
        inside = inside[leaked[np.minimum(inside, len(leaked) - 1)]]
        account.append(np.full(len(inside), pair >> 32))
        record.append(inside.astype(np.int64))
    both = np.unique(np.concatenate(account) << 32 | np.concatenate(record))
    who, what = both >> 32, both & 0xFFFFFFFF
    read = np.bincount(who, minlength=len(log.accounts))
    holders = np.bincount(what, minlength=len(leaked))
    guilt = np.bincount(who, -np.log1p(-0.8 / holders[what]), len(log.accounts))
    return log.accounts[int(read.argmax())], log.accounts[int(guilt.argmax())]


@dataclass(slots=True)
class Rate:
    """A share with its exact interval."""

    what: str
    bar: str
    hits: int = 0
    trials: int = 0

    def add(self, hit: bool) -> None:
        self.hits += hit
        self.trials += 1

    def row(self) -> tuple[str, ...]:
        if not self.trials:
            return (self.what, self.bar, "0", "", "", "")
        low, high = interval(self.hits, self.trials)
        return (self.what, self.bar, str(self.trials), str(self.hits), f"{self.hits / self.trials:.4f}",
                f"{low:.4f} to {high:.4f}")  # fmt: skip


CELLS = [(kind, least) for kind in ("instant", "crawl") for least in EDGES if least <= MOST]
BASELINES = 10
"""Runs of each scene and country in which the older rules are tried too: they take longer than attribution."""
HEADS = (("what", "must", "runs", "hits", "share", "95 % interval"), ("---", "---") + ("--:",) * 4)
COLD = "cold start, three backups: logged reads"
SINGLE = ("bulk", "analyst", "paged", "employer", "by id", "innocent twin")


def report(runs: list[Run]) -> str:
    """The tables."""
    parts = [_single(runs), _expected(runs), _false(runs), _baseline(runs)]
    return "\n\n".join(parts)


def _single(runs: list[Run]) -> str:
    by: dict[str, list[Run]] = defaultdict(list)
    for each in runs:
        if each.scene.startswith(SINGLE):
            by[each.scene].append(each)
    rows = []
    for scene, some in [*by.items(), ("all single sources", [each for group in by.values() for each in group])]:
        rates = [Rate(f"{scene}: true account named or in the tie", "≥ 0.99"),
                 Rate(f"{scene}: alone, where no other has the same state", "≥ 0.95"),
                 Rate(f"{scene}: named (episode or set), where content can tell", "≥ 0.90")]  # fmt: skip
        for each in some:
            truth = set(each.truth)
            rates[0].add(bool(truth & set(each.named)))
            if not each.equal:
                rates[1].add(set(each.named) == truth)
            if "bulk" not in each.scene and "analyst" not in each.scene:
                rates[2].add(each.accused and set(each.named) == truth)
        rows += [rate.row() for rate in rates]
    two = [Rate("two accounts: exact set", ""), Rate("two accounts: exact set, or a tie with both", "≥ 0.90")]
    for each in runs:
        if each.scene == "two accounts":
            exact = each.accused and set(each.named) == set(each.truth)
            two[0].add(exact)
            two[1].add(exact or (each.outcome == "tie" and set(each.truth) <= set(each.named)))
    rows += [rate.row() for rate in two]
    return "### Single sources, and two accounts\n\n" + table([*HEADS, *rows])


def _right(each: Run) -> bool:
    """Whether the outcome is what DESIGN 9 expects: a named true source, a tie, a copy, or nothing; nobody wrongly.

    On lines that were never sealed nobody is named: there the true account is to be among the candidates.
    """
    if each.false:
        return False
    if each.scene == COLD:
        return not each.named and each.listed > 0
    if each.copy:
        return each.copy in each.copies and each.outcome in ("copy", "tie")
    if not each.truth:
        return each.outcome in ("none", "copy") or each.outcome == "tie"
    return bool(set(each.truth) & set(each.named)) or each.outcome == "none"


def _expected(runs: list[Run]) -> str:
    rows = []
    others = dict.fromkeys(each.scene for each in runs if not each.scene.startswith((*SINGLE, "two accounts")))
    for scene in others:
        some = [each for each in runs if each.scene == scene]
        rate = Rate(f"{scene}: expected outcome", "≥ 0.95")
        named = Rate(f"{scene}: true account named", "")
        tied = Rate(f"{scene}: outcome is a tie of logged episodes", "")
        for each in some:
            rate.add(_right(each))
            tied.add(each.outcome == "tie")
            if each.truth and scene == COLD:
                named.what = f"{scene}: true account first of the candidates"
                named.add(each.listed == 1)
            elif each.truth:
                named.add(each.accused and set(each.named) == set(each.truth))
        rows += [rate.row(), named.row() if named.trials else tied.row()]
    return "### Expected outcomes\n\n" + table([*HEADS, *rows])


def _false(runs: list[Run]) -> str:
    """False naming where no logged read is the source, or another cannot be told from it; and anywhere else."""
    pooled, elsewhere = Rate("pooled over these", "upper ≤ 0.001"), Rate("other scenes: an innocent named", "")
    rates: dict[str, Rate] = {}
    for each in runs:
        if not each.truth or "bulk" in each.scene or "analyst" in each.scene:
            rates.setdefault(each.scene, Rate(each.scene, "upper ≤ 0.001")).add(each.false)
            pooled.add(each.false)
        else:
            elsewhere.add(each.false)
    rows = [rate.row() for rate in (*rates.values(), pooled, elsewhere)]
    return "### False naming: source absent or indistinguishable\n\n" + table([*HEADS, *rows])


def _baseline(runs: list[Run]) -> str:
    rows = []
    for rule in ("coverage", "guilt"):
        right, wrong = Rate(f"{rule}: true account first", ""), Rate(f"{rule}: an innocent named, source absent", "")
        for each in runs:
            if not (first := getattr(each, rule)):
                continue
            if each.truth:
                right.add(first in each.truth)
            else:
                wrong.add(True)
        rows += [right.row(), wrong.row()]
    return "### Baselines: most leaked records read; Papadimitriou and Garcia-Molina\n\n" + table([*HEADS, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--countries", nargs="+", type=Path, required=True)
    parser.add_argument("--registers", nargs="+", default=["civil", "payroll"])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--calibration-runs", type=int, default=200)
    parser.add_argument("--scenes", nargs="*", default=list(SCENES))
    parser.add_argument("--weights", nargs="*", default=[], help="scene=factor on its runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    factor = {name: float(value) for name, _, value in (each.partition("=") for each in given.weights)}
    runs: list[Run] = []
    begun = time.monotonic()
    homes = []
    for path in given.countries:
        for register in given.registers:
            home = country(path / "owner", register)
            made = None
            if given.calibration_runs:
                made = calibrate(
                    home.known, home.world, home.columns, runs=given.calibration_runs, seed=given.seed + 777,
                    inputs_sha256=f"{path.name}/{register}", made="2026-01-01", cells=CELLS,
                )  # fmt: skip
            print(path.name, register, len(home.known.log), [] if made is None else list(made.cells), flush=True)
            homes.append((path.name, home, made))
    for turn in range(int(given.runs * max([1.0, *factor.values()]))):
        for label, home, made in homes:
            for name in given.scenes:
                if turn >= given.runs * factor.get(name, 1.0) or (name == "lists" and home.employer is None):
                    continue
                draw = np.random.default_rng(
                    [given.seed, turn, sum(name.encode()), sum(label.encode()), len(home.register)]
                )
                each = run(home, f"{label}/{home.register}", SCENES[name](home, draw), made, turn)
                runs.append(each)
        if given.out:
            given.out.with_suffix(".json").write_bytes(orjson.dumps(runs))
            given.out.write_text(f"{len(runs)} runs, {time.monotonic() - begun:,.0f} s\n\n" + report(runs), "utf-8")
        if time.monotonic() - begun > given.seconds:
            break
    print(report(runs))


if __name__ == "__main__":
    main()
