"""Recognising a leaked payroll without ids: whose rows they are, and who is named wrongly; and strangers' files.

    python -m bench.recognise DIR --persons 600000 --out table.md

For each held-out profile a country is made below DIR, its payroll imprinted at the owner's and taken by the centre. A
month's payroll is copied at a time: names, employers and salaries, without headers; diacritics stripped, words of names
in any order; 10 % of rows have one cell of another row, 5 % are made of cells of different rows. Strangers' files are
phone books with local names, ids of valid form with local names and salaries, another country's list, plain numbers.
Intervals are Clopper and Pearson's, 95 %; a bound of no event is one-sided.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.extracts import interval
from bench.machine import facts
from kulla.exercise.layout import Settings
from kulla.exercise.make import make_exercise
from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import ALTERED, CERTAIN, EXACT, PROBABLE, Matched
from kulla.leaks.recognise import recognise
from kulla.registers.desk.centreside import take_imprint
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.recordmap import read_map
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import KeyFile, new_key, read_key, write_key
from kulla.registers.keys import centre_key, owner_keys
from kulla.registers.manifest import Manifest
from kulla.registers.nationalid import made as made_id
from kulla.registers.records import keys_of, numbers_of

PROFILES = ("busy", "quiet", "reorganised", "seasonal")
LEAKS = (
    ("full_name", "employer", "gross_salary"),
    ("full_name", "employer_id", "gross_salary"),
    ("full_name", "gross_salary", "municipality"),
)
ALTERED_SHARE, INVENTED_SHARE = 0.10, 0.05
TAKEN = datetime(2024, 7, 1, 12, tzinfo=UTC)
PERIOD = "2024-05"
STRANGERS = ("phone book", "ids of valid form", "another country", "numbers")
_STRANGER_ROWS = 5000

Texts = npt.NDArray[np.object_]
Numbers = npt.NDArray[np.uint32]


@dataclass
class World:
    """One register of an exercise as the centre has it, and its month's rows with their records."""

    index: RegisterIndex
    manifest: Manifest
    owner: KeyFile
    centre: KeyFile
    month: pa.Table
    record: Numbers

    def recognised(self, columns: list[Texts], seed: int) -> tuple[Matched, float]:
        """A table without headers recognised, and the seconds that took."""
        data = pa.table({f"c{n}": pa.array(column, pa.string()) for n, column in enumerate(columns)})
        rows = data.num_rows
        table = LeakTable("bench", ("",) * len(columns), data, np.arange(1, rows + 1), np.zeros(rows, np.int32))
        begun = time.perf_counter()
        found = recognise(
            table, self.index, self.manifest, owner_keys(self.owner.secret()), centre_key(self.centre.secret()), seed
        )
        return found, time.perf_counter() - begun


@dataclass
class Tally:
    """Counts of one kind of leak. by_cell: of real rows with that cell altered: how many there are, and found."""

    what: str
    real: int = 0
    found: int = 0
    certain: int = 0
    certain_wrong: int = 0
    probable: int = 0
    probable_wrong: int = 0
    unmapped: int = 0
    seconds: float = 0.0
    by_cell: dict[str, list[int]] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Count another tally's in."""
        for name in ("real", "found", "certain", "certain_wrong", "probable", "probable_wrong", "unmapped", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, (rows, hit) in other.by_cell.items():
            counts = self.by_cell.setdefault(name, [0, 0])
            counts[0], counts[1] = counts[0] + rows, counts[1] + hit

    def line(self) -> str:
        """A row of the table."""
        low, high = interval(self.found, self.real)
        wrong = interval(self.certain_wrong, self.certain)[1]
        loose = interval(self.probable_wrong, self.probable)
        cells = ", ".join(f"{name} {hit / max(rows, 1):.3f}" for name, (rows, hit) in self.by_cell.items())
        return (
            f"| {self.what} | {self.real:,} | {self.found / self.real:.4f} ({low:.4f}–{high:.4f}) | {self.certain:,} | "
            f"{self.certain_wrong} (≤ {wrong:.1e}) | {self.probable:,} | "
            f"{self.probable_wrong / max(self.probable, 1):.3f} ({loose[0]:.3f}–{loose[1]:.3f}) | {cells} | "
            f"{self.unmapped} | {self.seconds:.1f} |"
        )


HEAD = (
    "| leak | real rows | recall (95 %) | certain | wrong person (95 %) | probable | of these wrong (95 %) | "
    "recall of altered rows by cell | columns missed | s |\n|---|---:|---|---:|---|---:|---|---|---:|---:|"
)


def world(folder: Path, profile: str, persons: int, months: int, seed: int) -> World:
    """Make a country below a folder, or open what was made before."""
    place = folder / f"{profile}-{persons}-{seed}"
    keys = folder / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    for name in ("owner", "centre"):
        if not (keys / name).exists():
            write_key(keys / name, new_key("owner" if name == "owner" else "centre", TAKEN))
    owner, centre = read_key(keys / "owner"), read_key(keys / "centre")
    if not (place / "exercise.toml").exists():
        make_exercise(place, Settings(persons, months, seed, profile, ("payroll",)))
    own = OwnerFolder(place / "owner").register("payroll")
    kept = place / "centre" / "registers" / "payroll" / "imprint"
    if not kept.exists():
        imprint(own, owner)
        take_imprint(own.outbox / "imprint", kept, centre)
    manifest = own.read()
    month = _month(sorted(own.history.glob("*.parquet")), [c.name for c in manifest.columns])
    record = numbers_of(read_map(own), keys_of(month, manifest.record))
    return World(open_index(kept, centre), manifest, owner, centre, month, record)


def _month(files: list[Path], names: list[str]) -> pa.Table:
    parts = []
    for path in files:
        table = pq.read_table(path, columns=[*names, "valid_from", "valid_to"])
        moment = pa.scalar(TAKEN, pa.timestamp("us", "UTC"))
        there = pc.and_(
            pc.less_equal(table["valid_from"], moment), pc.fill_null(pc.greater(table["valid_to"], moment), True)
        )
        parts.append(table.filter(pc.and_(there, pc.equal(table["period"].cast(pa.string()), PERIOD))))
    return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries().select(names)


def leaked(
    world: World, names: tuple[str, ...], random: np.random.Generator
) -> tuple[list[Texts], Numbers, npt.NDArray[np.int64]]:
    """Columns of a leak, the record behind each row (0: invented), and which cell was altered (-1: none)."""
    rows = random.permutation(world.month.num_rows)
    raw = [world.month[name].take(pa.array(rows)).cast(pa.string()).to_numpy() for name in names]
    made = [column.astype(object) for column in raw]
    fake = random.random(len(rows)) < INVENTED_SHARE
    which = np.where(~fake & (random.random(len(rows)) < ALTERED_SHARE), random.integers(0, len(names), len(rows)), -1)
    for place, column in enumerate(made):
        hit = fake | (which == place)
        column[hit] = raw[place][random.integers(0, len(rows), len(rows))][hit]
        if names[place] == "full_name":
            made[place] = _plain(column, random)
        else:
            which[(which == place) & (column == raw[place])] = -1
    return made, np.where(fake, 0, world.record[rows]).astype(np.uint32), which


def _plain(names: Texts, random: np.random.Generator) -> Texts:
    """Diacritics stripped, words in any order."""
    distinct, place = np.unique(names.astype(str), return_inverse=True)
    bare = [
        "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).split()
        for name in distinct
    ]
    turns = random.random(len(names))
    return np.array(
        [" ".join(bare[p][::-1] if t < 0.5 else bare[p]) for p, t in zip(place, turns, strict=True)], object
    )


def tallied(tally: Tally, world: World, names: tuple[str, ...], seed: int) -> None:
    """One leak drawn, recognised and counted."""
    random = np.random.default_rng(seed)
    columns, truth, which = leaked(world, names, random)
    order = random.permutation(len(names))
    found, seconds = world.recognised([columns[place] for place in order], seed)
    mapped = {names[order[each.column]]: each.register_column for each in found.columns}
    real, right = truth != 0, (found.record == truth) & (found.record != 0)
    tally.unmapped += sum(mapped.get(name) != name for name in names)
    tally.seconds += seconds
    tally.real += int(real.sum())
    tally.found += int((right & real).sum())
    for place, name in enumerate(names):
        rows = real & (which == place)
        counts = tally.by_cell.setdefault(name, [0, 0])
        counts[0] += int(rows.sum())
        counts[1] += int((right & rows).sum())
    told = np.isin(found.verdict, (EXACT, ALTERED))
    certain, probable = told & (found.surety == CERTAIN), told & (found.surety == PROBABLE)
    tally.certain += int(certain.sum())
    tally.certain_wrong += int((certain & ~right).sum())
    tally.probable += int(probable.sum())
    tally.probable_wrong += int((probable & ~right).sum())


def stranger(world: World, kind: str, random: np.random.Generator) -> list[Texts]:
    """Columns of a file that is not from the register."""
    rows = min(_STRANGER_ROWS, world.month.num_rows)

    def drawn(name: str) -> Texts:
        places = random.integers(0, world.month.num_rows, rows)
        return np.asarray(world.month[name].take(pa.array(places)).cast(pa.string()).to_numpy()).astype(object)

    first, last = drawn("full_name"), drawn("full_name")
    names = np.array([f"{a.split()[0]} {b.split()[-1]}" for a, b in zip(first, last, strict=True)], object)
    phones = np.array([f"06{random.integers(7, 10)}{random.integers(0, 10**7):07}" for _ in range(rows)], object)
    if kind == "phone book":
        return [names, phones, drawn("municipality"), drawn("employer")]
    if kind == "ids of valid form":
        days = [date.fromordinal(int(day)) for day in random.integers(711000, 732000, rows)]
        ids = [made_id(day, bool(random.integers(2)), int(random.integers(1000))) for day in days]
        return [np.array(ids, object), names, drawn("gross_salary"), drawn("employer")]
    if kind == "another country":
        given, family = ("Jan", "Piotr", "Ewa", "Zofia", "Marek"), ("Nowak", "Kowalski", "Wójcik", "Mazur", "Lis")
        people = np.array([f"{random.choice(given)} {random.choice(family)}" for _ in range(rows)], object)
        pesel = np.array([f"{random.integers(0, 10**11):011}" for _ in range(rows)], object)
        return [pesel, people, phones, drawn("gross_salary")]
    return [np.array([str(n) for n in random.integers(0, 10 ** int(power), rows)], object) for power in (3, 6, 8)]


def report(options: argparse.Namespace) -> Iterator[str]:
    """The lines of the table, as they come."""
    yield from (f"- {name}: {value}" for name, value in facts().items())
    yield f"- {options.persons:,} persons, {options.months} months, {options.leaks} leaks of each kind and profile"
    yield "\n### Without ids\n"
    yield HEAD
    kinds = LEAKS[: options.kinds]
    pooled = {names: Tally(f"all profiles: {', '.join(names)}") for names in kinds}
    false, files = 0, 0
    for number, profile in enumerate(options.profiles.split(",")):
        here = world(options.folder, profile, options.persons, options.months, options.seed + number)
        for names in kinds:
            tally = Tally(f"{profile}: {', '.join(names)}")
            for seed in range(options.leaks):
                tallied(tally, here, names, 1000 * number + seed)
            pooled[names].add(tally)
            yield tally.line()
        for kind in STRANGERS:
            for seed in range(options.strangers):
                columns = stranger(here, kind, np.random.default_rng([number, seed]))
                false += bool(here.recognised(columns, seed)[0].columns)
                files += 1
    for tally in pooled.values():
        yield tally.line()
    yield "\n### Strangers' files\n"
    yield f"{false} of {files} were taken for the register's (≤ {interval(false, files)[1]:.1e})."
    yield f"\nLargest memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB."


def main() -> None:
    """Run the trials and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--persons", type=int, default=600_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--leaks", type=int, default=2)
    parser.add_argument("--strangers", type=int, default=25, help="files of each kind for each profile")
    parser.add_argument("--kinds", type=int, default=len(LEAKS), help="how many kinds of leak, of those in LEAKS")
    parser.add_argument("--profiles", default=",".join(PROFILES))
    parser.add_argument("--seed", type=int, default=70)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = []
    for line in report(options):
        print(line, flush=True)
        lines.append(line)
        if options.out:
            options.out.write_text("\n".join(lines) + "\n", "utf-8")
    print("done", file=sys.stderr)


if __name__ == "__main__":
    main()
