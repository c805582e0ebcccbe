from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from exercise.logs import SETTINGS, logs
from pgserver import Server, pg

from kulla.errors import InputError
from kulla.exercise.contents import contents_of
from kulla.exercise.drive import Driven, Step, drive, script
from kulla.exercise.frame import frame
from kulla.exercise.load import load
from kulla.exercise.misdeeds import Misdeed
from kulla.exercise.profile import shipped
from kulla.exercise.statements import Asker
from kulla.exercise.world import World
from kulla.registers.connect.postgres import Connection, connect

__all__ = ["pg"]

ORDERS = (Misdeed("cursor_evasion", start=1), Misdeed("error_after_read", start=1), Misdeed("copy_evasion", start=1),
          Misdeed("low_and_slow", start=1, rate=5), Misdeed("pg_dump", start=1))  # fmt: skip


@pytest.fixture(scope="module")
def database(pg: Server) -> Iterator[str]:
    name = pg.new_database()
    made = logs()
    made.folder.write(SETTINGS)
    load(made.folder.path, pg.dsn(database=name), ("payroll",))
    yield name
    pg.drop_database(name)


def steps() -> list[Step]:
    country = frame(SETTINGS.persons, SETTINGS.seed)
    world = World(country, shipped("steady"), 12, 3, SETTINGS.start, SETTINGS.seed, ORDERS, "payroll", 0.7)
    history = logs().folder.owner.register("payroll").history
    contents = contents_of("payroll", history, country, world.shelves, SETTINGS.seed)
    return list(script(world, Asker(contents, world.roster.names, lambda number: world.plots[number].family.name)))


def test_a_script_is_driven_and_pgaudit_writes_it(pg: Server, database: str) -> None:
    told = steps()
    hows = {step.how for step in told}
    assert {"simple", "prepared", "copy", "cursor", "error"} <= hows
    accounts = sorted({step.account for step in told})
    for account in accounts:
        pg.execute(
            f"do $$begin create role {account} login superuser; exception when duplicate_object then null; end$$"
        )

    def opened(account: str, application: str) -> Connection:
        return connect(pg.dsn(account, database), application=application)

    done = drive(opened, told)
    assert isinstance(done, Driven)
    assert done.sent == len(told)
    assert done.failed >= 2
    assert done.rows > 3 * 400
    if not pg.own:
        return
    log = "".join(path.read_text("utf-8") for path in pg.logs() if path.suffix == ".csv")
    audited = re.findall(rf'^.*"{database}".*AUDIT: SESSION.*public\.payroll', log, re.MULTILINE)
    assert len(audited) >= done.sent - done.failed
    assert re.search(rf'"{database}".*ERROR,22012,"division by zero".*case when nid', log)
    assert re.search(r"DECLARE CURSOR,,,.*cursor for select", log)


def test_a_refused_statement_is_told_by_its_place_alone(pg: Server, database: str) -> None:
    wrong = [Step("postgres", "select 'J00101999W' from nowhere")]
    with pytest.raises(InputError, match="statement 1") as caught:
        drive(lambda account, name: connect(pg.dsn(account, database), application=name), wrong)
    assert "J00101999W" not in str(caught.value)
