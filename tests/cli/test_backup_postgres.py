"""`kulla backup`, `restore` and `upgrade` of a centre on PostgreSQL, each in a process of its own, while it is worked
in; what comes back is whole, and its zones are as much apart as before."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import psycopg
import pytest
from centrebrowser import free_port, served
from centreworked import PASSWORD, PLACES, SECRET
from cli.command import kulla
from cli.inprocess import kulla as here
from pgserver import Server, pg
from psycopg.conninfo import conninfo_to_dict

from kulla.centre.folder import opened

__all__ = ["pg"]
needs_programs = pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
TESTS = Path(__file__).resolve().parents[1]

SHAPE = {
    "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default, is_identity"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "walls": "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = 'public'::regnamespace",
    "policies": "SELECT tablename, policyname, permissive, cmd, qual, with_check FROM pg_policies",
    "triggers": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "owners": "SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    " AND relkind IN ('r', 'S')",
}
"""What of a database is no row, as queries."""


@dataclass
class Place:
    """A centre's role on the server of the tests, and its databases."""

    server: Server
    role: str
    names: list[str]

    def fresh(self) -> str:
        """The name of an empty database of the role."""
        name = self.server.new_database()
        self.server.execute(f"ALTER DATABASE {name} OWNER TO {self.role}")
        self.names.append(name)
        return name

    def url(self, name: str, user: str = "") -> str:
        """The address as an operator writes it."""
        told = conninfo_to_dict(self.server.dsn())
        return f"postgresql://{user or self.role}:p%40ss%3Aword@{told['host']}:{told['port']}/{name}"

    def rows(self, name: str, sql: str) -> list[tuple[Any, ...]]:
        """A query as the superuser, whom no wall binds; sorted."""
        return sorted(self.server.execute(sql, name), key=str)

    def shape(self, name: str) -> dict[str, list[tuple[Any, ...]]]:
        """SHAPE of a database, without casts and brackets: PostgreSQL writes them otherwise when it reads its own."""
        found = {what: self.rows(name, sql) for what, sql in SHAPE.items()}
        return {what: sorted(tuple(map(_bare, row)) for row in rows) for what, rows in found.items()}


def _bare(value: Any) -> str:
    return re.sub(r"::(text|character varying)(\[\])?|[()]", "", str(value))


@pytest.fixture(scope="module")
def place(pg: Server) -> Iterator[Place]:
    role = f"kulla_centre_{uuid.uuid4().hex[:8]}"
    pg.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p@ss:word' NOSUPERUSER NOBYPASSRLS")
    made = Place(pg, role, [])
    yield made
    for name in made.names:
        pg.drop_database(name)
    pg.execute(f"DROP ROLE {role}")


def worked(what: str, centre: Path, url: str) -> str:
    """What `centreworked` prints."""
    done = subprocess.run(
        [sys.executable, TESTS / "centreworked.py", what, centre], env=around(url), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def around(url: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KULLA_", "DJANGO_"))}
    return {**kept, "DATABASE_URL": url, "PYTHONPATH": str(TESTS)}


@contextmanager
def working(centre: Path, url: str) -> Iterator[None]:
    """Somebody works in the centre for the length of the block, and goes on to its end."""
    command = [sys.executable, str(TESTS / "centreworked.py"), "work", str(centre)]
    with subprocess.Popen(command, env=around(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        try:
            assert run.stdout.readline() == "going\n"
            yield
            assert run.poll() is None, "stopped by itself"
        finally:
            with suppress(BrokenPipeError):
                run.stdin.close()
            rest = run.stdout.read()
            run.wait(60)
    assert run.returncode == 0
    assert "going" in rest


@dataclass
class Restored:
    """A centre of which nothing was left but the backup, the shares, and another database. `shape`, `before`, `after`:
    of the database that was lost: what was not rows, and the cases before the backup began and at the end."""

    path: Path
    name: str
    url: str
    out: str
    shape: dict[str, list[tuple[Any, ...]]]
    before: set[str]
    after: set[str]


CASES = "SELECT number FROM cases_case"


@pytest.fixture(scope="module")
def restored(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Restored:
    folder = tmp_path_factory.mktemp("postgres")
    old, name = folder / "old", place.fresh()
    url = place.url(name)
    options = ("--no-tls", "--exercise", "--listen", f"127.0.0.1:{free_port()}", "--name", "Qendra")
    done = kulla("init", old / "centre", "--keys", old / "keys", *options, env={"DATABASE_URL": url})
    assert done.code == 0, done.err
    worked("fill", old / "centre", url)
    shares = here("centre", "shares", old / "centre", "--need", "2", "--of", "3")
    words = [" ".join(text.split("needed")[1].split()) for text in re.split(r"share \d+ of ", shares.out)[1:]]
    before = {row[0] for row in place.rows(name, CASES)}
    with working(old / "centre", url):
        # By the address among the keys, as a timer calls it.
        done = kulla("backup", old / "centre", folder / "b", env={"DATABASE_URL": ""})
        assert done.code == 0, done.err
    shape, after = place.shape(name), {row[0] for row in place.rows(name, CASES)}
    shutil.rmtree(old)
    place.server.drop_database(name)

    other = place.fresh()
    done = kulla(
        "restore", folder / "b", folder / "new" / "centre", "--keys", folder / "new" / "keys",
        "--keys-backup", folder / "b.keys", given="\n".join(words[:2]).encode(), env={"DATABASE_URL": place.url(other)},
    )  # fmt: skip
    assert done.code == 0, done.err
    return Restored(folder / "new" / "centre", other, place.url(other), done.out, shape, before, after)


@needs_programs
def test_what_comes_back_is_whole(restored: Restored, place: Place) -> None:
    assert "every chain holds" in restored.out
    assert "write the new address into database.url" in restored.out
    there = {row[0] for row in place.rows(restored.name, CASES)}
    assert restored.before <= there <= restored.after
    assert len(restored.before) < len(restored.after), "there was a load"
    env = {"DATABASE_URL": restored.url}
    for command in (
        ("audit", "verify", restored.path),
        ("lake", "check", restored.path / "lake", "--deep"),
        ("centre", "check", restored.path, "--evidence"),
    ):
        done = kulla(*command, env=env)
        assert done.code == 0, done.out + done.err
    assert "0 faults" in kulla("audit", "verify", restored.path, env=env).out
    items = {row[0] for row in place.rows(restored.name, "SELECT address FROM evidence_item")}
    assert items == {path.name for path in restored.path.glob("evidence/items/*/*")}
    assert len(items) >= len(restored.before)
    events = kulla("lake", "search", restored.path / "lake", "", "-n", "0", "--json").out
    assert events.count(SECRET) >= len(restored.before)


@needs_programs
def test_its_database_is_as_it_was_but_for_the_rows(restored: Restored, place: Place) -> None:
    found = place.shape(restored.name)
    for what, rows in restored.shape.items():
        assert found[what] == rows, what
    assert {row[1] for row in found["owners"]} == {place.role}


@needs_programs
def test_the_role_still_sees_its_zones_alone(restored: Restored, place: Place) -> None:
    """By raw SQL, as a query that forgot the door."""
    walled = [name for name, on, forced in place.rows(restored.name, SHAPE["walls"]) if on and forced]
    assert {"cases_case", "alerts_alert", "evidence_item", "notices_report", "people_count"} <= set(walled)
    seen: dict[str, int] = {}
    with closing(psycopg.connect(place.server.dsn(place.role, restored.name), autocommit=True)) as role:
        for table in walled:
            told = f"SELECT zone, count(*) FROM {table} GROUP BY zone"
            assert role.execute(told).fetchall() == []
            whole = dict(cast("list[tuple[str, int]]", place.server.execute(told, restored.name)))
            for zone, _name in PLACES:
                role.execute("SELECT set_config('kulla.zones', %s, false)", [zone])
                assert dict(role.execute(told).fetchall()) == {z: n for z, n in whole.items() if z == zone}, table
                seen[zone] = seen.get(zone, 0) + whole.get(zone, 0)
            role.execute("SELECT set_config('kulla.zones', '', false)")
        role.execute("SELECT set_config('kulla.zones', 'civil', false)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            role.execute("UPDATE cases_case SET zone = 'military'")
        with pytest.raises(psycopg.Error, match="append"):
            role.execute("UPDATE audit_entry SET actor = 'x'")
    assert all(seen[zone] for zone, _name in PLACES)


@needs_programs
def test_people_sign_in_and_go_on(restored: Restored, place: Place) -> None:
    known = {row[0] for row in place.rows(restored.name, CASES)}
    with served(restored.path, {"DATABASE_URL": restored.url}):
        page = signed_in(opened(restored.path).told.listen, "officer-civil")
    shown = set(re.findall(r">([CMJ]-\d{4}-\d{5})<", page))
    assert shown == {number for number in known if number.startswith("C-")}
    fresh = worked("open", restored.path, restored.url).split()
    last = {number[0]: int(number[-5:]) for number in sorted(known)}
    assert [(number[0], int(number[-5:])) for number in fresh] == [("C", last["C"] + 1), ("M", last["M"] + 1)]


def signed_in(listen: str, name: str) -> str:
    """The page of cases, by the form of a browser."""
    browser, address = build_opener(HTTPCookieProcessor(CookieJar())), f"http://{listen}"

    def asked(path: str, form: Mapping[str, str] | None = None) -> str:
        body = urlencode(form).encode() if form else None
        with browser.open(Request(address + path, body, {"Referer": address + path}), timeout=60) as answer:
            return str(answer.read().decode())

    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', asked("/accounts/login/"))
    assert found is not None
    asked("/accounts/login/", {"csrfmiddlewaretoken": found[1], "login": name, "password": PASSWORD})
    return asked("/cases/")


@needs_programs
def test_an_older_database_is_brought_to_this_kulla(restored: Restored, place: Place, tmp_path: Path) -> None:
    env = {"DATABASE_URL": restored.url}
    whole = place.shape(restored.name)
    worked("older", restored.path, restored.url)
    done = kulla("run", restored.path, env=env)
    assert (done.code, "run kulla upgrade" in done.out + done.err) == (2, True)
    done = kulla("upgrade", restored.path, "--backup", tmp_path / "b", env=env)
    assert done.code == 0, done.err
    assert (tmp_path / "b").exists()
    assert place.shape(restored.name) == whole, "tables that are new are behind the wall too"

    # The backup that was made first is the older one: it comes back, and says what is to be done.
    other = place.url(place.fresh())
    keys = ("--keys", restored.path.parent / "keys")
    done = kulla("restore", tmp_path / "b", tmp_path / "c", *keys, env={"DATABASE_URL": other})
    assert (done.code, "run kulla upgrade" in done.err) == (3, True)
    assert kulla("upgrade", tmp_path / "c", "--no-backup", env={"DATABASE_URL": other}).code == 0
    assert kulla("audit", "verify", tmp_path / "c", env={"DATABASE_URL": other}).code == 0


@needs_programs
def test_a_database_that_will_not_do_leaves_nothing(restored: Restored, place: Place, tmp_path: Path) -> None:
    env, keys = {"DATABASE_URL": restored.url}, ("--keys", restored.path.parent / "keys")
    assert kulla("backup", restored.path, tmp_path / "b", env=env).code == 0
    done = kulla("restore", tmp_path / "b", tmp_path / "c", *keys, env=env)
    assert (done.code, "already exists" in done.err, (tmp_path / "c").exists()) == (3, True, False)
    # A superuser walks through the wall between zones: it is told, and nobody is served.
    other = place.server.new_database()
    place.names.append(other)
    env = {"DATABASE_URL": place.url(other, "postgres")}
    done = kulla("restore", tmp_path / "b", tmp_path / "c", *keys, env=env)
    assert (done.code, "NOSUPERUSER" in done.err) == (3, True)
    done = kulla("run", tmp_path / "c", env=env)
    assert (done.code, "NOSUPERUSER" in done.out + done.err) == (2, True)


@needs_programs
def test_programs_that_are_missing_or_too_old_are_told(restored: Restored, tmp_path: Path) -> None:
    keys = ("--keys", restored.path.parent / "keys")
    for path, words in ((tmp_path / "empty", "pg_dump: not installed"), (tmp_path / "old", "server version: 99.1")):
        path.mkdir()
        if path.name == "old":  # what PostgreSQL's own says
            (path / "pg_dump").write_text(
                "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\n"
                "echo 'pg_dump: detail: server version: 99.1; pg_dump version: 15.5' >&2\nexit 1\n"
            )
            (path / "pg_dump").chmod(0o755)
        env = {"DATABASE_URL": restored.url, "PATH": str(path)}
        done = kulla("backup", restored.path, tmp_path / "b", env=env)
        assert done.code == 2
        assert words in done.err
        assert "of the server's version" in " ".join(done.err.split())
        assert not (tmp_path / "b").exists()
    env = {"DATABASE_URL": restored.url, "PATH": str(tmp_path / "empty")}
    done = kulla("restore", tmp_path / "b", tmp_path / "c", *keys, env=env)
    assert (done.code, "pg_restore: not installed" in done.err) == (2, True)
