"""Write an exercise's reads: the staff list, explanations, reads or logs, administrators' trails, and the truth apart.

`direct` writes reads as a complete, exact replay would give them, for any size; `logs` writes the database's log, to
be read, replayed and judged like a real one, for exercises whose registers were made too. `both` writes both.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import UsageError
from kulla.exercise import admintrails
from kulla.exercise.contents import contents_of
from kulla.exercise.explaining import explained
from kulla.exercise.frame import Frame, frame
from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.logbook import LOGGED, LogBook
from kulla.exercise.misdeeds import MISDEEDS, NAMES, Misdeed
from kulla.exercise.profile import Profile
from kulla.exercise.readtable import ReadMaker
from kulla.exercise.simulate import staff_table
from kulla.exercise.staff import Roster, roster
from kulla.exercise.statements import Asker
from kulla.exercise.templates import COLUMNS, form
from kulla.exercise.tools import FORMS
from kulla.exercise.truth import lines, truth_of
from kulla.exercise.world import World
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.schema import EXPLANATIONS, READ, STAFF, TEMPLATES

How = Literal["direct", "logs", "both"]
HOWS: Final[tuple[How, ...]] = ("direct", "logs", "both")
FILE_ROWS: Final = 2_000_000
"""Reads after which a new file begins."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of one register. lines: of its log, connections included."""

    register: str
    reads: int
    lines: int
    explanations: int
    misdeeds: int
    seconds: float


def orders_of(names: Sequence[str], days: int) -> tuple[Misdeed, ...]:
    """Misdeeds by name, spread over the second half of the exercise. Raises UsageError for a name there is not.

    A name may say its account, rate and number of days: `low_and_slow:account=u00017,rate=20,days=40`.
    """
    orders = []
    for at, text in enumerate(names):
        name, _, rest = text.partition(":")
        if name not in NAMES:
            raise UsageError(f"--misdeed {name}: there is none; known are {', '.join(NAMES)}")
        given = dict(part.partition("=")[::2] for part in rest.split(",") if part)
        if unknown := set(given) - {"account", "partner", "start", "days", "rate"}:
            raise UsageError(f"--misdeed {name}: {min(unknown)}: known are account, partner, start, days and rate")
        try:
            numbers = {key: int(value) for key, value in given.items() if key in ("start", "days", "rate")}
        except ValueError:
            raise UsageError(f"--misdeed {name}: start, days and rate are whole numbers") from None
        family = next(each for each in MISDEEDS if each.name == name)
        usual = 1 if family.by == "administrators" or not family.rate else 10
        start = numbers.pop("start", min(days // 2 + at * max(days // 40, 1), max(days - 1, 0)))
        order = Misdeed(name, given.get("account"), start, numbers.pop("days", usual), numbers.pop("rate", 0))
        orders.append(replace(order, partner=given.get("partner")))
    return tuple(orders)


def write_reads(
    path: Path, settings: Settings, profile: Profile, *, how: How = "direct", accounts: int = 2000,
    reads: int | None = None, misdeeds: Sequence[Misdeed] = (), registers: Sequence[str] = (), days: int | None = None,
) -> tuple[Written, ...]:  # fmt: skip
    """Write the reads of an exercise's registers below `path` and say how much of each.

    Args:
        settings: of the exercise. days: how many of its days; None: all its months.
        accounts: of people.
        reads: about how many honest acts of the payroll there are to be; None: as the profile has it. The other
            registers' counts follow.
        misdeeds: all of them in the first of the registers.
        registers: those whose reads are written; none named: those that the staff reads and the exercise has.

    Raises UsageError for a register that nobody reads or an account that is not there; with `logs`, InputError when
    the register's versions were not made.
    """
    named = tuple(registers) or tuple(
        name for name, share in profile.staff.registers if share and name in settings.registers
    )
    named = tuple(sorted(named, key=lambda name: name != "payroll"))
    for name in named:
        if name not in COLUMNS or not profile.staff.factor(name):
            raise UsageError(f"--register {name}: the staff of this profile reads {', '.join(COLUMNS)} alone")
    span = days if days is not None else _days(settings)
    country = frame(settings.persons, settings.seed)
    people = roster(country, profile, accounts, span, settings.start, settings.seed)
    writer = _Writer(ExerciseFolder(path), settings, profile, people, how)
    volume = 1.0 if reads is None else reads / writer.expected(country)
    written = []
    for at, name in enumerate(named):
        try:
            world = World(
                country, profile, accounts, span, settings.start, settings.seed, misdeeds if at == 0 else (), name,
                volume, people,
            )  # fmt: skip
        except ValueError as error:
            raise UsageError(f"--misdeed: {error}") from error
        written.append(writer.register(world, at == 0))
    return tuple(written)


def _days(settings: Settings) -> int:
    months = settings.start.month - 1 + settings.months
    return (date(settings.start.year + months // 12, months % 12 + 1, settings.start.day) - settings.start).days


class _Writer:
    """Writes register after register of one exercise."""

    def __init__(self, folder: ExerciseFolder, settings: Settings, profile: Profile, people: Roster, how: How) -> None:
        self._folder, self._settings, self._profile, self._people, self._how = folder, settings, profile, people, how

    def expected(self, country: Frame) -> float:
        """About how many acts honest staff makes in the payroll by the profile: one week in four is tried, of
        less than four months every one."""
        calendar = self._people.calendar
        world = World(country, self._profile, self._people.people, len(calendar), self._settings.start,
                      self._settings.seed, (), "payroll", 1.0, self._people)  # fmt: skip
        staff, total, seen = world.honest(), 0, 0
        for day in calendar:
            if len(calendar) < 120 or day.index // 7 % 4 == 0:
                total, seen = total + len(staff.day(day)), seen + 1
            else:
                staff.cases.begin(day)
        return max(total / seen * len(calendar), 1.0) if seen else 1.0

    def register(self, world: World, first: bool) -> Written:
        """Write one register's; first: whether it is the first, to which the misdeeds belong."""
        begun = time.monotonic()
        here = self._folder.owner.register(world.register)
        staff = staff_table(self._people, world.frame.municipalities, self._settings.start)
        _write(made(here.context) / "staff.parquet", STAFF, [staff])
        told = explained(world.honest(), world.frame.municipalities)
        explanations = _write(here.context / "explanations.parquet", EXPLANATIONS, told)
        reads = self._direct(world, here) if self._how != "logs" else 0
        lines_written = self._logs(world, here) if self._how != "direct" else 0
        if first:
            self._truth(world)
            admintrails.write_trails(self._folder.logs, world)
        seconds = time.monotonic() - begun
        _log.info("%s: %d reads, %d log lines in %.1f s", world.register, reads, lines_written, seconds)
        return Written(world.register, reads, lines_written, explanations, len(world.plots), seconds)

    def _direct(self, world: World, here: RegisterFolder) -> int:
        folder = made(made(here.outbox) / "reads")
        for old in folder.glob("reads-*.parquet"):
            old.unlink()
        maker = ReadMaker(world.register, world.roster, world.shelves, world.seed)
        tables = (maker.table(day, acts) for day, acts in world.days())
        _write(here.outbox / "templates.parquet", TEMPLATES, [_templates(world.register)])
        return _write_parts(folder, tables)

    def _logs(self, world: World, here: RegisterFolder) -> int:
        contents = contents_of(world.register, here.history, world.frame, world.shelves, world.seed)
        asker = Asker(contents, world.roster.names, lambda number: world.plots[number].family.name)
        book = LogBook(self._folder.logs / world.register, world, asker)

        def truths() -> Iterator[pa.Table]:
            for day, acts in world.days():
                yield book.day(day, acts)
            yield book.close()

        _write(made(self._folder.truth) / f"reads-{world.register}.parquet", LOGGED, truths())
        return book.lines

    def _truth(self, world: World) -> None:
        folder, people = made(self._folder.truth), self._people
        with (folder / "misdeeds.jsonl").open("wb") as file:
            file.writelines(lines(world.register, truth_of(world)))
        rate = [float(each) for each in people.traits.rate] + [None] * (len(people.names) - people.people)
        deeds = [[plot.family.name for plot in world.plots if at in plot.doers] for at in range(len(people.names))]
        kinds = [("person", "pool", "job", "administrator")[kind] for kind in people.kind]
        table = pa.table({
            "account": people.names, "kind": kinds, "rate": pa.array(rate, pa.float64()),
            "misdeeds": pa.array(deeds, pa.list_(pa.string())),
        })  # fmt: skip
        pq.write_table(table, folder / "accounts.parquet", compression="zstd")


def _templates(register: str) -> pa.Table:
    """Every statement that the register's reads may have used."""
    chosen = {
        each.template_id: each.template
        for shape, many in FORMS.items() for number in range(many) for whole in (False, True)
        for each in (form(register, shape, number, whole),)
    }  # fmt: skip
    return pa.table([pa.array(list(chosen), pa.binary(16)), pa.array(list(chosen.values()), pa.large_string())],
                    schema=TEMPLATES)  # fmt: skip


def _write(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> int:
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
        for table in tables:
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _write_parts(folder: Path, tables: Iterable[pa.Table]) -> int:
    """Reads into files of about FILE_ROWS rows; a day is never divided."""
    rows = in_file = number = 0
    with ExitStack() as stack:
        writer: pq.ParquetWriter | None = None
        for table in tables:
            if writer is None or in_file >= FILE_ROWS:
                if writer is not None:
                    writer.close()
                path = folder / f"reads-{number:04}.parquet"
                writer = stack.enter_context(pq.ParquetWriter(path, READ, compression="zstd", compression_level=1))
                number, in_file = number + 1, 0
            writer.write_table(table)
            in_file, rows = in_file + table.num_rows, rows + table.num_rows
    return rows
