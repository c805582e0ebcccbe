"""Can single cells be learnt from traces at a centre? Crafted files, whole traces, a classifier on all that is told.

The attacker knows everything about some persons (the filler) and guesses one cell of a target: in half of the files the
guess is right. Each file is traced from intake to attribution, with a calibration, against a small register; whatever
the trace tells is turned into numbers; a classifier is trained on half of the files and tried on the other half. An AUC
of 0.5 is ignorance. Each attack also runs where all is told, as sharp there as it can be, which shows that it works.

- counts: known rows and one guess; copies: the guess 250 times; edge: 99 known rows, the guess is the hundredth;
- window: known rows, so many of them late that one more would move the beginning of the window;
- column: known rows, in a column so few filled that one more makes it the register's;
- outcome: so many rows from an export and others that one more makes the export an explanation;
- pieces: rows of now and former values, so many that one more may make a second piece;
- border: late rows, rows that always stood, and former ones, in this order; the guess lies among those that always
  stood, and may move the border of two pieces by hundreds of rows;
- shift: the guess is the fourth row that says the same of the victim if it is wrong, and is left out then: rows after
  it move by one, and of so long a table every second row is looked at (the first form of `date.drawn` fell to this).
- lonely: the guess among strangers, in a part of its own: right, it is the one row there that is of the register.

Beside one file: what `MOST_LEAKS` files about one cell tell together, the most that a year allows before the person is
heard no longer (`leaks.desk.hearing`), and what 100 would tell without that. Files of a group have other filler each.

    python -m bench.oracle --files 600
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.leaking import Order, leak
from kulla.exercise.leakparts import read_part
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.date.drawn import ROWS
from kulla.leaks.desk.calibrating import calibrated
from kulla.leaks.desk.centrefolder import CentreFolder
from kulla.leaks.desk.hearing import MOST_LEAKS
from kulla.leaks.desk.request import Request
from kulla.leaks.desk.site import CentreSite
from kulla.leaks.desk.tracing import trace
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.receiving import receive
from kulla.registers.keyfile import new_key, write_key
from kulla.settings import Settings as Limits

COLUMNS = ("nid", "full_name", "employer", "gross_salary", "period")
SECRET = COLUMNS.index("gross_salary")
WRONG = "987654.00"
NOW = datetime.fromisoformat("2026-01-05T00:00:00+00:00")
TOGETHER = 100
"""Files about one cell, were a person heard without end."""
Row = list[str]


@dataclass(frozen=True)
class Fresh(CentreSite):
    """A centre that remembers no run: so each file tells what a first one would."""

    log: Path = Path()
    at_owner: bool = False

    @property
    def runs(self) -> Path:
        return self.log


@dataclass(frozen=True)
class Target:
    """A centre with a payroll, and what the attacker knows of it: rows that stand now, that stood, and an export."""

    site: CentreSite
    now: list[Row]
    late: list[Row]
    former: list[Row]
    export: list[Row]
    others: list[Row]

    @classmethod
    def of(cls, path: Path) -> Target:
        """Make it in a new folder."""
        wanted = Reads("direct", 40, ("bulk_export",), None, 4000)
        make_exercise(path / "c", Settings(4000, 4, 5, "steady", ("payroll",)), wanted, None)
        country = ExerciseFolder(path / "c")
        folder, owner, centre = country.owner.register("payroll"), new_key("owner", NOW), new_key("centre", NOW)
        write_key(path / "owner.key", owner)
        imprint(folder, owner)
        receive(folder.outbox, path / "centre", centre)
        site = CentreSite(CentreFolder(path / "centre"), centre, {"payroll": path / "owner.key"}, "1", NOW)
        calibrated(site, "payroll", {COLUMNS: [("instant", 100), ("instant", 400)]}, 50, 1, NOW, 0.5, lambda _: None)
        part = f"payroll@,misdeed=bulk_export,columns={'+'.join(COLUMNS)},where=period:2024-01"
        leak(country, Order((read_part(part),)), path / "export.csv")
        with (path / "export.csv").open(encoding="utf-8", newline="") as file:
            export = list(csv.reader(file))[1:]
        then = orjson.loads((country.truth / "misdeeds.jsonl").read_bytes().splitlines()[0])["from"]
        table = pq.read_table(folder.history)
        read = {row[0] for row in export}
        stands = pc.is_null(table["valid_to"])
        old = table.filter(pc.and_(stands, pc.less(table["valid_from"], _at(table, 0.4))))
        held = pc.and_(
            pc.less_equal(table["valid_from"], _time(then)),
            pc.fill_null(pc.greater(table["valid_to"], _time(then)), True),
        )
        rest = table.filter(pc.and_(held, pc.not_equal(table["period"], "2024-01")))
        changed = table.filter(pc.and_(pc.is_valid(table["valid_to"]), pc.less(table["valid_to"], _at(table, 0.8))))
        return cls(
            site, _rows(old), _rows(table.filter(pc.and_(stands, pc.greater(table["valid_from"], _at(table, 0.9))))),
            _rows(changed), export, [row for row in _rows(rest) if row[0] not in read],
        )  # fmt: skip

    def told(self, rows: Sequence[Row], scratch: Path, openly: bool) -> dict[str, Any]:
        """What a trace of a file with these rows tells."""
        path = scratch / "leak.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([[f"c{at}" for at in range(len(COLUMNS))], *rows])
        log = scratch / "runs" / "runs.jsonl"
        log.unlink(missing_ok=True)
        known = self.site
        site = Fresh(known.folder, known.key, known.owners, known.case, known.now, known.used, log, openly)
        request = Request((path,), "1", "bench", "a", "b", NOW)
        found = orjson.loads(trace(request, site, Limits(trace_runs=10**9), lambda _: None).trace.json())
        for each in found["inputs"]:
            del each["sha256"], each["size"]
        return {name: found[name] for name in ("tables", "persons", "pieces", "attributions", "limits", "assessment")}


def _time(text: str) -> pa.Scalar:
    return pa.scalar(datetime.fromisoformat(text), pa.timestamp("us", "UTC"))


def _at(table: pa.Table, share: float) -> pa.Scalar:
    """A moment so far along the time in which versions begin."""
    times = pc.min_max(table["valid_from"].cast(pa.int64())).as_py()
    return pa.scalar(round(times["min"] + share * (times["max"] - times["min"])), pa.timestamp("us", "UTC"))


def _rows(table: pa.Table) -> list[Row]:
    columns = [table[name].cast(pa.string()).to_pylist() for name in COLUMNS]
    return [list(row) for row in zip(*columns, strict=True)]


def some(draw: np.random.Generator, rows: Sequence[Row], count: int, victim: Row) -> list[Row]:
    """Rows about others, each once."""
    places = draw.permutation(len(rows))
    found = [rows[at] for at in places if rows[at][0] != victim[0]]
    assert len(found) >= count, "the country is too small for this attack"
    return found[:count]


def guess(victim: Row, right: bool) -> Row:
    """The victim's row with the right salary, or a wrong one."""
    return victim if right else [*victim[:SECRET], WRONG, *victim[SECRET + 1 :]]


Attack = Callable[[Target, np.random.Generator, Row, bool, bool], list[Row]]
"""Target, lot, victim's row, whether the guess is right, whether all is told → rows of a file."""


def counts(filler: int, copies: int = 1) -> Attack:
    """Known rows, and the guess so many times."""
    return lambda t, draw, victim, right, _: [*some(draw, t.now, filler, victim), *[guess(victim, right)] * copies]


def window(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Rows that stood long, and late ones, one fewer than move the beginning."""
    late = some(draw, t.late, 0 if openly else 100, victim)
    return [*some(draw, t.now, 300, victim), *late, guess(victim, right)]


def column(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Rows without a salary, and as many with one as it hinges on: half of them right, or so many as are needed."""
    filled = some(draw, t.now, 20 if openly else 200, victim)
    wrong = [guess(row, False) for row in filled[:10]] if openly else []
    names = {row[0] for row in filled}
    bare = [guess(row, False) for row in some(draw, t.now, 600, victim) if row[0] not in names]
    empty = [[*row[:SECRET], "", *row[SECRET + 1 :]] for row in bare[:300]]
    return [*empty, *wrong, *filled[len(wrong) :], guess(victim, right)]


def outcome(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Rows of an export and others, at the edge of where the export explains the file."""
    inside, outside = (30, 20) if openly else (225, 25)
    return [*some(draw, t.export, inside, victim), *some(draw, t.others, outside, victim), guess(victim, right)]


def pieces(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Rows of now, and some former values: of late rows, at a centre, as more of them are needed there."""
    known = some(draw, t.now, 300, victim) if openly else some(draw, t.late, 300, victim)
    return [*known, *some(draw, t.former, 3 if openly else 85, victim), guess(victim, right)]


def border(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Two pieces with rows between them that may be of either."""
    between = some(draw, t.now, 400, victim)
    late, former = some(draw, t.late, 250, victim), some(draw, t.former, len(t.former) - 1, victim)
    return [*late, *between[:300], guess(victim, right), *between[300:], *former]


def shift(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Late and former rows at even places, rows of now at odd ones, in a table of which every second is looked at."""
    rows = [[""] * len(COLUMNS)] * (ROWS + 10_001)
    rows[:4] = [*[guess(victim, False)] * 3, guess(victim, right)]
    former, late = (some(draw, each, len(each) - 1, victim) * 3 for each in (t.former, t.late))
    now = some(draw, t.now, 2500, victim) * 2
    for begin, wide, kind in ((1000, 8000, late), (20_000, 8000, former), (1001, 20_000, now)):
        for at, row in enumerate(kind):
            rows[begin + 2 * (at * wide // len(kind))] = row
    return rows


def lonely(t: Target, draw: np.random.Generator, victim: Row, right: bool, openly: bool) -> list[Row]:
    """Known rows, a blank one, and strangers around the guess."""
    strangers = [
        [f"{n:010d}X", f"nobody {n}", "none", "1.00", "1900-01"] for n in draw.integers(0, 10**9, 400).tolist()
    ]
    blank = [[""] * len(COLUMNS)]
    return [*some(draw, t.now, 900, victim), *blank, *strangers[:200], guess(victim, right), *strangers[200:]]


ATTACKS: dict[str, tuple[str, Attack]] = {
    "counts, 150 known rows": ("now", counts(150)), "counts, 250 known rows": ("now", counts(250)),
    "copies": ("now", counts(250, 250)), "edge": ("now", counts(99)), "window": ("late", window),
    "column": ("now", column), "outcome": ("export", outcome), "pieces": ("former", pieces),
    "border": ("former", border), "shift": ("now", shift),
    "lonely": ("now", lonely),
}  # fmt: skip
"""By name: of which rows the victim is, and the attack."""
IN_ORDER = ("border", "shift", "lonely")
"""Attacks of which the order of rows is a part; those of others are shuffled."""


def numbers(value: Any) -> Iterator[tuple[str, float]]:
    """Everything that a plain value tells, as named numbers; what is not told is -1."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ((f"{name}.{rest}", number) for rest, number in numbers(part))
    elif isinstance(value, list | tuple):
        yield "len", float(len(value))
        for at, part in enumerate(value[:20]):
            yield from ((f"{at}.{rest}", number) for rest, number in numbers(part))
    elif value is None:
        yield "", -1.0
    elif isinstance(value, bool | int | float):
        yield "", float(value)
    elif isinstance(value, str):
        try:
            yield "", datetime.fromisoformat(value).timestamp()
        except ValueError:
            yield "", float(len(value))


@dataclass(frozen=True)
class Learnt:
    """AUC of one file, of MOST_LEAKS files about one cell together, and of TOGETHER."""

    one: float
    most: float
    together: float


def attacked(target: Target, name: str, files: int, seed: int, scratch: Path, openly: bool = False) -> Learnt:
    """How well a classifier tells right guesses from wrong ones, on files it was not trained on.

    One victim: the attacker sends all files against one cell, each with other filler.
    """
    draw = np.random.default_rng(seed)
    of, attack = ATTACKS[name]
    known: list[Row] = getattr(target, of)
    victim = known[int(draw.integers(len(known)))]
    facts, truth = [], np.arange(files) % 2 == 1
    for right in truth.tolist():
        rows = attack(target, draw, victim, right, openly)
        if name not in IN_ORDER:
            rows = [rows[at] for at in draw.permutation(len(rows))]
        facts.append(dict(numbers(target.told(rows, scratch, openly))))
    names = sorted({each for fact in facts for each in fact})
    matrix = np.array([[each.get(name, -1.0) for name in names] for each in facts])
    half = files // 2
    forest = RandomForestClassifier(300, min_samples_leaf=3, random_state=1, n_jobs=1)
    forest.fit(matrix[:half], truth[:half])
    belief = np.clip(forest.predict_proba(matrix[half:])[:, 1], 0.01, 0.99)
    score, there = np.log(belief / (1 - belief)), truth[half:]
    return Learnt(
        float(roc_auc_score(there, score)), *(_grouped(draw, score, there, n) for n in (MOST_LEAKS, TOGETHER))
    )


def _grouped(draw: np.random.Generator, score: np.ndarray, truth: np.ndarray, size: int) -> float:
    """The AUC of sums over so many files of one kind, drawn 400 times each with replacement."""
    sums = [draw.choice(score[truth == right], (400, size)).sum(1) for right in (False, True)]
    return float(roc_auc_score(np.repeat([False, True], 400), np.concatenate(sums)))


def main() -> None:
    """Make a country, attack it, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--files", type=int, default=600)
    asked.add_argument("--openly", type=int, default=60, help="files of each attack where all is told")
    asked.add_argument("--attack", choices=sorted(ATTACKS), action="append")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        target = Target.of(Path(scratch))
        print(
            f"| attack | all told, {given.openly} files | centre, {given.files} | {MOST_LEAKS} together | {TOGETHER} |"
        )
        print("|---|---|---|---|---|")
        for name in given.attack or ATTACKS:
            begun = time.perf_counter()
            openly = attacked(target, name, given.openly, given.seed, Path(scratch), openly=True)
            at = attacked(target, name, given.files, given.seed, Path(scratch))
            took = f" <!-- {time.perf_counter() - begun:.0f} s -->"
            print(f"| {name} | {openly.one:.2f} | {at.one:.3f} | {at.most:.2f} | {at.together:.2f} |{took}", flush=True)


if __name__ == "__main__":
    main()
