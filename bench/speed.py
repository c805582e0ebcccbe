"""Measure Kulla beside its peers and write the tables of docs/benchmarks.md. See bench/README.md.

`python -m bench.speed --data DATA --out build/bench` makes what is missing of the corpora and then measures, from the
quick to the slow, so that a run that is cut short leaves the most.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from bench import corpora, rules
from bench.corpora import Corpus, Sizes
from bench.diff_hits import report
from bench.machine import facts
from bench.measure import Failed, run
from bench.peers._api import Call, Peer
from bench.peers.kulla import Kulla, stats_call
from bench.peers.pysigma_sqlite import PysigmaSqlite
from bench.peers.rsigma import Rsigma
from bench.results import Log, Result, put

_MILLION = 1_000_000
_GROWTH_RULES = (100, 500, 1_000, None)
_GROWTH_EVENTS = (10_000, 100_000, _MILLION)


@dataclass(frozen=True, slots=True)
class Bench:
    """What every part of the measurement needs.

    Attributes:
        folder: the corpora and all that is written.
        rules: a folder with copies of all Windows rules.
        files: where those came from.
        peers: what runs beside Kulla.
        slice: how many events the peers get; Kulla gets the same in the same turn.
        limit: seconds after which a run is stopped.
    """

    folder: Path
    data: Path
    sizes: Sizes
    rules: Path
    files: list[Path]
    peers: tuple[Peer, ...]
    sqlite: PysigmaSqlite | None
    slice: int
    runs: int
    limit: float
    log: Log

    def work(self) -> Path:
        """Where the engines' output goes."""
        made = self.folder / "work"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def corpus(self, name: str) -> Corpus:
        """A corpus, made if need be and read once, so that every engine finds it in the page cache."""
        found = corpora.make(name, self.data, self.folder, self.sizes)
        for path in [found.path] if found.path.is_file() else [p for p in found.path.rglob("*") if p.is_file()]:
            with path.open("rb", buffering=0) as stream:
                while stream.read(1 << 24):
                    pass
        return found

    def head(self, corpus: Corpus, count: int) -> Corpus:
        """The first `count` lines of a corpus of lines, as a corpus."""
        if count >= corpus.events:
            return corpus
        path = self.folder / corpus.name / f"{corpus.name}-{count}.json"
        if not path.exists():
            with corpus.path.open("rb") as lines, path.open("wb") as stream:
                stream.writelines(islice(lines, count))
        return Corpus(corpus.name, path, count, path.stat().st_size)

    def measure(self, section: str, engine: str, corpus: Corpus, call: Callable[[int], Call], cores: int) -> None:
        """One run, told on the terminal and kept."""
        result = Result(section, engine, cores, corpus.events, corpus.size)
        try:
            done = run(call(cores), cores, self.limit)
        except Failed as error:
            self.log.notes.append(f"{section}: {engine} failed.")
            print(f"{section}: {error}", flush=True)
            return
        self.log.add(result, done)
        rate = f"{corpus.events / done.wall:,.0f} events/s, " if corpus.events else ""
        flag = " OTHER LOAD" if done.flagged else ""
        print(
            f"{section} | {engine} | {cores} cores | {done.wall:.2f} s wall, {done.cpu:.2f} s cpu, {rate}"
            f"{done.largest / 1e6:.0f} MB largest{flag}",
            flush=True,
        )

    def hunt(
        self, section: str, corpus: Corpus, cores: int, ours: Kulla | None = None, told: str = "kulla hunt"
    ) -> None:
        """One run of `kulla hunt` with all rules."""
        call = partial((ours or Kulla()).call, corpus.path, self.rules, self.work())
        self.measure(section, told, corpus, call, cores)


def start(bench: Bench) -> None:
    """Cold and warm start: a file of one event."""
    one = Corpus("one", bench.folder / "one.json", 0, 0)
    one.path.write_bytes(next(iter(bench.corpus("lsass").path.open("rb"))))
    bench.hunt("warm-up", one, 1)
    for _ in range(3):
        bench.hunt("Start: one event", one, 1, Kulla(("--no-cache",)), "kulla hunt, cold (--no-cache)")
        bench.hunt("Start: one event", one, 1, told="kulla hunt, warm")
        for peer in bench.peers:
            bench.measure("Start: one event", peer.name, one, _call(bench, peer, one), 1)


def whole(bench: Bench, name: str) -> None:
    """A corpus whole: Kulla on one core and on all, and the parsing alone."""
    corpus = bench.corpus(name)
    section = f"{name}: {corpus.events:,} events, {corpus.size / 1e6:,.0f} MB"
    runs = bench.runs if corpus.events < _MILLION else 1 if name == "lsass-replica" else min(bench.runs, 2)
    for _ in range(runs):
        bench.hunt(section, corpus, 1)
        bench.hunt(section, corpus, 2)
    bench.measure(section, "kulla events stats (parsing alone)", corpus, lambda cores: stats_call(corpus.path), 1)


def beside(bench: Bench, name: str) -> None:
    """The head of a corpus by Kulla and the peers in turn, all on one core; then how their hits differ."""
    corpus = bench.head(bench.corpus(name), bench.slice)
    section = f"{name}, first {corpus.events:,} events: peers"
    for _ in range(2):
        bench.hunt(section, corpus, 1)
        for peer in bench.peers:
            bench.measure(section, peer.name, corpus, _call(bench, peer, corpus), 1)
    if bench.sqlite and name == "lsass":  # once: a minute for 10,000 events
        small = bench.head(corpus, 10_000)
        section = f"{name}, first {small.events:,} events: peers"
        bench.hunt(section, small, 1)
        bench.measure(section, bench.sqlite.name, small, _call(bench, bench.sqlite, small), 1)


def _call(bench: Bench, peer: Peer, corpus: Corpus) -> Callable[[int], Call]:
    return lambda cores: peer.call(corpus.path, bench.rules, bench.work(), cores)


def growth(bench: Bench) -> None:
    """How the cost grows with rules, and with events."""
    corpus = bench.head(bench.corpus("lsass"), 100_000)
    for count in _GROWTH_RULES:
        folder = rules.folder_of(bench.files, bench.folder / "rules-growth", count)
        told = f"kulla hunt, {count or len(bench.files):,} rules"
        call = partial(Kulla().call, corpus.path, folder, bench.work())
        run(call(1), 1, bench.limit)
        for _ in range(2):
            bench.measure("Growth with rules: lsass, 100,000 events", told, corpus, call, 1)
    for events in _GROWTH_EVENTS:
        part = bench.head(bench.corpus("lsass"), events)
        bench.hunt("Growth with events: lsass", part, 1, told=f"kulla hunt, {part.events:,} events")


def hits(bench: Bench) -> None:
    """How the hits on the original recording, and on the head of the mixed corpus, differ from a peer's."""
    replica = bench.corpus("lsass-replica")
    original = bench.head(replica, 42_482)
    for corpus in (original, bench.head(bench.corpus("mixed"), 100_000)):
        for peer in bench.peers[:1]:
            told = report(Kulla(), peer, corpus.path, bench.rules, bench.work())
            bench.log.notes.append(f"### Hits: {corpus.name}, first {corpus.events:,} events\n\n{told}")


PARTS: dict[str, Callable[[Bench], None]] = {
    "start": start,
    "lsass": partial(whole, name="lsass"),
    "evtx": partial(whole, name="evtx"),
    "evtx-small": partial(whole, name="evtx-small"),
    "worst": partial(whole, name="worst"),
    "mixed": partial(whole, name="mixed"),
    "peers-lsass": partial(beside, name="lsass"),
    "peers-worst": partial(beside, name="worst"),
    "peers-mixed": partial(beside, name="mixed"),
    "growth": growth,
    "hits": hits,
    "replica": partial(whole, name="lsass-replica"),
}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with security-datasets, evtx-samples, sigma")
    parser.add_argument("--rules", type=Path, help="a checkout of SigmaHQ/sigma (default: DATA/sigma)")
    parser.add_argument("--out", type=Path, default=Path("build/bench"))
    parser.add_argument("--rsigma", default=os.environ.get("KULLA_BENCH_RSIGMA"), help="its program")
    parser.add_argument("--pysigma", default=os.environ.get("KULLA_BENCH_PYSIGMA"), help="a Python that has it")
    parser.add_argument("--quick", action="store_true", help="corpora ten times smaller, one run of each")
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--slice", type=int, default=100_000, help="events the peers get of each corpus")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300, help="seconds after which one run is stopped")
    parser.add_argument("--doc", type=Path, help="write the tables between the markers of this file")
    given = parser.parse_args()
    bench = _bench(given)
    for name in given.only:
        PARTS[name](bench)
        (given.out / "benchmarks.md").write_text(bench.log.markdown() + "\n", encoding="utf-8")
    if given.doc:
        put(given.doc, bench.log.markdown())
    print(f"Tables: {given.out / 'benchmarks.md'}")


def _bench(given: argparse.Namespace) -> Bench:
    given.out.mkdir(parents=True, exist_ok=True)
    files = rules.windows_rules(given.rules or given.data / "sigma")
    peers = (Rsigma(given.rsigma), Rsigma(given.rsigma, own=True)) if given.rsigma else ()
    return Bench(
        folder=given.out,
        data=given.data,
        sizes=Sizes().divided(10 if given.quick else 1),
        rules=rules.folder_of(files, given.out / "rules"),
        files=files,
        peers=peers,
        sqlite=PysigmaSqlite(given.pysigma) if given.pysigma else None,
        slice=given.slice // (10 if given.quick else 1),
        runs=1 if given.quick else given.runs,
        limit=given.limit,
        log=Log(given.out / "results.json", facts() | {"rules": f"{len(files):,} Windows rules of SigmaHQ"}),
    )


if __name__ == "__main__":
    main()
