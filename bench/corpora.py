"""The corpora of the bench, grown from real recordings by seed, written outside the repository.

`python -m bench.corpora --data DATA --out build/bench` makes what is missing. DATA holds `security-datasets`
(OTRF/Security-Datasets), `evtx-samples` (omerbenamram/evtx) and `sigma` (SigmaHQ/sigma with its regression data).
Everything is streamed: the memory used does not depend on the size of a corpus.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

import orjson

from bench import sources
from bench.mutate import Mutator
from bench.sources import Event

SEED = 2026
_OPTIONS = orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many events each corpus holds at least."""

    lsass: int = 1_000_000
    evtx: int = 200_000
    mixed: int = 500_000
    worst: int = 300_000

    def divided(self, by: int) -> Sizes:
        """The same corpora, smaller."""
        return Sizes(self.lsass // by, self.evtx // by, self.mixed // by, self.worst // by)


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus on disk.

    Attributes:
        path: a file, or a folder of EVTX files.
        events: how many events it holds.
        size: its bytes.
    """

    name: str
    path: Path
    events: int
    size: int


def grown(first: Callable[[], Iterator[Event]], count: int, share: float, seed: int) -> Iterator[Event]:
    """At least `count` events: whole copies of `first()`, the first one mutated too, each with times a day later."""
    made, copy, records = 0, 0, 0
    while made < count:
        mutator = Mutator(seed, copy, share, records)
        in_copy = 0
        for event in first():
            yield mutator.fresh(event)
            in_copy += 1
        if not in_copy:
            return
        made, copy, records = made + in_copy, copy + 1, max(records, 10 * in_copy)


def worst(data: Path, count: int, seed: int) -> Iterator[Event]:
    """`count` process creations, every command line distinct: its arguments changed, and numbered among them."""

    # The few hundred there are: kept, since finding them again for each copy would read 150 MB.
    creations = [
        event
        for path, member in sources.json_members(data)
        for event in filter(sources.is_process_creation, sources.events(path, member))
    ]
    mutator = Mutator(seed, 0, 1.0, 0)
    for number, event in enumerate(islice(grown(lambda: iter(creations), count, 0.2, seed), count)):
        event["CommandLine"] = f"{mutator.command(event['CommandLine'])} -id {number:x}"
        yield event


def mixed(data: Path) -> Iterator[Event]:
    """Once through all JSON recordings and all EVTX records, one event of each source in turn."""
    streams = [sources.events(path, member) for path, member in sources.json_members(data)]
    evtx = (event for path in sources.evtx_files(data) for event in sources.evtx_events(path))
    for turn in zip_longest(evtx, *streams):
        yield from (event for event in turn if event is not None)


def make(name: str, data: Path, out: Path, sizes: Sizes, seed: int = SEED) -> Corpus:
    """The corpus `name` of `CORPORA` under `out`; made anew unless it is there whole, with the same sizes and seed."""
    target = out / name / (name if name.startswith("evtx") else f"{name}.json")
    note = out / name / "corpus.json"
    wanted = {"count": _wanted(name, sizes), "seed": seed}
    if note.exists() and (told := orjson.loads(note.read_bytes()))["wanted"] == wanted:
        return Corpus(name, target, told["events"], told["size"])
    shutil.rmtree(out / name, ignore_errors=True)
    (out / name).mkdir(parents=True)
    events, size = CORPORA[name](data, target, sizes, seed)
    note.write_bytes(orjson.dumps({"wanted": wanted, "events": events, "size": size}, option=_OPTIONS))
    return Corpus(name, target, events, size)


def _wanted(name: str, sizes: Sizes) -> int:
    return 0 if name == "evtx-small" else int(getattr(sizes, name.partition("-")[0]))


def _written(target: Path, events: Iterator[Event]) -> tuple[int, int]:
    count = 0
    with target.open("wb", buffering=1 << 20) as stream:
        for event in events:
            stream.write(orjson.dumps(event, option=_OPTIONS))
            count += 1
    return count, target.stat().st_size


def _lsass(data: Path, target: Path, sizes: Sizes, seed: int) -> tuple[int, int]:
    return _written(target, grown(lambda: sources.events(data / sources.LSASS), sizes.lsass, 0.2, seed))


def _replica(data: Path, target: Path, sizes: Sizes, seed: int) -> tuple[int, int]:
    count = 0
    with target.open("wb", buffering=1 << 20) as stream:
        while count < sizes.lsass:
            for line in sources.lines(data / sources.LSASS):
                stream.write(line + b"\n")
                count += 1
    return count, target.stat().st_size


def _mixed(data: Path, target: Path, sizes: Sizes, seed: int) -> tuple[int, int]:
    return _written(target, grown(lambda: mixed(data), sizes.mixed, 0.5, seed))


def _worst(data: Path, target: Path, sizes: Sizes, seed: int) -> tuple[int, int]:
    return _written(target, worst(data, sizes.worst, seed))


def _evtx(data: Path, target: Path, sizes: Sizes, seed: int) -> tuple[int, int]:
    return _copied(data, target, sizes.evtx)


def _evtx_small(data: Path, target: Path, sizes: Sizes, seed: int) -> tuple[int, int]:
    return _copied(data, target, 1)


def _copied(data: Path, target: Path, count: int) -> tuple[int, int]:
    """Whole copies of the shared EVTX files, at least `count` events; each copy in a folder of its own."""
    files = sources.evtx_files(data)
    each = sum(1 for path in files for _ in sources.evtx_events(path))
    copies = max(1, -(-count // each)) if each else 0
    size = 0
    for copy in range(copies):
        (target / f"{copy:03}").mkdir(parents=True)
        for number, path in enumerate(files):
            copied = Path(shutil.copyfile(path, target / f"{copy:03}" / f"{number:03}-{path.name}"))
            copied.chmod(0o644)
            size += copied.stat().st_size
    return each * copies, size


CORPORA: dict[str, Callable[[Path, Path, Sizes, int], tuple[int, int]]] = {
    "lsass": _lsass,
    "lsass-replica": _replica,
    "evtx": _evtx,
    "evtx-small": _evtx_small,
    "mixed": _mixed,
    "worst": _worst,
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--only", nargs="*", choices=list(CORPORA), default=list(CORPORA))
    parser.add_argument("--divide", type=int, default=1, help="make corpora so many times smaller")
    given = parser.parse_args()
    for name in given.only:
        corpus = make(name, given.data, given.out, Sizes().divided(given.divide))
        print(f"{corpus.name}: {corpus.events:,} events, {corpus.size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
