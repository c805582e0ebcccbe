from __future__ import annotations

from pathlib import Path

import pytest
from pgserver import Server, pg

from kulla.errors import UsageError
from kulla.exercise.driving import Order, drive_exercise
from kulla.exercise.layout import Settings
from kulla.exercise.load import load
from kulla.exercise.make import make_exercise
from kulla.registers.connect.postgres import as_user

__all__ = ["pg"]


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("driving") / "country"
    make_exercise(path, Settings(800, 2, 5, "steady", ("payroll",)))
    return path


def test_accounts_read_under_their_own_names(pg: Server, country: Path) -> None:
    name = pg.new_database()
    load(country, pg.dsn(database=name), ("payroll",))
    order = Order("payroll", 12, 3, ("cursor_evasion:start=1", "error_after_read:start=1", "pg_dump:start=1"), 0.5)
    done = drive_exercise(country, pg.dsn(database=name), order)
    assert done.sent > 20
    assert done.failed >= 1
    assert drive_exercise(country, pg.dsn(database=name), order) == done
    if pg.own:
        log = "".join(path.read_text("utf-8") for path in pg.logs() if path.suffix == ".csv")
        audited = [line for line in log.splitlines() if f'"{name}"' in line and "AUDIT: SESSION" in line]
        accounts = {line.split(",")[1] for line in audited}
        assert len(accounts) > 3
    pg.drop_database(name)


def test_what_there_is_not_is_told(country: Path) -> None:
    with pytest.raises(UsageError, match="the exercise has payroll"):
        drive_exercise(country, "dbname=none", Order("civil"))
    with pytest.raises(UsageError, match="--misdeed nothing"):
        drive_exercise(country, "dbname=none", Order(misdeeds=("nothing",)))


def test_a_password_is_not_handed_on() -> None:
    made = as_user("host=db dbname=reg user=postgres password=secret", "clerk")
    assert "secret" not in made
    assert "user=clerk" in made
