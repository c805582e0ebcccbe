"""Make an exercise: the four registers with their histories, slice by slice, so memory stays bounded."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError, UsageError
from kulla.exercise.changes import Calendar
from kulla.exercise.civil import civil
from kulla.exercise.draw import Ints
from kulla.exercise.employers import made_employers
from kulla.exercise.frame import frame
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.manifests import manifest
from kulla.exercise.payroll import filings, payroll
from kulla.exercise.population import Population, population
from kulla.exercise.profile import Profile, read_profile, shipped
from kulla.exercise.slices import Slice
from kulla.exercise.vehicle import vehicle, vehicles
from kulla.exercise.voter import batches, voter
from kulla.registers.folder import made
from kulla.registers.manifest import Manifest
from kulla.registers.schema import GROUPS, RECORD_MAP, TIME

if TYPE_CHECKING:
    from kulla.exercise.reading import How, Written
    from kulla.registers.keyfile import KeyFile

CHUNK: Final = 60_000
"""Persons (or vehicles) made at once: some 700,000 declarations of a payroll of two years, some 400 MB while made."""
FILE_ROWS: Final = 3_000_000
"""Versions after which a new file begins, so that readers can share the files."""

TRANSACTIONS: Final = pa.schema([
    ("register", pa.string()), ("started", TIME), ("committed", TIME),
])  # fmt: skip
"""truth/transactions.parquet: the long transactions; what they changed became visible when they were committed."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of one register."""

    register: str
    records: int
    versions: int
    seconds: float


def make_exercise(
    path: Path, settings: Settings, reads: Reads | None = None, key: KeyFile | None = None,
    said: Callable[[Made | Written], None] = lambda _: None,
) -> tuple[tuple[Made, ...], tuple[Written, ...]]:  # fmt: skip
    """Make an exercise and say how much of each register, and how many reads. The same settings make the same files.

    reads: None for none. key: an owner's, for the list of watched persons; without one there is no such list.
    said: told of each register once it is made.
    Raises UsageError and ConfigError for options that cannot be used, OutputError when an exercise lies there already.
    """
    habits, folder = profile_of(settings.profile), ExerciseFolder(path)
    if reads is not None:
        reads.check(settings)
    done = make_registers(path, settings, habits, said=said)
    written: tuple[Written, ...] = ()
    if reads is not None:
        written = reads.write(path, settings, habits)
    if key is not None:
        from kulla.exercise.watched import write_watched

        write_watched(path, frame(settings.persons, settings.seed), settings.registers, key)
    folder.write(settings)
    return done, written


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads that are wanted.

    Attributes:
        how: direct, logs or both: see `kulla.exercise.reading`.
        accounts: of people.
        misdeeds: their names, each perhaps with its particulars, as `reading.orders_of` has them.
        days: days from the start; None: the whole span.
        count: about how many honest acts; None: as many as the profile has.
    """

    how: str
    accounts: int = 2000
    misdeeds: tuple[str, ...] = ()
    days: int | None = None
    count: int | None = None

    def check(self, settings: Settings) -> None:
        """Raises UsageError for what cannot be, before anything is written."""
        from kulla.exercise.reading import HOWS, orders_of

        span = calendar_days(settings)
        if self.how not in HOWS:
            raise UsageError(f"--reads {self.how}: choose none, {', '.join(HOWS)}")
        if self.days is not None and not 1 <= self.days <= span:
            raise UsageError(f"--days {self.days}: the exercise has {span}")
        if self.accounts < 1 or (self.count is not None and self.count < 1):
            raise UsageError("--accounts and --read-count: give at least 1")
        orders_of(self.misdeeds, self.days or span)

    def write(self, path: Path, settings: Settings, profile: Profile) -> tuple[Written, ...]:
        """Write them; how much of each register."""
        from kulla.exercise.reading import orders_of, write_reads

        orders = orders_of(self.misdeeds, self.days or calendar_days(settings))
        how = cast("How", self.how)
        return write_reads(
            path, settings, profile, how=how, accounts=self.accounts, reads=self.count, misdeeds=orders, days=self.days
        )


def calendar_days(settings: Settings) -> int:
    """How many days the exercise has."""
    return len(Calendar(settings.start, settings.months, RegisterHabits(), settings.zone).days)


def profile_of(name: str) -> Profile:
    """The profile of that name, or, for a name that ends in .toml, of that file. Raises ConfigError, InputError."""
    if not name.endswith(".toml"):
        return shipped(name)
    try:
        return read_profile(Path(name).read_text("utf-8"), Path(name).stem, name)
    except OSError as error:
        raise InputError(f"{name}: {error.strerror or 'cannot be read'}") from error


def make_registers(
    path: Path, settings: Settings, profile: Profile, chunk: int = CHUNK, said: Callable[[Made], None] = lambda _: None
) -> tuple[Made, ...]:
    """Make the registers below `path` and say how much of each; `chunk` changes no value, only the use of memory.

    The settings' file, which says that the exercise is whole, is not written here. Raises OutputError
    when an exercise lies there already.
    """
    folder = ExerciseFolder(path)
    if folder.settings.exists():
        raise OutputError(f"{path}: an exercise lies there already; name another folder, or remove it")
    done: list[Made] = []
    people = population(frame(settings.persons, settings.seed), profile.registers, settings.months)
    try:
        for name in settings.registers:
            done.append(_register(folder, name, people, chunk))
            said(done[-1])
        _write(pa.Table.from_batches(_transactions(people, settings)), made(folder.truth) / "transactions.parquet")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or 'cannot be written'}") from error
    return tuple(done)


def slices(people: Population, register: str, chunk: int = CHUNK) -> Iterator[Slice]:
    """The versions of a register, a chunk of persons (or vehicles) at a time."""
    total = vehicles(people)[1] if register == "vehicle" else people.frame.persons
    maker = _maker(people, register)
    for start in range(0, total, chunk):
        yield maker(np.arange(start, min(start + chunk, total)))


def _maker(people: Population, register: str) -> Callable[[Ints], Slice]:
    if register == "payroll":
        employers = made_employers(people.frame.persons, people.seed)
        filed = filings(people, len(employers.names))
        return lambda person: payroll(people, person, employers, filed)
    makers = {"civil": civil, "vehicle": vehicle, "voter": voter}
    return lambda number: makers[register](people, number)


def _register(folder: ExerciseFolder, name: str, people: Population, chunk: int) -> Made:
    begun = time.monotonic()
    here, declared = folder.owner.register(name), manifest(name, people.calendar)
    for part in (folder.path, folder.owner.path, here.path.parent, here.path):
        made(part)  # one by one: what is made on the way to another folder would be open to others
    for old in here.history.glob("versions-*.parquet"):
        old.unlink()
    records = versions = 0
    with ExitStack() as stack:
        out = _Outputs(stack, made(here.history), made(here.map), made(here.outbox), declared)
        for piece in slices(people, name, chunk):
            out.write(piece)
            versions += piece.table.num_rows
            records += int(np.count_nonzero(np.diff(piece.record, prepend=-1)))
    here.write(declared)
    done = Made(name, records, versions, time.monotonic() - begun)
    _log.info("%s: %d records, %d versions in %.1f s", name, records, versions, done.seconds)
    return done


class _Outputs:
    """The files of one register, open while its slices come."""

    def __init__(self, stack: ExitStack, history: Path, map_: Path, outbox: Path, declared: Manifest) -> None:
        self._stack, self._history, self._declared = stack, history, declared
        self._records = stack.enter_context(_writer(map_ / "records.parquet", RECORD_MAP))
        self._groups = stack.enter_context(_writer(outbox / "groups.parquet", GROUPS))
        self._versions: pq.ParquetWriter | None = None
        self._rows = self._files = 0

    def write(self, part: Slice) -> None:
        if self._versions is None or self._rows >= FILE_ROWS:
            if self._versions is not None:
                self._versions.close()
            # Written without Arrow's own schema, dictionaries come back as what they stand for: text.
            path = self._history / f"versions-{self._files:04}.parquet"
            self._versions = self._stack.enter_context(_writer(path, part.table.schema))
            self._files, self._rows = self._files + 1, 0
        self._versions.write_table(part.table)
        self._rows += part.table.num_rows
        self._records.write_table(part.records(self._declared.record[0]))
        self._groups.write_table(part.groups(self._declared.remit))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    # Only what comes as a dictionary, or repeats by nature, is written as one: hashing ids and addresses in vain would
    # take a third of all the time.
    repeat = [f.name for f in schema if pa.types.is_dictionary(f.type) or pa.types.is_temporal(f.type)]
    return pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=1, store_schema=False, use_dictionary=repeat
    )


def _write(table: pa.Table, path: Path) -> None:
    with _writer(path, table.schema) as writer:
        writer.write_table(table)


def _transactions(people: Population, settings: Settings) -> list[pa.RecordBatch]:
    found = []
    for name in settings.registers:
        started, committed = people.calendar.long_ones(people.seed, name)
        if name == "voter":
            monthly = batches(people)
            started, committed = np.append(started, monthly - 7_200_000_000), np.append(committed, monthly)
        columns = [pa.array([name] * started.size), pa.array(started).cast(TIME), pa.array(committed).cast(TIME)]
        found.append(pa.record_batch(columns, schema=TRANSACTIONS))
    return found
