"""Leaks of the exercise country: files as they circulate, made from its registers' past, with the truth apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError, UsageError
from kulla.exercise.changes import Calendar
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.layout import ExerciseFolder
from kulla.exercise.leakparts import Part
from kulla.registers.desk.recordmap import read_map
from kulla.registers.extracts.formats import Format, write
from kulla.registers.fold import folded
from kulla.registers.manifest import Manifest
from kulla.registers.normalise import as_text
from kulla.registers.records import keys_of, numbers_of
from kulla.registers.schema import VALID_FROM, VALID_TO

LEAKS: Final = "leaks.jsonl"
_NAMES: Final = ("name", "given_name", "family_name")


@dataclass(frozen=True, slots=True)
class Order:
    """What the whole file is to be.

    Attributes:
        altered: share of rows in which one cell is another row's; invented: share of rows with every cell from another
            row, and an id that nobody has.
        joined: parts of two registers side by side, joined by the person's id, instead of one below the other.
        plain: names without diacritics, their words in another order in half of the rows.
        headers: whether the first row names the columns.
    """

    parts: tuple[Part, ...]
    altered: float = 0.0
    invented: float = 0.0
    joined: bool = False
    plain: bool = False
    headers: bool = True
    shuffled: bool = False
    seed: int = 1
    form: Format = "csv"


@dataclass(frozen=True, slots=True)
class Leaked:
    """The truth of a leak: its parts with the times and accounts that they came from, its rows, its hash."""

    file: str
    sha256: str
    rows: int
    parts: tuple[dict[str, Any], ...]


def leak(country: ExerciseFolder, order: Order, out: Path) -> Leaked:
    """Write a leak and note its truth in truth/leaks.jsonl.

    Raises UsageError for a part that cannot be, InputError when the exercise lacks it, OutputError.
    """
    country.read()
    draw = np.random.default_rng([order.seed, 0x1EA4])
    truths, tables = [], []
    for each in order.parts:
        part = _timed(country, each)
        table = _Past(country, part).table(draw)
        manifest = country.owner.register(part.register).read()
        tables.append((manifest, table))
        truths.append(_truth(country, part, table))
    whole = _joined(tables) if order.joined else _pasted(tables)
    whole = _noisy(whole, order, tables[0][0], draw)
    if order.shuffled:
        whole = whole.take(pa.array(draw.permutation(whole.num_rows)))
    _write(whole, order, out)
    sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
    made = Leaked(out.name, sha256, whole.num_rows, tuple(truths))
    with (country.truth / LEAKS).open("ab") as file:
        noise = {"altered": order.altered, "invented": order.invented, "joined": order.joined}
        plain = {name: getattr(made, name) for name in Leaked.__dataclass_fields__} | noise
        file.write(orjson.dumps(plain, option=orjson.OPT_APPEND_NEWLINE))
    return made


def _timed(country: ExerciseFolder, part: Part) -> Part:
    """The part with its time: its own, or when its misdeed began."""
    if part.at is not None:
        return part
    return replace(part, at=datetime.fromisoformat(_misdeed(country, part)["from"]))


def _misdeed(country: ExerciseFolder, part: Part) -> dict[str, Any]:
    path = country.truth / "misdeeds.jsonl"
    lines = path.read_bytes().splitlines() if path.exists() else []
    for line in lines:
        told: dict[str, Any] = orjson.loads(line)
        if (told["register"], told["name"]) == (part.register, part.misdeed):
            return told
    raise UsageError(
        f"--part {part.register}: the exercise has no misdeed {part.misdeed} there; make it with --misdeeds"
    )


def _truth(country: ExerciseFolder, part: Part, table: pa.Table) -> dict[str, Any]:
    accounts = _misdeed(country, part)["accounts"] if part.misdeed else []
    at = part.at or datetime.fromtimestamp(0, UTC)
    return {
        "register": part.register, "at": at.isoformat(), "rows": table.num_rows, "misdeed": part.misdeed,
        "columns": table.column_names, "accounts": accounts, "stale": part.stale,
    }  # fmt: skip


class _Past:
    """A register as it stood."""

    def __init__(self, country: ExerciseFolder, part: Part) -> None:
        self._country, self._part = country, part
        self._folder = country.owner.register(part.register)
        self._manifest = self._folder.read()
        unknown = sorted({*part.columns, *part.where} - {column.name for column in self._manifest.columns})
        if unknown:
            raise UsageError(f"--part {part.register}: has no column {unknown[0]}")

    def table(self, draw: np.random.Generator) -> pa.Table:
        """The part's rows and columns."""
        part = self._part
        if part.at is None:
            raise UsageError(f"--part {part.register}: needs a time")
        for moment in filter(None, (part.at, part.stale_at)):
            self._within(moment)
        rows = self._at(part.at)
        if part.stale and part.stale_at:
            older = self._at(part.stale_at)
            rows = self._aged(rows, older, draw)
        if part.rows and part.rows < rows.num_rows:
            rows = rows.take(pa.array(np.sort(draw.choice(rows.num_rows, part.rows, replace=False))))
        if part.order == "shuffled":
            rows = rows.take(pa.array(draw.permutation(rows.num_rows)))
        elif part.order == "id":
            rows = rows.take(pc.sort_indices(rows, [(self._manifest.record[0], "ascending")]))
        if not rows.num_rows:
            raise UsageError(f"--part {part.register}: no row stood so at that time")
        return rows.select(list(part.columns) or [column.name for column in self._manifest.columns])

    def _within(self, moment: datetime) -> None:
        """Raise UsageError for a time at which the country has no history."""
        settings = self._country.read()
        days = Calendar(settings.start, settings.months, RegisterHabits(), settings.zone).days
        first, last = days[0], days[-1]
        if not first <= moment.astimezone(ZoneInfo(settings.zone)).date() <= last:
            raise UsageError(
                f"--part {self._part.register}@{moment.isoformat()}: the country's history is from {first} to {last};"
                " give a time within it"
            )

    def _at(self, moment: datetime) -> pa.Table:
        wanted = pa.scalar(moment, pa.timestamp("us", tz="UTC"))
        found = [self._chosen(table, wanted) for table in self._versions()]
        return pa.concat_tables(found)

    def _versions(self) -> Iterator[pa.Table]:
        for path in sorted(self._folder.history.glob("*.parquet")):
            yield pq.read_table(path)

    def _chosen(self, table: pa.Table, moment: pa.Scalar) -> pa.Table:
        ended = pc.fill_null(pc.less_equal(table[VALID_TO], moment), False)
        keep = pc.and_not(pc.less_equal(table[VALID_FROM], moment), ended)
        for name, value in self._part.where.items():
            keep = pc.and_(keep, pc.fill_null(pc.equal(as_text(table[name]), value), False))
        rows = table.filter(keep)
        if self._part.misdeed:
            listed = _misdeed(self._country, self._part)["record_numbers"]
            if listed is None:
                raise UsageError(
                    f"--part {self._part.register}: {self._part.misdeed} read too many persons to be listed in truth/;"
                    " give a time and rows instead"
                )
            numbers = np.array(listed, np.uint32)
            mine = numbers_of(read_map(self._folder), keys_of(rows, self._manifest.record))
            rows = rows.filter(pa.array(np.isin(mine, numbers)))
        return rows

    def _aged(self, rows: pa.Table, older: pa.Table, draw: np.random.Generator) -> pa.Table:
        """Some rows replaced by what stood for the same entry at the older time."""
        keys = [*self._manifest.record, *self._manifest.entry]
        mine, theirs = (pc.binary_join_element_wise(*(as_text(t[k]) for k in keys), "\x1f") for t in (rows, older))
        at = pc.index_in(mine, value_set=theirs)
        chosen = (draw.random(rows.num_rows) < self._part.stale) & pc.is_valid(at).to_numpy(zero_copy_only=False)
        kept = rows.filter(pa.array(~chosen))
        return pa.concat_tables([kept, older.take(at.filter(pa.array(chosen)))])


Parted = Sequence[tuple[Manifest, pa.Table]]


def _pasted(tables: Parted) -> pa.Table:
    """One below the other; columns go by name."""
    names = dict.fromkeys(name for _, table in tables for name in table.column_names)
    parts = []
    for _, table in tables:
        texts = [
            as_text(table[name]) if name in table.column_names else pa.nulls(table.num_rows, pa.string())
            for name in names
        ]
        parts.append(pa.Table.from_arrays(texts, names=list(names)))
    return pa.concat_tables(parts)


def _joined(tables: Parted) -> pa.Table:
    """Side by side, by the person's id; rows that lack a partner are left out."""
    if len(tables) != 2:
        raise UsageError("--joined: needs two parts")
    (first, left), (second, right) = tables
    for manifest, table in tables:
        if manifest.person not in table.column_names:
            raise UsageError(f"--joined: the part of {manifest.name} needs its column {manifest.person}")
    keys = as_text(right[second.person])
    at = pc.index_in(as_text(left[first.person]), value_set=keys)
    left = left.filter(pc.is_valid(at))
    others = right.take(at.drop_null())
    columns = {name: as_text(left[name]) for name in left.column_names}
    columns |= {name: as_text(others[name]) for name in others.column_names if name not in columns}
    return pa.table(columns)


def _noisy(table: pa.Table, order: Order, manifest: Manifest, draw: np.random.Generator) -> pa.Table:
    """Altered and invented rows, names as plain letters in another order."""
    count = table.num_rows
    columns = {name: np.array(as_text(table[name]).to_pylist(), object) for name in table.column_names}
    ids = [name for name in manifest.record if name in columns]
    others = [name for name in columns if name not in ids]
    lot = draw.random(count)
    altered, invented = lot < order.altered, lot >= 1 - order.invented
    which = draw.integers(max(len(others), 1), size=count)
    for place, name in enumerate(others):
        mixed = columns[name][draw.permutation(count)]
        swap = invented | (altered & (which == place))
        columns[name] = np.where(swap, mixed, columns[name])
    for name in ids:
        known = {value for value in columns[name] if value is not None}
        for row in np.flatnonzero(invented):
            columns[name][row] = _unknown_id(str(columns[name][row]), known, draw)
    if order.plain:
        for name in others:
            if name in {c.name for c in manifest.columns if c.meaning in _NAMES}:
                columns[name] = _plain(columns[name], draw)
    return pa.table({name: pa.array(values, pa.string(), from_pandas=True) for name, values in columns.items()})


def _unknown_id(text: str, known: set[str], draw: np.random.Generator) -> str:
    """The id with other digits, such that no row has it."""
    while True:
        made = "".join(str(draw.integers(10)) if each.isdigit() else each for each in text)
        if made not in known:
            return made


def _plain(names: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    texts = folded(pa.array(names, pa.string(), from_pandas=True)).to_pylist()
    turned = draw.random(len(texts)) < 0.5
    return np.array(
        [
            text and (" ".join(reversed(text.split())) if turn else text).upper()
            for text, turn in zip(texts, turned, strict=True)
        ],
        object,
    )


def _write(table: pa.Table, order: Order, out: Path) -> None:
    if not order.headers:
        first = {f"c{place}": table[name] for place, name in enumerate(table.column_names)}
        heads = [str(column[0].as_py() or "") for column in first.values()]
        if len(set(heads)) == len(heads) and table.num_rows > 1:
            table = pa.Table.from_arrays(list(table.slice(1).columns), names=heads)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as file:
            write(file, table, order.form, "Sheet1")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from error


def form_of(path: Path) -> Format:
    """The form that a file's name asks for. Raises UsageError for another."""
    found: dict[str, Format] = {".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet"}
    if path.suffix.lower() not in found:
        raise UsageError(f"{path}: the name must end in {', '.join(found)}")
    return found[path.suffix.lower()]


def country_at(path: Path) -> ExerciseFolder:
    """The exercise in a folder. Raises InputError when there is none."""
    folder = ExerciseFolder(path)
    if not folder.settings.exists():
        raise InputError(f"{path}: no exercise here; make one with kulla exercise make")
    return folder
