"""How fast events get into the lake, how fast questions are answered, and what the disk holds.

`python -m bench.lake --out build/bench --doc lake.md` makes ordinary weeks of a ministry's logs (`bench.weeks`), reads
them as `kulla` does, appends them again and again with times moved on until there are enough events, compacts, and
asks. Rare words were put into a few records. Every question is asked three times; the table holds the median, and
the first of the three, which found the files' footers not yet read.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.machine import facts
from bench.results import table
from bench.weeks.generate import Plan, generate
from kulla.events import mapping, sources
from kulla.events.formats import FORMATS
from kulla.events.schema import SCHEMA, TIME
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task, tasks
from kulla.hunt.reader import Read, Reader
from kulla.lake import Lake
from kulla.lake.upkeep import groups
from kulla.settings import Settings

SCOPE = frozenset([("civil", "ministria")])
NEEDLE = "Qz7-Needle-Vx91"
DAYS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: what it is called, how it is put, and the answer's size."""

    name: str
    run: Callable[[], tuple[int, float]]


def corpus(out: Path) -> list[pa.Table]:
    """Four days of logs as tables of events, in the runs in which they were read; made once."""
    cache = out / "lake-corpus"
    if not (cache / "done").exists():
        shutil.rmtree(cache, ignore_errors=True)
        cache.mkdir(parents=True)
        generate(cache / "logs", Plan(seed=1, hours=24 * DAYS, scale=1.0, intrusion=None))
        options = Options(paths=[str(cache / "logs")], rules=[], settings=Settings())
        for number, each in enumerate(_read(options)):
            pq.write_table(each, cache / f"{number:05}.parquet", compression="zstd")
        (cache / "done").touch()
    return [pq.read_table(path).cast(SCHEMA).combine_chunks() for path in sorted(cache.glob("*.parquet"))]


def _read(options: Options) -> Iterator[pa.Table]:
    reader = Reader(options, mapping.load([]))
    for task in tasks(sources.find(options.paths, options.settings), FORMATS, None, options.settings):
        if not isinstance(task, Task):
            continue
        for read in reader.read(task):
            if isinstance(read, Read) and len(read.batch):
                origin = replace(read.batch.origin, source_sha256="00" * 32, constituent="ministria", zone="civil")
                read.batch.origin = origin
                yield read.batch.table()


def moved(events: pa.Table, copy: int, rng: np.random.Generator, needle: bool) -> pa.Table:
    """The events a few days later, with ids of their own; with `needle`, one record holds the rare word."""
    shift = pa.scalar(timedelta(days=DAYS * copy), pa.duration("us"))
    ids = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(events), [None, pa.py_buffer(rng.bytes(16 * len(events)))]
    )
    events = events.set_column(0, SCHEMA.field(0), ids)
    at = events.schema.get_field_index("time")
    events = events.set_column(at, SCHEMA.field(at), pc.add(events["time"], shift))
    at = events.schema.get_field_index("ingest_time")
    late = pa.repeat(pa.scalar(datetime(2030, 1, 1, tzinfo=UTC), TIME), len(events))
    events = events.set_column(at, SCHEMA.field(at), late)
    if needle:
        at = events.schema.get_field_index("raw")
        raw = events["raw"].to_pylist()
        raw[len(raw) // 2] = f"{raw[len(raw) // 2]} {NEEDLE}"
        events = events.set_column(at, SCHEMA.field(at), pa.array(raw, pa.large_string()))
    return events


def fill(lake: Lake, tables: list[pa.Table], wanted: int) -> tuple[int, int, float, float, list[float]]:
    """Append copies until there are enough events: events, bytes of raw, seconds and processor seconds of appending
    alone, rates of parts."""
    rng = np.random.default_rng(1)
    events, size, spent, worked, copy, rates = 0, 0, 0.0, 0.0, 0, []
    while events < wanted:
        began, in_copy = spent, 0
        for number, each in enumerate(tables):
            made = moved(each, copy, rng, needle=number == 0 and copy % 4 == 1)
            start, work = time.perf_counter(), time.process_time()
            assert lake.append(made, f"{copy:032x}{number:032x}", 0)
            lake.sync()
            spent += time.perf_counter() - start
            worked += time.process_time() - work
            in_copy += len(made)
            size += made["raw"].nbytes
        rates.append(in_copy / (spent - began))
        events, copy = events + in_copy, copy + 1
        print(f"{events:,} events, {rates[-1]:,.0f} a second", flush=True)
    return events, size, spent, worked, rates


def questions(lake: Lake, day: datetime) -> list[Asked]:
    """What is asked, of one full day and of everything."""
    one = (day, day + timedelta(days=1))
    words = [
        ("a word that is nowhere", "zq-no-such-word"),
        ("a rare word", f'"{NEEDLE}"'),
        ("a frequent word", "failed"),
        ("a short word", "ssh"),
        ("two words with a wildcard", "power*shell -enc"),
        ("a field, whole value", "EventID:4625"),
        ("a field, wildcards", "Image:*\\cmd.exe"),
        ("a field that is nowhere", "TargetFilename:*zq-no-such*"),
        ("fields and not", "EventID:4624 and not LogonType:3"),
    ]
    asked = []
    for name, query in words:
        asked.append(Asked(f"one day, first 100: {name}", _search(lake, query, one)))
        asked.append(Asked(f"all, first 100: {name}", _search(lake, query, (None, None))))
        asked.append(Asked(f"all, count: {name}", _count(lake, query)))
    whole = (day - timedelta(days=DAYS * 8), day + timedelta(days=DAYS))
    asked += [
        Asked("all: histogram of a frequent word", lambda: (sum(lake.histogram("failed", SCOPE, *whole).counts), 0.0)),
        Asked("one day: facets of 4 fields", lambda: (_facets(lake, one), 0.0)),
        Asked("all: facets of 4 fields", lambda: (_facets(lake, (None, None)), 0.0)),
        Asked("completion of a name", lambda: (len(lake.complete("ima", SCOPE)), 0.0)),
        Asked("completion of a value", lambda: (len(lake.complete("Image:cmd", SCOPE)), 0.0)),
        Asked("an entity: a user, one day", lambda: (lake.around("user", "root", SCOPE, *one).events, 0.0)),
    ]
    return asked


def _count(lake: Lake, query: str) -> Callable[[], tuple[int, float]]:
    return lambda: (lake.count(query, SCOPE), 0.0)


def _facets(lake: Lake, span: tuple[datetime | None, datetime | None]) -> int:
    return lake.facets("", SCOPE, ["EventID", "host", "Image", "IpAddress"], *span)["host"].events


def _search(lake: Lake, query: str, span: tuple[datetime | None, datetime | None]) -> Callable[[], tuple[int, float]]:
    def run() -> tuple[int, float]:
        start, first, found = time.perf_counter(), 0.0, 0
        for batch in lake.search(query, SCOPE, *span, limit=100):
            first = first or time.perf_counter() - start
            found += len(batch)
        return found, first

    return run


def asked(lake: Lake, day: datetime) -> list[tuple[str, ...]]:
    """The table of questions: seconds."""
    rows: list[tuple[str, ...]] = [
        ("question", "found", "first row s", "median s", "first time s", "processor s"),
        ("---", "--:", "--:", "--:", "--:", "--:"),
    ]
    for each in questions(lake, day):
        walls, firsts, works, found = [], [], [], 0
        for _ in range(3):
            start, work = time.perf_counter(), time.process_time()
            found, first = each.run()
            walls.append(time.perf_counter() - start)
            works.append(time.process_time() - work)
            firsts.append(first)
        shown = f"{median(firsts):.3f}" if any(firsts) else ""
        rows.append((each.name, f"{found:,}", shown, f"{median(walls):.3f}", f"{walls[0]:.3f}", f"{median(works):.3f}"))
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--doc", type=Path, help="write the tables here")
    parser.add_argument("--keep", action="store_true", help="compact and ask the lake that is there")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    folder = given.out / "lake"
    told = given.out / "lake.json"
    if not given.keep:
        shutil.rmtree(folder, ignore_errors=True)
        with Lake(folder) as lake:
            told.write_bytes(orjson.dumps(_filled(lake, corpus(given.out), given.events)))
    known = orjson.loads(told.read_bytes())
    with Lake(folder) as lake:
        known |= _compacted(lake)
    told.write_bytes(orjson.dumps(known))
    with Lake(folder) as lake:
        last = max(each.partition.day for each in lake.log.files() if each.partition.day != "undated")
        day = datetime.fromisoformat(last).replace(tzinfo=UTC) - timedelta(days=2)
        known["other load at the questions"] = f"{os.getloadavg()[0]:.1f} processes ready, for 2 processors"
        known["events of that day"] = f"{lake.count('', SCOPE, day, day + timedelta(days=1)):,}"
        rows = asked(lake, day)
    head = "\n".join(f"- {name}: {value}" for name, value in (facts() | known).items())
    text = f"{head}\n\n{table(rows)}\n"
    (given.doc or given.out / "lake.md").write_text(text, encoding="utf-8")
    print(text)


def _filled(lake: Lake, tables: list[pa.Table], wanted: int) -> dict[str, str]:
    events, size, spent, worked, rates = fill(lake, tables, wanted)
    return {
        "events": f"{events:,} in {len(tables) * len(rates):,} chunks, raw {size / 1e9:.2f} GB",
        "append": f"{events / spent:,.0f} events/s, each chunk synced (parts: {min(rates):,.0f} to {max(rates):,.0f}); "
        f"{events / worked:,.0f} to a second of processor time",
        "appended": f"{_bytes(lake.folder) / 1e9:.2f} GB",
    }


def _compacted(lake: Lake) -> dict[str, str]:
    """Compact, unless there is nothing to merge; what it cost, and what the disk holds."""
    start, work = time.perf_counter(), time.process_time()
    events = sum(each.rows for group in groups(lake.log.files(), every=True) for each in group)
    done = lake.compact(every=True)
    wall, worked = time.perf_counter() - start, time.process_time() - work
    lake.vacuum(0)
    index = _bytes(lake.folder / "_index")
    found = {"compacted": f"{(_bytes(lake.folder) - index) / 1e9:.2f} GB, and {index / 1e9:.2f} GB of index"}
    if done.made:
        found["compaction"] = (
            f"{done.merged:,} files of {events:,} events to {done.made:,} in {wall:,.0f} s: "
            f"{events / wall:,.0f} events/s, {events / worked:,.0f} to a second of processor time, with the index"
        )
    return found


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
