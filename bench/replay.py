"""Measure replay: accesses → reads, on a made-up register with two years of changes.

`python -m bench.replay --persons 100000 --accesses 1000000` makes the data (kept in --out), resolves them, and prints
what it took. The mix: 60 % look-ups by key (half with the id in the text, half bound), 15 % employer lists, 10 % pages
of a municipality, 5 % pages by key, 5 % lists of ids, 3 % name searches, 1 % look-ups with a second condition, 1 %
searches that are not understood, and a full scan for every 20,000 accesses.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.registers.desk.reads import resolve
from kulla.registers.folder import OwnerFolder, made
from kulla.registers.manifest import Column, Manifest
from kulla.registers.nationalid import made as made_id
from kulla.registers.schema import ACCESS, GROUPS, RECORD_MAP, STAFF, TIME, VERSION_TIMES

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())
YEARS = 2 * 365 * 86_400
MUNICIPALITIES, ACCOUNTS = 61, 2_000
_ROWS = 250_000
Ints = npt.NDArray[np.int64]


def ids(persons: int) -> list[str]:
    """Well-formed national ids, one a person."""
    first = date(1940, 1, 1).toordinal()
    days = 25_000
    return [made_id(date.fromordinal(first + n % days), bool(n // days % 2), n // days // 2) for n in range(persons)]


def register(owner: OwnerFolder, persons: int, random: np.random.Generator) -> tuple[list[str], Ints, Ints]:
    """A payroll register and its versions: 47 % of the persons changed once in two years."""
    names = [("nid", "national_id"), ("full_name", "name"), ("employer_id", "employer_id"),
             ("municipality", "municipality"), ("gross_salary", "money")]  # fmt: skip
    folder = owner.register("payroll")
    columns = tuple(Column(name, meaning) for name, meaning in names)  # type: ignore[arg-type]
    folder.write(
        Manifest("payroll", "Tax office", "tax.example", "civil", "law", "files", "history", "", ("nid",), columns,
                 person="nid", remit="municipality", history="versions")
    )  # fmt: skip
    keys = ids(persons)
    sizes = 1 / np.arange(20, persons // 15 + 20) ** 0.9  # the largest employs 1 % of all, most under 20
    employer = random.choice(len(sizes), persons, p=sizes / sizes.sum())
    place = random.integers(0, MUNICIPALITIES, persons)
    changed = np.flatnonzero(random.random(persons) < 0.47)
    at = START + random.integers(0, YEARS // 30, len(changed)) * 30
    who = np.concatenate([np.arange(persons), changed])
    moved = np.where(random.random(len(changed)) < 0.3, random.permutation(employer)[changed], employer[changed])
    start = np.concatenate([np.full(persons, START - 86_400), at])
    end = np.full(len(who), -1, np.int64)
    end[changed] = at
    pay = (random.lognormal(11, 0.5, len(who)) / 10).astype(np.int64)
    works = np.concatenate([employer, moved])
    table = pa.table({
        "nid": pc.take(pa.array(keys), pa.array(who)),
        "full_name": pa.array([f"Given{n % 997} Family{n % 7919}" for n in who.tolist()]),
        "employer_id": pa.array([f"L{n:08}A" for n in works.tolist()]),
        "municipality": pa.array([f"M{n:02}" for n in place[who].tolist()]),
        "gross_salary": pa.array(pay).cast(pa.decimal128(21, 2)).cast(pa.decimal128(12, 2)),
        "valid_from": pa.array(start * 1_000_000).cast(TIME),
        "valid_to": pa.array(end * 1_000_000, mask=end < 0).cast(TIME),
        "known_from": pa.nulls(len(who), VERSION_TIMES.field(2).type),
        "known_to": pa.nulls(len(who), VERSION_TIMES.field(3).type),
    })  # fmt: skip
    pq.write_table(table, made(folder.history) / "versions-000001.parquet")
    numbers = pa.table({
        "key": keys, "record_no": pa.array(np.arange(1, persons + 1, dtype=np.uint32)),
        "erased": pa.array(np.zeros(persons, np.bool_)),
    }, schema=RECORD_MAP)  # fmt: skip
    pq.write_table(numbers, made(folder.map) / "records.parquet")
    groups = pa.table({"record_no": numbers["record_no"], "group": pa.array([f"M{n:02}" for n in place.tolist()])})
    pq.write_table(groups.cast(GROUPS), made(folder.outbox) / "groups.parquet")
    staff = [{"account": f"clerk{n}", "remit": [f"M{n % MUNICIPALITIES:02}"]} for n in range(ACCOUNTS)]
    pq.write_table(pa.Table.from_pylist(staff, schema=STAFF), made(folder.context) / "staff.parquet")
    return keys, employer, place


def log(owner: OwnerFolder, count: int, keys: list[str], employer: Ints, random: np.random.Generator) -> None:
    """Accesses of two years, in order of time."""
    out = made(owner.register("payroll").accesses) / "accesses-000001.parquet"
    times = np.sort(START + 86_400 + random.integers(0, YEARS - 172_800, count))
    with pq.ParquetWriter(out, ACCESS, compression="zstd") as writer:
        for first in range(0, count, _ROWS):
            writer.write_table(_part(first, times[first : first + _ROWS], keys, employer, random))


def _part(first: int, times: Ints, keys: list[str], employer: Ints, random: np.random.Generator) -> pa.Table:
    count = len(times)
    kind = random.choice(9, count, p=[0.30, 0.30, 0.15, 0.10, 0.05, 0.05, 0.03, 0.01, 0.01])
    person = random.integers(0, len(keys), count)
    account = random.integers(0, ACCOUNTS, count)
    statements: list[str] = []
    parameters: list[str | None] = []
    for n in range(count):
        statement, bound = _statement(int(kind[n]), int(person[n]), int(account[n]), keys, employer, random)
        statements.append(statement)
        parameters.append(None if bound is None else orjson.dumps([bound]).decode())
    for n in range(0, count, 20_000):
        statements[n], parameters[n] = "SELECT * FROM payroll", None
    names = pa.array([f"clerk{n}" for n in range(ACCOUNTS)])
    given = {
        "time": pa.array(times * 1_000_000).cast(TIME), "started": pa.array(times * 1_000_000 - 20_000).cast(TIME),
        "account": pa.DictionaryArray.from_arrays(pa.array(account, pa.int32()), names),
        "session": pa.DictionaryArray.from_arrays(pa.array(account, pa.int32()), names),
        "kind": _label("read", count), "outcome": _label("ok", count), "file_sha256": _label("ab" * 32, count),
        "command": _label("SELECT", count), "application": _label("front-office", count),
        "statement": pa.array(statements, pa.large_string()), "parameters": pa.array(parameters, pa.large_string()),
        "rows": pa.array(np.where(np.isin(kind, [0, 1, 7]), 1, -1), mask=~np.isin(kind, [0, 1, 7])),
        "line_from": pa.array(np.arange(first + 1, first + count + 1)),
        "line_to": pa.array(np.arange(first + 1, first + count + 1)),
        "line_hash": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(16), count, [None, pa.py_buffer(random.bytes(16 * count))]
        ),
    }  # fmt: skip
    nothing = [pa.nulls(count, field.type) for field in ACCESS]
    arrays = [given.get(field.name, empty) for field, empty in zip(ACCESS, nothing, strict=True)]
    return pa.table(arrays, schema=ACCESS)


def _label(text: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _statement(
    kind: int, person: int, account: int, keys: list[str], employer: Ints, random: np.random.Generator
) -> tuple[str, str | None]:
    shown = "SELECT nid, full_name, gross_salary FROM payroll"
    if kind == 0:
        return f"/* user=u{account}; case=2024/{person} */ {shown} WHERE nid = '{keys[person]}'", None
    if kind == 1:
        return f"{shown} WHERE nid = $1", keys[person]
    if kind == 2:
        return f"{shown} WHERE employer_id = $1", f"L{employer[person]:08}A"
    if kind == 3:
        page = 50 * int(random.integers(0, 20))
        where = f"municipality = 'M{account % MUNICIPALITIES:02}'"
        return f"{shown} WHERE {where} ORDER BY nid LIMIT 50 OFFSET {page}", None
    if kind == 4:
        return f"{shown} WHERE nid > '{keys[person]}' ORDER BY nid LIMIT 100", None
    if kind == 5:
        some = (keys[(person + 17 * n) % len(keys)] for n in range(5))
        return f"{shown} WHERE nid IN ({', '.join(repr(each) for each in some)})", None
    if kind == 6:
        return f"{shown} WHERE full_name = 'Given{person % 997} Family{person % 7919}'", None
    if kind == 7:
        return f"SELECT full_name FROM payroll p WHERE p.nid = '{keys[person]}' AND gross_salary > 0", None
    return f"{shown} WHERE upper(full_name) LIKE '%{person}%' AND municipality = 'M03'", None


def _cpu() -> float:
    """Seconds of CPU of this process and its children: what a busy machine does not change much."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--accesses", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/bench-replay"))
    parser.add_argument("--keep", action="store_true", help="use the data that is there")
    given = parser.parse_args()
    owner = OwnerFolder(given.out)
    if not given.keep:
        shutil.rmtree(given.out, ignore_errors=True)
        random = np.random.default_rng(1)
        keys, employer, _ = register(owner, given.persons, random)
        log(owner, given.accesses, keys, employer, random)
    begun, worked = time.perf_counter(), _cpu()
    outcome = resolve(owner, "payroll", anew=True, workers=given.workers)
    took = time.perf_counter() - begun
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    size = sum(path.stat().st_size for path in (owner.register("payroll").outbox / "reads").glob("*.parquet"))
    print(
        f"{given.persons:,} persons, {outcome.counts.accesses:,} accesses, {given.workers} workers: {took:.1f} s,",
        end="",
    )
    print(
        f" {(_cpu() - worked) / outcome.counts.accesses * 1e6:.1f} µs of CPU an access; reads {size / 1e6:.0f} MB;",
        end="",
    )
    print(f" peak {peaks[0]:.0f} MB, of a worker {peaks[1]:.0f} MB")
    print(dict(outcome.counts.extents), dict(outcome.counts.shapes), file=sys.stderr)


if __name__ == "__main__":
    main()
