"""Can single cells be learnt from traces at a centre? Crafted files, and a classifier on all that is told.

The attacker knows everything about some persons (the filler) and guesses one cell of a target: in half of the files the
guess is right. Whatever a trace tells is turned into numbers; a classifier is trained on half of the files and tried on
the other half. An AUC of 0.5 is ignorance. Beside it the same with counts as they are, which shows that it works; and
files at the edge of what is told at all (99 known rows, the guess is the hundredth), and with the guess many times.

    python -m bench.oracle --files 4000
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.ensemble import RandomForestClassifier  # type: ignore[import-untyped]
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.date import shipped_drops
from kulla.leaks.desk.dating import pieces_of
from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.leaks.desk.request import Compared
from kulla.leaks.desk.thinning import Thinning
from kulla.leaks.discretion import Discretion
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.plain import persons_of, piece_name, piece_plain, table_found
from kulla.leaks.recognise import recognise
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.receiving import receive
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import new_key
from kulla.registers.keys import CentreKey, OwnerKeys, centre_key, owner_keys
from kulla.registers.manifest import Manifest

COLUMNS = ("nid", "full_name", "employer", "gross_salary", "period")
SECRET = "gross_salary"
NOW = datetime.fromisoformat("2026-01-05T00:00:00+00:00")


@dataclass(frozen=True)
class Target:
    """A centre with one register, and what the attacker knows of it."""

    index: RegisterIndex
    manifest: Manifest
    keys: OwnerKeys
    outer: CentreKey
    rows: pa.Table

    @classmethod
    def of(cls, country: Path, scratch: Path) -> Target:
        """From an exercise country with a payroll."""
        folder = OwnerFolder(country / "owner").register("payroll")
        owner, centre = new_key("owner", NOW), new_key("centre", NOW)
        imprint(folder, owner, full=True)
        receive(folder.outbox, scratch / "centre", centre)
        table = pq.read_table(folder.history)
        table = table.filter(pc.equal(table["period"], table["period"][0]))
        return cls(
            open_index(scratch / "centre" / "registers" / "payroll" / "imprint", centre), folder.read(),
            owner_keys(owner.secret()), centre_key(centre.secret()), table,
        )  # fmt: skip

    def told(self, table: LeakTable, key: bytes, seed: bytes, at_owner: bool) -> dict[str, Any]:
        """What a trace tells of a table."""
        matched, rows = recognise(table, self.index, self.manifest, self.keys, self.outer, 1), table.rows
        fewer = None if at_owner else Thinning().thinned(table, matched)
        if fewer is not None:
            table, matched = fewer, recognise(fewer, self.index, self.manifest, self.keys, self.outer, 1)
        discretion = Discretion(at_owner, key, seed)
        found = table_found((0, table, matched), self.manifest, discretion, "x", rows)
        mixture = pieces_of(Compared(0, table, matched), self.manifest, shipped_drops(), None, not at_owner)
        pieces = [
            piece_plain(piece, mixture, (0, table, matched), self.manifest, discretion, "x")
            for piece in mixture.pieces
            if discretion.enough(len(np.unique(matched.record[piece.rows])), piece_name(piece, "x"))
        ]
        return {
            "verdicts": found.verdicts, "persons": found.persons, "altered": found.altered_columns,
            "columns": list(found.columns), "pieces": pieces,
            "all": persons_of([(table, matched)], self.manifest, discretion),
        }  # fmt: skip


def crafted(
    target: Target, draw: np.random.Generator, right: bool, victim: int, filler: int, copies: int = 1
) -> LeakTable:
    """Rows the attacker knows, and one with a guess at the victim's salary, so many times."""
    rows = target.rows
    known = draw.choice(rows.num_rows - 1, filler, replace=False)
    known = known + (known >= victim)
    places = np.append(known, np.full(copies, victim))
    columns = {name: rows[name].take(pa.array(places)).cast(pa.string()).to_pylist() for name in COLUMNS}
    if not right:
        columns[SECRET][filler:] = ["987654.00"] * copies
    data = pa.table({f"c{at}": pa.array(values, pa.string()) for at, values in enumerate(columns.values())})
    count = len(places)
    return LeakTable("x", ("",) * len(COLUMNS), data, np.arange(1, count + 1), np.zeros(count, np.int32))


def numbers(value: Any) -> Iterator[tuple[str, float]]:
    """Everything that a plain value tells, as named numbers; what is not told is -1."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ((f"{name}.{rest}", number) for rest, number in numbers(part))
    elif isinstance(value, list | tuple):
        yield "len", float(len(value))
        for at, part in enumerate(value[:60]):
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


def attacked(
    target: Target, files: int, seed: int, at_owner: bool = False, filler: int = 150, copies: int = 1
) -> float:
    """The AUC of a classifier that tells right guesses from wrong ones, on files it was not trained on.

    One victim: the attacker sends all files against one cell, each with other filler.
    """
    draw = np.random.default_rng(seed)
    victim = int(draw.integers(target.rows.num_rows))
    key, facts, truth = draw.bytes(32), [], []
    for number in range(files):
        right = bool(number % 2)
        table = crafted(target, draw, right, victim, filler, copies)
        facts.append(dict(numbers(target.told(table, key, str((seed, number)).encode(), at_owner))))
        truth.append(right)
    names = sorted({name for each in facts for name in each})
    matrix = np.array([[each.get(name, -1.0) for name in names] for each in facts])
    half = files // 2
    forest = RandomForestClassifier(300, min_samples_leaf=3, random_state=1, n_jobs=1)
    forest.fit(matrix[:half], truth[:half])
    return float(roc_auc_score(truth[half:], forest.predict_proba(matrix[half:])[:, 1]))


def main() -> None:
    """Make a country, attack it, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--files", type=int, default=4000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        country = Path(scratch) / "c"
        make_exercise(country, Settings(2500, 4, 5, "steady", ("payroll",)), Reads("direct", 40, (), None, 2000), None)
        target = Target.of(ExerciseFolder(country).path, Path(scratch))
        few = min(given.files, 400)
        print(f"told as it is, {few} files: AUC {attacked(target, few, given.seed, at_owner=True):.3f}")
        for filler, copies in ((150, 1), (250, 1), (99, 1), (250, 250)):
            told = attacked(target, given.files, given.seed, filler=filler, copies=copies)
            print(f"at a centre, {given.files} files, {filler} known rows, the guess {copies} times: AUC {told:.3f}")


if __name__ == "__main__":
    main()
