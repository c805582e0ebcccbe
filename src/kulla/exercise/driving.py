"""An exercise's staff at work on a real PostgreSQL: roles made, then each account's statements sent as its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kulla.errors import UsageError
from kulla.exercise.contents import contents_of
from kulla.exercise.drive import Driven, drive, script
from kulla.exercise.frame import frame
from kulla.exercise.layout import ExerciseFolder
from kulla.exercise.make import profile_of
from kulla.exercise.reading import orders_of
from kulla.exercise.statements import Asker
from kulla.exercise.world import World

if TYPE_CHECKING:
    from kulla.registers.connect.postgres import Connection


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be driven: a register's reads by so many accounts over so many days, `volume` thinning honest ones."""

    register: str = "payroll"
    accounts: int = 20
    days: int = 3
    misdeeds: tuple[str, ...] = ()
    volume: float = 1.0


def drive_exercise(path: Path, dsn: str, order: Order) -> Driven:
    """Send the exercise's statements, in their order and at once: the log bears today's times.

    The register's table must be loaded (`load`). Each account becomes a login role that may read the tables of the
    exercise; those of administrators' misdeeds become superusers. A role that is there already is left as it is.
    Raises UsageError for a register or misdeed that there is not, InputError for what the server refuses.
    """
    from kulla.registers.connect.postgres import as_user, connect

    folder = ExerciseFolder(path)
    settings = folder.read()
    if order.register not in settings.registers:
        raise UsageError(f"--register {order.register}: the exercise has {', '.join(settings.registers)}")
    country = frame(settings.persons, settings.seed)
    profile = profile_of(settings.profile)
    plots = orders_of(order.misdeeds, order.days)
    world = World(country, profile, order.accounts, order.days, settings.start, settings.seed, plots, order.register,
                  order.volume)  # fmt: skip
    history = folder.owner.register(order.register).history
    contents = contents_of(order.register, history, country, world.shelves, settings.seed)
    asker = Asker(contents, world.roster.names, lambda number: world.plots[number].family.name)
    steps = list(script(world, asker))
    powerful = {step.account for step in steps if step.misdeed and _by_administrator(world, step.misdeed)}
    with connect(dsn) as connection:
        _make_roles(connection, sorted({step.account for step in steps}), powerful)
        connection.commit()

    def opened(account: str, application: str) -> Connection:
        return connect(as_user(dsn, account), application=application)

    return drive(opened, steps)


def _by_administrator(world: World, misdeed: str) -> bool:
    return any(plot.family.name == misdeed and plot.family.by == "administrators" for plot in world.plots)


def _make_roles(connection: Connection, names: Sequence[str], powerful: set[str]) -> None:
    from kulla.registers.connect.postgres import execute, query

    there = set(query(connection, "SELECT rolname FROM pg_catalog.pg_roles").column(0).to_pylist())
    for name in names:
        if name not in there:
            rights = "LOGIN SUPERUSER" if name in powerful else "LOGIN IN ROLE pg_read_all_data"
            execute(connection, f'CREATE ROLE "{_plain(name)}" {rights}')


def _plain(name: str) -> str:
    """A role's name inside double quotes (PostgreSQL 4.1.1)."""
    return name.replace('"', '""')
