"""A whole trace, timed: a spreadsheet of 640,000 rows against a country of 3 M persons and a log of 10 M reads.

    python -m bench.endtoend --home DIR [--persons 3000000 --months 24 --reads 9400000 --rows 640000] [--out table.md]

Everything is made once below DIR and used again: a country of the profile `busy` with its payroll and civil register,
their imprints, the reads of two years as a complete audit would give them (`kulla exercise make --reads direct`), and
in them one true export of a part of the payroll by one statement. All of it is delivered to a centre
(`kulla register receive`). From the export a workbook is written: one month's rows, names without diacritics and in
any order, 10 % of rows with a cell of another row, 5 % of rows invented.

Then `kulla leak trace` runs on it in a fresh process: at the centre with both owners' keys, when the imprint's and the
reads' indexes do not exist yet and when they do, and at the owner's site. Told are wall and processor seconds, the
greatest memory of a process and of the whole tree with its confined child, and the seconds of each stage. What the
trace says is compared with the truth. Without a calibration no account may be named: the candidates' order is judged.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.machine import facts
from bench.measure import Run, run
from bench.peers._api import Call
from bench.results import table
from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.leaking import Order, leak
from kulla.exercise.leakparts import read_part
from kulla.exercise.make import calendar_days, make_exercise, profile_of
from kulla.exercise.reading import orders_of, write_reads
from kulla.registers import bitmap
from kulla.registers.desk.describing import list_accounts
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.receiving import receive
from kulla.registers.folder import made
from kulla.registers.keyfile import new_key, read_key, write_key

REGISTERS: Final = ("payroll", "civil")
PROFILE: Final = "busy"
ALTERED, INVENTED = 0.10, 0.05
SPARE: Final = 1.06
"""Records of the export for each row of the leak: not everybody is employed in the month that is leaked."""
_COLUMNS: Final = ("nid", "full_name", "employer", "gross_salary", "period")
"""Those that the export's statement returns: with one more, it could not have been the source."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything lies: the country with its owner's folder, the centre, the keys, the leak."""

    path: Path

    @property
    def country(self) -> ExerciseFolder:
        """The exercise."""
        return ExerciseFolder(self.path / "country")

    @property
    def centre(self) -> Path:
        """The centre's folder."""
        return self.path / "centre"

    @property
    def leak(self) -> Path:
        """The workbook."""
        return self.path / "leak.xlsx"

    def key(self, name: str) -> Path:
        """The file of the owner's or the centre's key."""
        return self.path / "keys" / name

    def misdeed(self) -> dict[str, Any]:
        """The truth of the export."""
        told: dict[str, Any] = orjson.loads((self.country.truth / "misdeeds.jsonl").read_bytes().splitlines()[0])
        return told

    def indexes(self) -> list[Path]:
        """Folders of what a trace makes for later ones, at the centre and at the owner's site."""
        return [*self.centre.glob("registers/*/index"), *self.country.owner.path.glob("registers/*/state/index")]


@dataclass(frozen=True, slots=True)
class Size:
    """What is made: persons, months, honest reads asked for in the payroll, rows of the leak; accounts of people."""

    persons: int = 3_000_000
    months: int = 24
    reads: int = 9_400_000
    rows: int = 640_000
    accounts: int = 2000
    seed: int = 9


@dataclass(frozen=True, slots=True)
class Timed:
    """One run of the command: what it took, its stages in seconds, and trace.json."""

    what: str
    run: Run
    stages: Mapping[str, float]
    trace: Mapping[str, Any]


def prepare(home: Home, size: Size) -> None:
    """Make what is not there yet. Each step leaves a mark, so that one cut short is done again."""
    marks = made(home.path) / "made.json"
    done: dict[str, Any] = orjson.loads(marks.read_bytes()) if marks.exists() else {}
    for name, step, told in _steps(home, size):
        if done.get(name) != told:
            begun = time.monotonic()
            step()
            done[name] = told
            marks.write_bytes(orjson.dumps(done, option=orjson.OPT_INDENT_2))
            print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def _steps(home: Home, size: Size) -> list[tuple[str, Any, Any]]:
    """Name, what is to be done, and what of the sizes it depends on: each step on those before it as well."""
    country = [size.persons, size.months, size.seed]
    reads = [*country, size.reads, size.rows, size.accounts]
    return [
        ("keys", lambda: _keys(home), 1),
        ("country", lambda: _country(home, size), country),
        ("imprint", lambda: _imprint(home), country),
        ("reads", lambda: _reads(home, size), reads),
        ("delivery", lambda: _delivery(home), reads),
        ("leak", lambda: _leak(home, size), [*reads, *_COLUMNS]),
    ]


def _keys(home: Home) -> None:
    made(home.path / "keys")
    for side in ("owner", "centre"):
        if not home.key(side).exists():
            write_key(
                home.key(side), new_key("owner" if side == "owner" else "centre", datetime(2024, 1, 1, tzinfo=UTC))
            )


def _settings(size: Size) -> Settings:
    return Settings(size.persons, size.months, size.seed, PROFILE, REGISTERS)


def _country(home: Home, size: Size) -> None:
    if home.country.settings.exists():
        if home.country.read() == _settings(size):
            return
        shutil.rmtree(home.country.path)
        shutil.rmtree(home.centre, ignore_errors=True)
    make_exercise(home.country.path, _settings(size))


def _imprint(home: Home) -> None:
    for name in REGISTERS:
        imprint(home.country.owner.register(name), read_key(home.key("owner"), "owner"))


def _reads(home: Home, size: Size) -> None:
    settings = home.country.read()
    days = calendar_days(settings)
    export = f"bulk_export:rate={round(size.rows * SPARE)},start={days * 6 // 11}"
    write_reads(
        home.country.path, settings, profile_of(PROFILE), how="direct", accounts=size.accounts, reads=size.reads,
        misdeeds=orders_of((export,), days), registers=REGISTERS,
    )  # fmt: skip
    _listed(home)


def _listed(home: Home) -> None:
    """Write the export's records into its truth, from its own read: the exercise lists no more than 100,000."""
    told = home.misdeed()
    begun = round(datetime.fromisoformat(told["from"]).timestamp() * 1_000_000)
    columns = ["account", "snapshot_from", "snapshot_to", "records"]
    for path in sorted(home.country.owner.register("payroll").outbox.glob("reads/*.parquet")):
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1 << 18, columns=columns):
                start, stop = (batch[name].cast(pa.int64()) for name in columns[1:3])
                there = pc.and_(pc.less_equal(start, begun), pc.greater_equal(stop, begun))
                mine = pc.and_(there, pc.equal(batch["account"].cast(pa.string()), told["accounts"][0]))
                for packed in batch["records"].filter(pc.fill_null(mine, False)).drop_null().to_pylist():
                    numbers = bitmap.unpack(packed)
                    if len(numbers) == told["persons"]:
                        lines = orjson.dumps(
                            told | {"record_numbers": numbers.tolist()}, option=orjson.OPT_APPEND_NEWLINE
                        )
                        (home.country.truth / "misdeeds.jsonl").write_bytes(lines)
                        return
    raise LookupError("the export is not in the log")


def _delivery(home: Home) -> None:
    for name in REGISTERS:
        folder = home.country.owner.register(name)
        list_accounts(folder)
        receive(folder.outbox, home.centre, read_key(home.key("centre"), "centre"))


def _leak(home: Home, size: Size) -> None:
    """The rows of the month before last of what the export returned: declared, and mostly corrected, by then."""
    taken = datetime.fromisoformat(home.misdeed()["from"])
    month = taken.year * 12 + taken.month - 1 - 2
    part = (
        f"payroll@,misdeed=bulk_export,rows={size.rows},columns={'+'.join(_COLUMNS)},"
        f"where=period:{month // 12}-{month % 12 + 1:02}"
    )
    order = Order((read_part(part),), ALTERED, INVENTED, plain=True, form="xlsx")
    leak(home.country, order, home.leak)


def command(home: Home, at_owner: bool, out: Path) -> tuple[str, ...]:
    """The command line of a trace; trace.json and trace.html go to `out`."""
    site: tuple[str, ...] = ("--centre", str(home.centre), "--centre-key", str(home.key("centre")))
    for name in REGISTERS:
        site += ("--owner-key", f"{name}={home.key('owner')}")
    if at_owner:
        site = ("--owner", str(home.country.owner.path), "--key", str(home.key("owner")))
        site += ("--rows", str(out / "rows.parquet"))
    return (
        sys.executable, "-m", "kulla", "leak", "trace", str(home.leak), *site, "--case", "2026/31",
        "--purpose", "bench", "--by", "A.Hoxha", "--with", "B.Leka", "--out", str(out / "trace.json"),
        "--out", str(out / "trace.html"),
    )  # fmt: skip


def timed(home: Home, what: str, at_owner: bool, cores: int, limit: float) -> Timed:
    """Run the command once and measure it. Raises bench.measure.Failed when it ends with an error."""
    with tempfile.TemporaryDirectory(dir=home.path) as folder:
        out = Path(folder)
        stages = _Stages(out / "stages")
        # The shell becomes the command, so that what is measured is the command alone.
        shell = ("/bin/sh", "-c", 'pipe="$1"; shift; exec "$@" 2>"$pipe"', "sh", str(stages.pipe))
        limits = {"KULLA_TRACE_RUNS": "100000"}
        with stages:
            measured = run(Call((*shell, *command(home, at_owner, out)), out / "summary", limits), cores, limit)
        return Timed(what, measured, stages.seconds(), orjson.loads((out / "trace.json").read_bytes()))


class _Stages(threading.Thread):
    """Reads what the command says of its stages from a named pipe, and when."""

    def __init__(self, pipe: Path) -> None:
        super().__init__(daemon=True)
        self.pipe, self._told = pipe, [(time.perf_counter(), "start")]
        os.mkfifo(pipe)

    def run(self) -> None:
        with self.pipe.open("r", encoding="utf-8") as lines:
            for line in lines:
                self._told.append((time.perf_counter(), line.strip().removeprefix("kulla: ")))

    def __enter__(self) -> _Stages:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # Whoever never opened the pipe leaves the reader waiting: opening it here lets it end.
        os.close(os.open(self.pipe, os.O_RDWR))
        self.join(5)
        self._told.append((time.perf_counter(), "end"))

    def seconds(self) -> dict[str, float]:
        """Seconds from each line to the next, equal lines together; lines about written files under `reports`."""
        found: dict[str, float] = {}
        for (begun, name), (ended, _) in zip(self._told, self._told[1:], strict=False):
            stage = "reports" if name.endswith("written") else name
            found[stage] = found.get(stage, 0.0) + ended - begun
        return found


def judged(home: Home, trace: Mapping[str, Any]) -> dict[str, str]:
    """What the trace says against the truth of the export and of the leak: name → words."""
    truth = home.misdeed()
    moment = datetime.fromisoformat(truth["from"])
    found: dict[str, str] = {
        "registers": ", ".join(each["register"] for each in trace["tables"]),
        "rows": f"{sum(each['rows'] for each in trace['inputs']):,}",
        "pieces": str(len(trace["pieces"])),
    }
    for at, piece in enumerate(trace["pieces"], 1):
        spans = [[datetime.fromisoformat(each) if each else None for each in span] for span in piece["window"]["spans"]]
        holds = any(first <= moment and (last is None or moment < last) for first, last in spans if first)
        found[f"window {at}"] = f"{spans[0][0]} … {spans[-1][1]}: {'holds' if holds else 'does not hold'} {moment}"
    for at, each in enumerate(trace["attributions"], 1):
        accounts = [candidate["account"] for candidate in each["candidates"]]
        place = accounts.index(truth["accounts"][0]) + 1 if truth["accounts"][0] in accounts else 0
        found[f"explained {at}"] = (
            f"outcome {each['outcome']}, named {each['named']}; the true account is candidate {place or 'none'} of"
            f" {len(accounts)}"
        )
    return found


def report(home: Home, size: Size, runs: Sequence[Timed]) -> Iterator[str]:
    """The lines of the result."""
    yield from (f"- {name}: {value}" for name, value in facts().items())
    yield (
        f"- {size.persons:,} persons, {size.months} months, {_reads_there(home):,} reads of the payroll,"
        f" {size.rows:,} rows in a workbook of {home.leak.stat().st_size / 1e6:.0f} MB"
    )
    yield ""
    head = ("run", "wall s", "cpu s", "largest process GB", "whole tree GB", "other load")
    rows = [
        (
            each.what, f"{each.run.wall:.1f}", f"{each.run.cpu:.1f}", f"{each.run.largest / 1e9:.2f}",
            f"{each.run.tree / 1e9:.2f}", f"{each.run.busy:.0%}{' (!)' if each.run.flagged else ''}",
        )
        for each in runs
    ]  # fmt: skip
    yield table([head, ("---", *("--:",) * 5), *rows])
    yield ""
    names = list(dict.fromkeys(name for each in runs for name in each.stages))
    yield table([
        ("stage, s", *(each.what for each in runs)),
        ("---", *("--:",) * len(runs)),
        *((name, *(f"{each.stages.get(name, 0):.1f}" for each in runs)) for name in names),
    ])  # fmt: skip
    yield ""
    for each in runs:
        yield from (f"- {each.what}: {name}: {said}" for name, said in judged(home, each.trace).items())


def _reads_there(home: Home) -> int:
    files = (home.centre / "registers" / "payroll" / "reads").glob("*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in files)


def main() -> None:
    """Make what is missing, run, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    for name in ("persons", "months", "reads", "rows", "accounts", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Size(), name))
    parser.add_argument("--first", action="store_true", help="measure a first trace too: indexes are made anew")
    parser.add_argument("--owner", action="store_true", help="measure at the owner's site too")
    parser.add_argument("--again", type=int, default=1, help="later traces at the centre")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--limit", type=float, default=900, help="seconds after which a run is stopped")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    home = Home(given.home)
    size = Size(**{name: getattr(given, name) for name in Size.__dataclass_fields__})
    prepare(home, size)
    runs = []
    if given.first:
        for index in home.indexes():
            shutil.rmtree(index)
    sites = [("centre, first", False)] * given.first + [("centre", False)] * given.again
    sites += [("owner, first", True)] * (given.first and given.owner) + [("owner", True)] * given.owner
    for what, at_owner in sites:
        runs.append(timed(home, what, at_owner, given.cores, given.limit))
        print(f"{what}: {runs[-1].run.wall:.1f} s, cpu {runs[-1].run.cpu:.1f} s", file=sys.stderr, flush=True)
    text = "\n".join(report(home, size, runs)) + "\n"
    print(text)
    if given.out:
        given.out.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
