"""When a leak was taken: does the stated 95 % region cover, how wide is it, and of how many pieces is it?

    for p in busy quiet reorganised seasonal; do
        kulla exercise make DIR/$p --persons 100000 --seed … --profile $p --registers civil,payroll
        kulla exercise make DIR/$p-1m --persons 1000000 --seed … --profile $p --registers civil
    done
    python -m bench.dating cells DIR --seeds 400 --out runs.jsonl     # then: big, payroll, pieces, crawls
    python -m bench.dating table runs.jsonl
    python -m bench.dating calibrate DIR --seeds 150 --out drops.json # the shipped table, from steady and overdispersed

Each run draws a leak at a known time from a register's history, with altered rows (which recognising leaves without
an interval) and stale rows (of one older time in half of the runs, of various in the others), and dates it. Beside it
stand arg-max dating (the plateau where most rows hold) and an oracle that is told which rows are altered or stale
(where all others hold). Widths end with the history. The profiles are those on which nothing was tuned.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from bench.datingoracle import labels_tell, moments_tell
from bench.datingtable import tables
from bench.leakworld import load
from kulla.leaks.date import mixture, shipped_drops, window
from kulla.leaks.date.calibration import drops_of, trials
from kulla.leaks.date.profile import sweep
from kulla.leaks.date.simulate import Stock, moment, sample, stale_times, stock
from kulla.leaks.dated import Span, Window
from kulla.leaks.intervals import Intervals
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ColumnMatch, Matched
from kulla.leaks.world import COPIED, Drawn, Noise, World

PROFILES = ("busy", "quiet", "reorganised", "seasonal")
REGISTERS = ("civil", "payroll")
SIZES, ALTERED, STALE = (640, 6_400, 64_000), (0.0, 0.1, 0.3), (0.0, 0.01, 0.05, 0.2)
DAY = 86_400_000_000
APART = 30 * DAY
"""Pieces of one file are at least so far apart."""

Row = dict[str, Any]
Ints = npt.NDArray[np.int64]


@cache
def stocked(folder: Path, register: str) -> Stock:
    """A country's register. Of the payroll each declaration (person, employer, period) is a record of its own."""
    world = load(folder / "owner", register)
    if register == "payroll":
        world = _declarations(world)
    return stock(world, [name for name in world.cells if name != "nid"])


def _declarations(world: World) -> World:
    number = world.record.astype(np.int64)
    for name in ("employer_id", "period"):
        codes = np.unique(world.cells[name], return_inverse=True)[1]
        number = number * (int(codes.max()) + 1) + codes
    record = np.unique(number, return_inverse=True)[1] + 1
    return replace(world, record=record.astype(np.uint32), records=int(record.max()))


def covers(spans: tuple[Span, ...], taken: int) -> bool:
    """Whether the region holds a moment."""
    return any(first <= taken < last for first, last in spans)


def hours(spans: tuple[Span, ...], end: int) -> float:
    """How wide it is within the history."""
    return sum(max(min(last, end) - first, 0) for first, last in spans) / 3_600_000_000


def highest(intervals: Intervals, horizon: Span) -> Span:
    """The plateau at which most rows hold."""
    profile = sweep(intervals, np.ones(len(intervals)), horizon)
    return int(profile.edges[profile.best]), int(profile.edges[profile.best + 1])


def dated(leak: Drawn, horizon: Span, taken: int) -> Row:
    """One leak of one time: ours, arg-max, oracle."""
    begun = time.perf_counter()
    found = window(leak.intervals, horizon, shipped_drops())
    spent = time.perf_counter() - begun
    fresh = leak.intervals.take(np.flatnonzero((leak.how == COPIED) & leak.exact))
    naive, oracle = (highest(each, horizon) for each in (leak.intervals, fresh))
    return {
        "covered": covers(found.spans, taken), "width": hours(found.spans, horizon[1]), "spans": len(found.spans),
        "naive": covers((naive,), taken), "naive_width": hours((naive,), horizon[1]),
        "oracle": covers((oracle,), taken), "oracle_width": hours((oracle,), horizon[1]),
        "epsilon": found.epsilon, "drop": found.drop, "open": found.open_end, "ms": 1000 * spent,
    }  # fmt: skip


def cells(folder: Path, seeds: range) -> Iterator[Row]:
    """Each size × altered × stale, over all profiles and registers in turn."""
    combos = [(profile, register) for profile in PROFILES for register in REGISTERS]
    yield from _cells(folder, seeds, combos, SIZES, "cell")


def big(folder: Path, seeds: range) -> Iterator[Row]:
    """The same at 640,000 rows, of a civil register of a million."""
    yield from _cells(folder, seeds, [(f"{profile}-1m", "civil") for profile in PROFILES], (640_000,), "cell")


def _cells(
    folder: Path, seeds: range, combos: list[tuple[str, str]], sizes: tuple[int, ...], bench: str
) -> Iterator[Row]:  # fmt: skip
    for at, (profile, register) in enumerate(combos):
        of = stocked(folder / profile, register)
        for seed in seeds[at :: len(combos)]:
            for size in sizes:
                for altered in ALTERED:
                    for stale in STALE:
                        draw = np.random.default_rng([seed, size, int(100 * altered), int(100 * stale)])
                        taken = moment(of.world.horizon, draw)
                        several = seed // len(combos) % 2 == 1
                        older = stale_times(of.world.horizon, taken, several, draw)
                        noise = Noise(altered, 0.0, stale, older)
                        leak = of.leak(sample(of, taken, size, draw), noise, draw)
                        yield {
                            "bench": bench, "profile": profile, "register": register, "size": size, "altered": altered,
                            "stale": stale, "several": several, "seed": seed, "rows": len(leak.how),
                            **dated(leak, of.world.horizon, taken),
                        }  # fmt: skip
        stocked.cache_clear()


def clumped(folder: Path, seeds: range) -> Iterator[Row]:
    """Stale rows that are not drawn one by one: whole employers of the payroll, pasted as of one older time."""
    for at, profile in enumerate(PROFILES):
        of = stocked(folder / profile, "payroll")
        for seed in seeds[at :: len(PROFILES)]:
            for size in SIZES:
                for stale in STALE[1:]:
                    draw = np.random.default_rng([seed, size, int(100 * stale), 5])
                    taken = moment(of.world.horizon, draw)
                    versions = sample(of, taken, size, draw)
                    names, employer = np.unique(of.world.cells["employer_id"][versions], return_inverse=True)
                    old = (draw.random(len(names)) < stale)[employer]
                    older = stale_times(of.world.horizon, taken, False, draw)
                    parts = [
                        of.leak(versions[each], Noise(0.1, 0.0, share, older), draw)
                        for each, share in ((~old, 0.0), (old, 0.9))
                    ]
                    leak = _joined(parts)
                    yield {
                        "bench": "clumped", "profile": profile, "size": size, "stale": stale, "seed": seed,
                        "rows": len(leak.how), **dated(leak, of.world.horizon, taken),
                    }  # fmt: skip
        stocked.cache_clear()


def _joined(parts: list[Drawn]) -> Drawn:
    counts = np.concatenate([part.intervals.counts for part in parts])
    first, last = (np.concatenate([getattr(part.intervals, name) for part in parts]) for name in ("first", "last"))
    intervals = Intervals(np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), first, last)
    version, record, how = (np.concatenate([getattr(p, n) for p in parts]) for n in ("version", "record", "how"))
    return Drawn(version, record, how, intervals)


def _permuted(leak: Drawn, order: Ints) -> Drawn:
    return Drawn(leak.version[order], leak.record[order], leak.how[order], leak.intervals.take(order))


def payroll(folder: Path, seeds: range) -> Iterator[Row]:
    """The payroll of January, extracted in November: is the window ever one of January?"""
    for at, profile in enumerate(PROFILES):
        of = stocked(folder / profile, "payroll")
        first, years = of.world.horizon[0], (0, 1)
        periods = np.unique(of.world.cells["period"])
        for seed in seeds[at :: len(PROFILES)]:
            for stale in (0.0, 0.05, 0.2):
                draw = np.random.default_rng([seed, int(100 * stale), 11])
                year = years[seed // len(PROFILES) % 2]
                january = (first + 365 * year * DAY, first + (365 * year + 31) * DAY)
                taken = int(first + (365 * year + 304 + 30 * draw.random()) * DAY)
                rows = of.world.rows_at(taken)
                rows = rows[of.world.first[rows] > january[1]]
                rows = _of_period(of, rows, january[1])
                older = stale_times(of.world.horizon, taken, seed % 2 == 1, draw)
                leak = of.leak(rows, Noise(0.1, 0.0, stale, older), draw)
                found = window(leak.intervals, of.world.horizon, shipped_drops(), seen=taken + 30 * DAY)
                yield {
                    "bench": "payroll", "profile": profile, "stale": stale, "seed": seed, "rows": len(rows),
                    "january": any(a < january[1] and b > january[0] for a, b in found.spans),
                    "covered": covers(found.spans, taken), "width": hours(found.spans, of.world.horizon[1]),
                    "before": (taken - found.spans[0][0]) / DAY, "open": found.open_end, "periods": len(periods),
                }  # fmt: skip
        stocked.cache_clear()


def _of_period(of: Stock, rows: Ints, after: int) -> Ints:
    """Of these declarations those of the period that was filed first after a moment."""
    record = of.place
    filed = np.minimum.reduceat(of.world.first, of.starts[:-1])
    period = of.world.cells["period"]
    here = filed[record[rows]]
    early = (here > after) & (here < after + 31 * DAY)
    codes, counts = np.unique(period[rows[early]], return_counts=True)
    return np.asarray(rows[early & (period[rows] == codes[np.argmax(counts)])])


def pieces(folder: Path, seeds: range, sizes: tuple[int, ...] = SIZES) -> Iterator[Row]:
    """Files pasted from one, two and three pieces, one after the other or shuffled."""
    for at, profile in enumerate(PROFILES):
        of = stocked(folder / profile, "civil")
        for seed in seeds[at :: len(PROFILES)]:
            for size in sizes:
                for count in (1, 2, 3):
                    for order in ("sorted", "shuffled"):
                        for stale in (0.0, 0.05, 0.2)[: 3 if count == 1 else 2]:
                            draw = np.random.default_rng([seed, size, count, len(order), int(100 * stale)])
                            yield pasted(of, size, count, order, stale, draw, {
                                "bench": "pieces", "profile": profile, "size": size, "pieces": count, "order": order,
                                "stale": stale, "seed": seed,
                            })  # fmt: skip
        stocked.cache_clear()


def pasted(
    of: Stock, size: int, count: int, order: str, stale: float, draw: np.random.Generator, about: Row
) -> Row:  # fmt: skip
    """One file of so many pieces."""
    while True:
        taken = [moment(of.world.horizon, draw) for _ in range(count)]
        if count == 1 or np.diff(np.sort(taken)).min() >= APART:
            break
    older = stale_times(of.world.horizon, min(taken), True, draw)
    leaks = [of.leak(sample(of, each, size // count, draw), Noise(0.1, 0.0, stale, older), draw) for each in taken]
    leak = _joined(leaks)
    label = np.repeat(np.argsort(np.argsort(taken)), [len(each.how) for each in leaks])
    if order == "shuffled":
        mixed = draw.permutation(len(leak.how))
        leak, label = _permuted(leak, mixed), label[mixed]
    begun = time.perf_counter()
    found = mixture(matched(of.world, leak), sheet(len(leak.how)), shipped_drops(), None, 0)
    spent = time.perf_counter() - begun
    windows = [piece.window for piece in found.pieces]
    return about | {
        "found": len(windows), "crawl": any(piece.kind == "crawl" for piece in found.pieces),
        "dated": [any(covers(w.spans, each) for w in windows) for each in taken] if len(windows) == count else [],
        "each": _each(windows, taken), "width": [hours(w.spans, of.world.horizon[1]) for w in windows], "s": spent,
        "labels": count == 1 or labels_tell(of.world, leak, label, count),
        "moments": count == 1 or (order == "shuffled" and moments_tell(of.world, leak, taken, found.bic)),
    }  # fmt: skip


def _each(windows: list[Window], taken: list[int]) -> bool:
    """Whether, both in the order of time, each piece lies within its own region."""
    if len(windows) != len(taken):
        return False
    ordered = sorted(windows, key=lambda w: w.best[0])
    return all(covers(w.spans, each) for w, each in zip(ordered, sorted(taken), strict=True))


def crawls(folder: Path, seeds: range) -> Iterator[Row]:
    """Registers read page by page over days, in the order of record numbers, kept in order or shuffled."""
    for at, profile in enumerate(PROFILES):
        of = stocked(folder / profile, "civil")
        for seed in seeds[at :: len(PROFILES)]:
            for size in SIZES[1:]:
                for days in (3, 60):
                    for order in ("sorted", "shuffled"):
                        draw = np.random.default_rng([seed, size, days, len(order), 3])
                        yield _crawled(of, size, days, order, draw, {
                            "bench": "crawls", "profile": profile, "size": size, "days": days,
                            "order": order, "seed": seed,
                        })  # fmt: skip
        stocked.cache_clear()


def _crawled(of: Stock, size: int, days: int, order: str, draw: np.random.Generator, about: Row) -> Row:
    begin = moment(of.world.horizon, draw, (0.15, 0.85))
    records = np.sort(draw.choice(of.world.records, min(size, of.world.records), replace=False))
    when = begin + np.linspace(0, days * DAY, len(records)).astype(np.int64)
    versions = np.full(len(records), -1, np.int64)
    for step in range(int(np.diff(of.starts).max())):
        each = np.minimum(of.starts[records] + step, of.starts[records + 1] - 1)
        hit = (of.world.first[each] <= when) & (of.world.last[each] > when)
        versions[hit] = each[hit]
    kept = versions >= 0
    leak, when = of.leak(versions[kept], Noise(0.1), draw), when[kept]
    if order == "shuffled":
        leak = _permuted(leak, draw.permutation(len(leak.how)))
    found = mixture(matched(of.world, leak), sheet(len(leak.how)), shipped_drops(), None, 0)
    spans = [span for piece in found.pieces for span in piece.window.spans]
    return about | {
        "found": len(found.pieces), "crawl": found.pieces[0].kind == "crawl",
        "covered": min(s[0] for s in spans) <= begin and max(s[1] for s in spans) > int(when[-1]),
        "touches": all(min(s[0] for s in spans) < int(when[-1]) and max(s[1] for s in spans) > begin for _ in "1"),
        "width": hours((max(spans, key=lambda s: s[1] - s[0]),), of.world.horizon[1]),
    }  # fmt: skip


def calibrate(folder: Path, runs: int) -> bytes:
    """The table shipped with Kulla: of each register over both tuning profiles, and of these the larger drop."""
    tables_ = []
    for register in REGISTERS:
        found = [
            each for profile in ("steady", "overdispersed")
            for each in trials(stocked(folder / profile, register), SIZES, runs, 3)
        ]  # fmt: skip
        tables_.append((drops_of(found, False, 3), len(found)))
    nats = np.max([each.nats for each, _ in tables_], axis=0)
    whole = replace(tables_[0][0], nats=tuple(map(tuple, nats.tolist())), runs=sum(count for _, count in tables_))
    return orjson.dumps(whole.plain(), option=orjson.OPT_APPEND_NEWLINE)


def matched(world: World, leak: Drawn) -> Matched:
    """What recognising would say of such a leak."""
    count = len(leak.how)
    return Matched(
        "bench", (ColumnMatch(0, "nid", 0.9, 0.0, 0.9, count),), "record", leak.record,
        np.where(leak.exact, 0, 1).astype(np.uint8), np.zeros(count, np.uint8), leak.intervals,
        np.full(count, -1, np.int16), world.records, world.horizon,
    )  # fmt: skip


def sheet(count: int) -> LeakTable:
    """A sheet of so many rows in one block."""
    data = pa.table({"c0": pa.nulls(count, pa.string())})
    return LeakTable("sheet", (), data, np.arange(count) + 1, np.zeros(count, np.int32))


BENCHES: dict[str, Callable[..., Iterator[Row]]] = {
    "cells": cells, "big": big, "clumped": clumped, "payroll": payroll, "pieces": pieces, "crawls": crawls,
}  # fmt: skip


def main() -> None:
    """Run one of them, appending to a file of JSON lines, or write the tables of such a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*BENCHES, "calibrate", "table"])
    parser.add_argument("path", type=Path, help="the folder of countries, or the file of runs")
    parser.add_argument("--seeds", type=int, default=400, help="of each cell")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--sizes", default="", help="of pieces: numbers of rows, with commas")
    parser.add_argument("--out", type=Path, default=Path("dating.jsonl"))
    options = parser.parse_args()
    if options.what == "table":
        print(tables([orjson.loads(line) for line in options.path.read_bytes().splitlines()]))
        return
    if options.what == "calibrate":
        options.out.write_bytes(calibrate(options.path, options.seeds))
        return
    begun = time.monotonic()
    seeds = range(options.first, options.first + options.seeds)
    some = {"sizes": tuple(map(int, options.sizes.split(",")))} if options.sizes else {}
    with options.out.open("ab") as out:
        for row in BENCHES[options.what](options.path, seeds, **some):
            out.write(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
            out.flush()
    print(f"{options.what}: {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
