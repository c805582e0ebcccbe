"""How fast and how lean a register is imprinted: `python -m bench.imprint --persons 3000000`.

A payroll made by numpy from a seed: 10-letter ids, full names of 600 given and 4,000 family names by Zipf's law (with
diacritics), 45,000 employers, salaries with two decimals, phones; 48 % more versions than persons. Made once in a
process of its own; then each run is a fresh process that reads Parquet and writes the imprint, its peak memory as the
kernel counts it (ru_maxrss). The first run is full; the increment follows 1 % more versions.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.registers.desk.imprinting import imprint
from kulla.registers.folder import OwnerFolder, made
from kulla.registers.keyfile import new_key, read_key, write_key
from kulla.registers.manifest import Column, Manifest
from kulla.registers.schema import VERSION_TIMES

START = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = (
    Column("nid", "national_id"), Column("full_name", "name"), Column("employer_id", "employer_id"),
    Column("gross_salary", "money"), Column("phone", "phone"),
)  # fmt: skip
SYLLABLES = (
    "ba",
    "be",
    "ça",
    "da",
    "dë",
    "ga",
    "ha",
    "ka",
    "la",
    "li",
    "ma",
    "na",
    "ra",
    "sha",
    "ta",
    "ve",
    "xhe",
    "zë",
)


def payroll(persons: int, versions: int, seed: int) -> pa.Table:
    """Versions of a payroll, ordered by when they begin."""
    rng = np.random.default_rng(seed)
    who = np.concatenate([np.arange(persons), rng.integers(0, persons, versions - persons)])
    begun = np.concatenate([np.zeros(persons, np.int64), np.sort(rng.integers(1, 86400 * 700, versions - persons))])
    given, family = _names(rng, 600), _names(rng, 4000)
    first = given[np.minimum(rng.zipf(1.3, persons) - 1, len(given) - 1)]
    last = family[np.minimum(rng.zipf(1.2, persons) - 1, len(family) - 1)]
    names = np.char.add(np.char.add(first, " "), last)
    employers = np.char.add(np.char.add("L", np.char.zfill(rng.permutation(45_000).astype(str), 8)), "K")
    ids = np.char.add(np.char.add("J", np.char.zfill(np.arange(persons).astype(str), 8)), "A")
    job = np.minimum(rng.zipf(1.4, versions) - 1, len(employers) - 1)
    phones = np.char.add("+35569", np.char.zfill(rng.integers(0, 10_000_000, persons).astype(str), 7))
    salary = rng.lognormal(11, 0.5, versions).round(-1)
    times = pa.array(begun * 1_000_000 + int(START.timestamp() * 1e6)).cast(VERSION_TIMES.field("valid_from").type)
    nulls = pa.nulls(versions, times.type)
    columns = [ids[who], names[who], employers[job]]
    arrays = [pa.array(each) for each in columns] + [pa.array(np.char.mod("%.2f", salary)), pa.array(phones[who])]
    return pa.Table.from_arrays([*arrays, times, nulls, nulls, nulls], [c.name for c in COLUMNS] + VERSION_TIMES.names)


def _names(rng: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    parts = np.array(SYLLABLES)[rng.integers(0, len(SYLLABLES), (count, 3))]
    return np.array(["".join(row).capitalize() for row in parts])


def prepare(work: Path, persons: int, versions: int, seed: int) -> None:
    """Write an owner's folder with a payroll, and a key beside it."""
    folder = OwnerFolder(work / "owner").register("payroll")
    folder.write(Manifest("payroll", "Bench", "bench", "civil", "bench", "files", "", "", ("nid",), COLUMNS))
    pq.write_table(payroll(persons, versions, seed), made(folder.history) / "versions-000001.parquet")
    write_key(work / "owner.key", new_key("owner", START))


def grow(work: Path, versions: int, seed: int) -> None:
    """Add a file with more versions of other persons."""
    folder = OwnerFolder(work / "owner").register("payroll")
    later = payroll(versions, versions, seed)
    place = later.schema.get_field_index("valid_from")
    moment = pa.array([START + timedelta(days=701)] * versions, VERSION_TIMES.field("valid_from").type)
    later = later.set_column(place, later.schema.field(place), moment)
    pq.write_table(later, folder.history / "versions-000002.parquet")


def measured(work: Path, full: bool, workers: int) -> dict[str, float]:
    """Imprint once, in this process."""
    started = time.perf_counter()
    done = imprint(OwnerFolder(work / "owner").register("payroll"), read_key(work / "owner.key"), full, workers)
    wall = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"rows": done.rows, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}


def _child(*words: str) -> str:
    argv = [sys.executable, "-m", "bench.imprint", *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=3_000_000)
    parser.add_argument("--versions", type=int, help="default: 1.48 for each person")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--step", choices=["prepare", "grow", "full", "more"], help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    versions = given.versions or int(given.persons * 1.48)
    if given.step == "prepare":
        prepare(given.work, given.persons, versions, given.seed)
    elif given.step == "grow":
        grow(given.work, max(1, versions // 100), given.seed + 1)
    elif given.step:
        print(json.dumps(measured(given.work, given.step == "full", given.workers)))
    else:
        _all(given, versions)


def _all(given: argparse.Namespace, versions: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        common = ["--work", name, "--persons", str(given.persons), "--versions", str(versions)]
        common += ["--seed", str(given.seed), "--workers", str(given.workers)]
        _child("--step", "prepare", *common)
        print(f"{given.persons:,} persons, {versions:,} versions, 5 columns; load {os.getloadavg()[0]:.1f}")
        for step in ["full"] * given.runs + ["grow", "more"]:
            said = _child("--step", step, *common)
            if said:
                run = json.loads(said)
                print(f"{step}: {run['rows']:,} rows in {run['wall']:.1f} s ({run['cpu']:.1f} s of processor),"
                      f" peak {run['peak_mb']:.0f} MB")  # fmt: skip


if __name__ == "__main__":
    main()
