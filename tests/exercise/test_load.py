from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pgserver import Server, database, pg

from kulla.errors import InputError, UsageError
from kulla.exercise import load
from kulla.exercise.layout import REGISTERS, ExerciseFolder, Settings
from kulla.exercise.make import make_exercise

__all__ = ["database", "pg"]
FIRST, MIDDLE = datetime(2023, 12, 31, 23, tzinfo=UTC), datetime(2024, 2, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exercise") / "country"
    make_exercise(folder, Settings(800, 3, 4, "busy", REGISTERS))
    return folder


def files(country: Path, register: str) -> list[Path]:
    return sorted(ExerciseFolder(country).owner.register(register).history.iterdir())


def plainly(country: Path, register: str, at: datetime) -> list[dict[str, object]]:
    found = []
    for row in pq.read_table(files(country, register)).to_pylist():
        until = row["valid_to"]
        if row["valid_from"] <= at and (until is None or at < until):
            found.append({name: value for name, value in row.items() if not name.startswith(("valid_", "known_"))})
    return found


@pytest.mark.parametrize("at", [FIRST - timedelta(seconds=1), FIRST, MIDDLE, datetime(9999, 1, 1, tzinfo=UTC)])
def test_state_is_what_could_be_read_then(country: Path, at: datetime) -> None:
    for register in REGISTERS:
        batches = list(load.state(files(country, register), at))
        rows = [row for batch in batches for row in batch.to_pylist()]
        assert rows == plainly(country, register, at)
        assert bool(rows) == (at >= FIRST)


def test_state_at_the_moment_of_a_change_is_the_new_one(country: Path) -> None:
    table = pq.read_table(files(country, "vehicle"))
    changed = pc.filter(table["valid_from"], pc.greater(table["valid_from"], pa.scalar(FIRST)))[0].as_py()
    rows = plainly(country, "vehicle", changed)
    assert [row for batch in load.state(files(country, "vehicle"), changed) for row in batch.to_pylist()] == rows


def test_a_server_holds_the_state_at_a_time(country: Path, pg: Server, database: str) -> None:
    loaded = load.load(country, pg.dsn(database=database), at=MIDDLE)
    assert [each.register for each in loaded] == list(REGISTERS)
    for each in loaded:
        wanted = plainly(country, each.register, MIDDLE)
        names = list(wanted[0])
        found = pg.execute(f"SELECT {', '.join(names)} FROM {each.table}", database)
        assert len(found) == each.rows
        assert sorted(map(repr, found)) == sorted(repr(tuple(row.values())) for row in wanted)
    types = pg.execute("SELECT data_type, numeric_precision, numeric_scale FROM information_schema.columns "
                       "WHERE table_name = 'payroll' AND column_name = 'gross_salary'", database)  # fmt: skip
    assert types == [("numeric", 12, 2)]
    indexes = pg.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'", database)
    assert {str(line[0]).partition("USING btree ")[2] for line in indexes} == {
        "(nid)", "(plate)", "(nid, employer_id, period)", "(municipality)", "(employer_id)",
    }  # fmt: skip


def test_a_table_that_is_there_stays_and_nothing_is_loaded(country: Path, pg: Server, database: str) -> None:
    pg.execute("CREATE TABLE voter (mine int)", database)
    with pytest.raises(InputError, match="SQLSTATE"):
        load.load(country, pg.dsn(database=database))
    assert pg.execute("SELECT to_regclass('civil')", database) == [(None,)]
    assert load.load(country, pg.dsn(database=database), ["civil"])[0].rows > 0


def test_an_unknown_register_or_folder_is_refused(country: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--register taxes"):
        load.load(country, "dbname=x", ["taxes"])
    with pytest.raises(InputError, match="no exercise"):
        load.load(tmp_path, "dbname=x")
