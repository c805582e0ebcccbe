from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from centremade import NOW, centre_at
from pgserver import Server, pg
from psycopg.conninfo import conninfo_to_dict

from kulla.centre.vault.backup import backup
from kulla.centre.vault.pgdump import ZONES, dump, load
from kulla.centre.vault.restore import restore
from kulla.errors import ConfigError, InputError, OutputError

__all__ = ["pg"]
needs_programs = pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
ROLE = "kulla_vault_test"
TABLES = """
CREATE TABLE item (zone text NOT NULL, n integer);
ALTER TABLE item ENABLE ROW LEVEL SECURITY;
ALTER TABLE item FORCE ROW LEVEL SECURITY;
CREATE POLICY kulla_zone ON item USING (zone = ANY (string_to_array(current_setting('kulla.zones', true), ',')));
"""


@pytest.fixture
def role(pg: Server) -> Iterator[str]:
    """A role as the centre's is: no superuser, bound by row-level security."""
    pg.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'p@ss:word' NOSUPERUSER NOBYPASSRLS")
    names = []

    def fresh() -> str:
        names.append(pg.new_database())
        pg.execute(f"ALTER DATABASE {names[-1]} OWNER TO {ROLE}")
        return names[-1]

    pg.fresh = fresh  # type: ignore[attr-defined]
    yield ROLE
    for name in names:
        pg.drop_database(name)
    pg.execute(f"DROP ROLE {ROLE}")


def url_of(pg: Server, name: str) -> str:
    told = conninfo_to_dict(pg.dsn(ROLE, name))
    return f"postgresql://{ROLE}:p%40ss%3Aword@{told['host']}:{told['port']}/{name}"


@pytest.fixture
def source(pg: Server, role: str) -> str:
    name = pg.fresh()  # type: ignore[attr-defined]
    pg.execute(f"SET ROLE {ROLE}; {TABLES}", name)
    rows = ", ".join(f"('{zone}', {n})" for n, zone in enumerate(ZONES))
    pg.execute(f"INSERT INTO item VALUES {rows}", name)
    return str(name)


@needs_programs
def test_a_database_behind_its_wall_is_copied_whole(pg: Server, source: str, tmp_path: Path) -> None:
    dump(url_of(pg, source), tmp_path / "d")
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o600
    target = pg.fresh()  # type: ignore[attr-defined]
    load(url_of(pg, target), tmp_path / "d")
    assert pg.execute("SELECT zone, n FROM item ORDER BY n", target) == [(zone, n) for n, zone in enumerate(ZONES)]
    assert pg.execute("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'item'", target) == [
        (True, True)
    ]
    with pytest.raises(InputError, match="already exists"):
        load(url_of(pg, target), tmp_path / "d")


@needs_programs
def test_a_centre_on_postgresql_is_backed_up_and_restored(pg: Server, source: str, tmp_path: Path) -> None:
    centre = centre_at(tmp_path / "old")
    centre = centre.rewritten(replace(centre.told, database="postgresql"))
    backup(centre, tmp_path / "b", NOW, url_of(pg, source))
    with pytest.raises(ConfigError, match="empty database"):
        restore(tmp_path / "b", tmp_path / "new", centre.keys.folder)
    assert not (tmp_path / "new").exists()
    target = pg.fresh()  # type: ignore[attr-defined]
    found = restore(tmp_path / "b", tmp_path / "new", centre.keys.folder, url_of(pg, target))
    assert found.problems == ()
    assert found.told["database"] == "postgresql"
    assert pg.execute("SELECT count(*) FROM item", target) == [(len(ZONES),)]
    assert not list(found.centre.state.glob("*dump*"))


@needs_programs
def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as told:
        dump("postgresql://kulla:geheim@127.0.0.1:1/centre", tmp_path / "d")
    assert "geheim" not in str(told.value)
    assert "refused" in str(told.value)


@pytest.mark.parametrize("url", ["", "mysql://u:geheim@h/d", "postgresql://u:geheim@h", "postgresql://u:geheim@h/"])
def test_an_address_that_is_none_is_told_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be postgresql://") as told:
        dump(url, tmp_path / "d")
    assert "geheim" not in str(told.value)


def test_every_zone_is_copied() -> None:
    from kulla.centre.people.zones import Zone

    assert set(ZONES) == set(Zone.values)
