"""Scenes for `bench.attribution`: a leak whose source is known, put into a country's real log or kept out of it.

Reads are added as rows that look like the exercise's own: its accounts, columns, statement templates, session habits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from bench.leakworld import load
from kulla.leaks.attribute import Index, Population, ReadLog, index
from kulla.leaks.attribute.readlog import EXACT, PER_READ, SEALED
from kulla.leaks.calibrate.nulls import DAY, SHAPES, Standing, chosen, moments, orders, standing
from kulla.leaks.desk.readlog import readlog
from kulla.leaks.intervals import Intervals
from kulla.leaks.world import Drawn, Noise, World, drawn
from kulla.registers import bitmap
from kulla.registers.manifest import Copy

HOUR = 3_600_000_000
PAGE = 50
MOST = 6000
"""Rows of the largest files: runs are many, and larger ones are easier."""
COLUMNS = {
    "payroll": ("nid", "full_name", "employer", "period", "gross_salary"),
    "civil": ("nid", "given_name", "family_name", "birth_date", "address"),
}


@dataclass(frozen=True, slots=True)
class Country:
    """One register of an exercise with its honest reads."""

    register: str
    world: World
    standing: Standing
    grouped: tuple[np.ndarray, Intervals]
    known: Index
    people: np.ndarray
    analysts: np.ndarray
    pools: np.ndarray
    place: np.ndarray
    employer: np.ndarray | None
    population: Population
    orders: tuple[np.ndarray, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return COLUMNS[self.register]

    @property
    def span(self) -> tuple[int, int]:
        """From when to when leaks are taken: the log's span, less two months for what was read before."""
        first, last = self.known.spans[0][0], self.known.spans[-1][1]
        return first + 15 * DAY, min(last, self.world.horizon[1]) - DAY


def country(owner: Path, register: str) -> Country:
    """An exercise's register, read from the owner's folder."""
    folder = owner / "registers" / register
    log = readlog(folder / "outbox" / "reads")
    staff = pq.read_table(folder / "context" / "staff.parquet").to_pylist()
    pooled = sorted({each["account"] for each in staff if each["pooled"]})
    known = index(log, pooled)
    world = load(owner, register)
    stood = standing(world)
    codes = {name: at for at, name in enumerate(log.accounts)}
    roles = {each["account"]: each["role"] for each in staff}
    people = [at for name, at in codes.items() if roles.get(name) not in (None, "") and name.startswith("u")]
    analysts = [at for at in people if roles[log.accounts[at]] == "analyst"]
    where = np.zeros(int(world.record.max()) + 1, np.int64)
    where[world.record] = world.cells["municipality"].astype(np.int64)
    employer = None
    if "employer_id" in world.cells:
        employer = np.zeros(len(where), np.int64)
        employer[world.record] = world.cells["employer_id"].astype(np.int64)
    pools = np.array([codes[name] for name in pooled if name in codes])
    return Country(
        register, world, stood, world.groups(COLUMNS[register]), known, np.array(people), np.array(analysts),
        pools, where, employer, stood.population(), orders(stood),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """A leak and what is known of its source.

    Attributes:
        truth: accounts that gave it, by name; empty when no logged read did.
        logged: the log as attribution gets it. expected: outcomes that are right. clock: seconds of uncertainty.
        taken: (first, last) when the rows were read.
        population, horizon: of the history that attribution is told of, where it is not the country's own.
        sights: moments of the copies that this history was made of, microseconds.
    """

    name: str
    leak: Drawn
    truth: frozenset[str]
    logged: Index
    expected: frozenset[str]
    taken: tuple[int, int]
    columns: tuple[str, ...]
    clock: float = 1.0
    copies: tuple[Copy, ...] = ()
    copy: str = ""
    kind: str = "instant"
    true_reads: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    population: Population | None = None
    horizon: tuple[int, int] | None = None
    sights: tuple[int, ...] = ()


@dataclass(slots=True)
class Reads:
    """Reads to be added: each with its time, account and records."""

    time: np.ndarray
    account: np.ndarray
    records: list[np.ndarray]
    user: np.ndarray
    template: int = -1
    seconds: float = 0.05


def added(home: Country, reads: Reads, lost: np.ndarray, keep: np.ndarray | None = None) -> tuple[Index, np.ndarray]:
    """The country's log with the reads that were not lost, without those not kept; and where the new ones stand."""
    base = home.known.log if keep is None else home.known.log.take(keep)
    at = np.flatnonzero(~lost)
    single = np.array([len(reads.records[i]) == 1 for i in at], bool)
    packed = [bitmap.pack(reads.records[i]) for i in at[~single]]
    count = len(at)
    code = np.full(count, -1, np.int32)
    code[~single] = len(base.bitmaps) + np.arange(len(packed))
    template = _template(home.known.log, reads)
    names = [i for i, each in enumerate(base.column_sets) if each == home.columns]
    draw = np.random.default_rng([int(reads.time[0]) % 2**31, count])
    record = np.array([reads.records[i][0] if len(reads.records[i]) == 1 else 0 for i in at], np.uint32)
    day = reads.time[at] // (6 * HOUR)
    values: dict[str, Any] = {
        "account": reads.account[at], "end_user": reads.user[at], "grade": np.where(reads.user[at] >= 0, 1, 0),
        "client": reads.account[at] % max(len(base.clients), 1), "application": np.zeros(count),
        "kind": np.zeros(count), "session": int(base.session.max()) + 1 + np.unique(day, return_inverse=True)[1],
        "template": np.full(count, template),
        "file": np.zeros(count), "columns": np.full(count, names[0]), "start": reads.time[at] - int(1e6),
        "stop": reads.time[at] + int((1 + reads.seconds) * 1e6), "extent": np.full(count, EXACT),
        "rows": np.array([len(reads.records[i]) for i in at]), "record": record, "bitmap": code,
        "sealed": np.full(count, SEALED), "line_from": np.arange(count), "lines": np.ones(count),
        "line_hash": draw.integers(0, 256, (count, 16)), "read_id": draw.integers(0, 256, (count, 16)),
    }  # fmt: skip
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(base, name), values[name].astype(getattr(base, name).dtype)]) for name in PER_READ
    }
    log = replace(base, **arrays, bitmaps=(*base.bitmaps, *packed))
    return index(log, home.known.pooled, home.known), len(base) + np.arange(count)


def _template(log: ReadLog, reads: Reads) -> int:
    """The template that most reads of such a size have: the usual screen."""
    if reads.template >= 0:
        return reads.template
    size = int(np.median([len(each) for each in reads.records]))
    if size <= 1:
        return int(np.bincount(log.template[log.record > 0]).argmax())
    return int(np.bincount(log.template[log.bitmap >= 0]).argmax())


def moment(home: Country, draw: np.random.Generator) -> int:
    """A moment in working hours."""
    day = int(draw.integers(home.span[0] // DAY + 1, home.span[1] // DAY))
    return day * DAY + int((7 + 9 * draw.random()) * HOUR)


def noise(home: Country, draw: np.random.Generator) -> Noise:
    """Rows altered, invented and stale, up to a tenth, twentieth and twentieth; a third of the files are clean."""
    if draw.random() < 1 / 3:
        return Noise()
    stale_at = tuple(int(each) for each in draw.integers(home.world.horizon[0], home.span[1], 3))
    return Noise(0.1 * draw.random(), 0.05 * draw.random(), 0.05 * draw.random(), stale_at)


def leak(home: Country, records: np.ndarray, times: np.ndarray, draw: np.random.Generator) -> Drawn:
    """The rows that whoever read these records at these times has, with noise."""
    versions = home.standing.at(records.astype(np.uint32), times)
    return drawn(home.world, home.grouped, versions, noise(home, draw), draw)


def crawl_times(home: Country, count: int, days: float, draw: np.random.Generator) -> np.ndarray:
    """Times of `count` reads over working days, in runs of some seconds each."""
    first = int(draw.integers(home.span[0] // DAY + 1, max(home.span[1] // DAY - int(days), home.span[0] // DAY + 2)))
    day = first + np.sort(draw.integers(0, max(int(days), 1), count))
    begin = {each: (7 + 6 * draw.random()) * HOUR for each in np.unique(day).tolist()}
    within = np.array([begin[each] for each in day.tolist()]) + draw.random(count) * 2 * HOUR
    return np.sort(day * DAY + within.astype(np.int64))


def pages(home: Country, count: int, draw: np.random.Generator) -> list[np.ndarray]:
    """`count` pages of 50 records of one municipality after the other, from a random one on, by record number."""
    records = np.unique(home.world.record)
    order = records[np.lexsort((records, home.place[records]))]
    start = np.flatnonzero(np.diff(home.place[order], prepend=-1))
    parts = [page for low, high in zip(start, [*start[1:], len(order)], strict=True)
             for page in np.array_split(order[low:high], range(PAGE, high - low, PAGE))]  # fmt: skip
    first = int(draw.integers(len(parts)))
    return [parts[(first + step) % len(parts)] for step in range(min(count, len(parts)))]


def lists(home: Country, count: int, draw: np.random.Generator) -> list[np.ndarray]:
    """The persons of `count` employers, drawn in proportion to the square root of their size."""
    assert home.employer is not None
    records = np.unique(home.world.record)
    order = records[np.argsort(home.employer[records], kind="stable")]
    parts = np.split(order, np.flatnonzero(np.diff(home.employer[order])) + 1)
    size = np.sqrt([len(each) for each in parts])
    picked = draw.choice(len(parts), min(count, len(parts)), replace=False, p=size / size.sum())
    return [parts[each] for each in picked]


def alive(home: Country, parts: list[np.ndarray], times: np.ndarray) -> list[np.ndarray]:
    """Of the records of each read those that the register had at its time: a read returns no others."""
    sizes = [len(each) for each in parts]
    records = np.concatenate(parts)
    place, _ = home.standing.held(records.astype(np.uint32), np.repeat(times, sizes))
    kept = np.zeros(len(records), bool)
    kept[place] = True
    bounds = np.cumsum(sizes)[:-1]
    return [part[here] for part, here in zip(parts, np.split(kept, bounds), strict=True)]


Maker = Callable[[Country, np.random.Generator], Scene]


def from_reads(
    name: str, home: Country, parts: list[np.ndarray], times: np.ndarray, doer: np.ndarray, draw: np.random.Generator,
    expected: str = "episode", **more: Any,
) -> Scene:  # fmt: skip
    """A scene whose leak is what some reads gave. lost: share of lines lost; keep: a mask over the country's log."""
    parts = alive(home, parts, times)
    lost = draw.random(len(parts)) < more.get("loss", 0.0)
    if more.get("absent"):
        lost[:] = True
    user = more.get("user", np.full(len(parts), -1))
    shift = int(more.get("skew", 0) * 1e6)
    reads = Reads(times + shift, doer, parts, user)
    twin = more.get("twin")
    if twin is not None:
        reads = Reads(np.append(reads.time, times - 30 * DAY), np.append(doer, np.full(len(parts), twin)),
                      [*parts, *parts], np.append(user, np.full(len(parts), -1)))  # fmt: skip
        lost = np.append(lost, np.zeros(len(parts), bool))
    keep = more.get("keep")
    known, at = added(home, reads, lost, keep) if not lost.all() or keep is not None else (home.known, np.zeros(0, int))
    own = at[np.flatnonzero(~lost) < len(parts)]
    records = np.concatenate(parts)
    taken = np.repeat(times, [len(each) for each in parts])
    kept = draw.random(len(records)) < min(more.get("share", 1.0), MOST / len(records))
    drawn_ = leak(home, records[kept], taken[kept], draw)
    truth = frozenset() if lost[: len(parts)].all() else frozenset(home.known.log.accounts[a] for a in np.unique(doer))
    kind = "crawl" if len(parts) > 20 else "instant"
    return Scene(name, drawn_, truth, known, frozenset(expected.split()), (int(times.min()), int(times.max())),
                 home.columns, more.get("clock", 1.0), kind=kind, true_reads=own)  # fmt: skip


def one(home: Country, draw: np.random.Generator, count: int) -> np.ndarray:
    """One account of the staff, for each of `count` reads."""
    return np.full(count, int(draw.choice(home.people)))


def unlogged(name: str, home: Country, draw: np.random.Generator, kind: str = "") -> Scene:
    """A copy of one state, whole or a part that makes sense, or an unlogged crawl; kind: of the manifest's copy."""
    records = np.unique(home.world.record)
    shape = SHAPES[int(draw.integers(len(SHAPES)))]
    size = int(np.exp(draw.uniform(np.log(200), np.log(len(records) / 2))))
    part = records if draw.random() < 0.2 else chosen(home.known, records, shape, size, draw, home.orders)
    part = part[np.sort(draw.permutation(len(part))[:MOST])]
    days = 0.0 if kind or draw.random() < 0.7 else float(draw.choice([1, 3, 20, 60]))
    times = moments(len(part), home.span, days, draw)
    copies = _copies(home, int(times[0]), kind, draw) if kind else ()
    return Scene(name, leak(home, part, times, draw), frozenset(), home.known, frozenset(("none", "copy", "tie")),
                 (int(times[0]), int(times[-1])), home.columns, 1.0, copies, copies[0].name if copies else "",
                 "crawl" if days else "instant")  # fmt: skip


def _copies(home: Country, taken: int, kind: str, draw: np.random.Generator) -> tuple[Copy, ...]:
    """The copy that the leak comes from, then others that it does not."""

    def when(moment: int) -> datetime:
        return datetime.fromtimestamp(moment / 1e6, UTC)

    first = Copy("source", kind, frozen_at=None if kind == "replica" else when(taken))  # type: ignore[arg-type]
    others = [Copy(f"old-{at}", "backup", frozen_at=when(taken - at * 20 * DAY)) for at in (1, 2)]
    return (first, *others) if draw.random() < 0.7 else (first,)
