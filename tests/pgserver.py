"""A throw-away PostgreSQL with pgaudit for tests: started on a free loopback port, always stopped.

`pg` is the fixture; import it where `tests/registers/conftest.py` is out of reach. A server named in
KULLA_TEST_POSTGRES (a superuser's connection string) is used instead when given: it is never stopped, and its logs are
out of sight.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

VARIABLE = "KULLA_TEST_POSTGRES"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "log_destination": "csvlog,jsonlog",
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgresql-%Y-%m-%d.log",
    "log_rotation_size": "0",
    "log_file_mode": "0644",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "wal_level": "logical",
    "track_commit_timestamp": "on",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "fsync": "off",
    "full_page_writes": "off",
    # pg_stat_statements is loaded but counts nothing until a session or database sets compute_query_id, so that the
    # log looks as it does without it (query_id 0).
    "compute_query_id": "off",
}
PGAUDIT: Mapping[str, str] = {
    "pgaudit.log": "read,write,ddl,role",
    "pgaudit.log_rows": "on",
    "pgaudit.log_parameter": "on",
}
_PATIENCE = 30.0


def binaries() -> Path | None:
    """The folder of the newest installed server that has pgaudit; 15 is preferred. None when there is none."""
    found = [p.parents[1] / "bin" for p in Path("/usr/lib/postgresql").glob("*/lib/pgaudit.so")]
    usable = [path for path in found if (path / "initdb").exists()]
    return max(usable, key=lambda path: (path.parent.name == "15", path.parent.name), default=None)


def why_not() -> str:
    """Why no server can be had here; empty when one can."""
    if os.environ.get(VARIABLE) or binaries():
        return ""
    return f"no PostgreSQL with pgaudit: install postgresql-15-pgaudit (make system, as root) or set {VARIABLE}"


class Server:
    """A running PostgreSQL. `own`: it is ours to stop, and its logs are in sight."""

    def __init__(self, base: str, folder: Path | None = None, command: tuple[str, ...] = ()) -> None:
        self._base, self._command = base, command
        self.folder = folder
        self.own = folder is not None
        self._process: subprocess.Popen[bytes] | None = None

    def dsn(self, user: str = "", database: str = "", **others: str) -> str:
        """A libpq connection string; without arguments, of the superuser."""
        given = {"user": user, "dbname": database, **others}
        return make_conninfo(self._base, **{key: value for key, value in given.items() if value})

    def execute(self, sql: str, database: str = "", user: str = "") -> list[tuple[Any, ...]]:
        """Run statements in one transaction, as the superuser; the rows of the last one."""
        with psycopg.connect(self.dsn(user, database), autocommit=True) as connection:
            cursor = connection.execute(sql)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def new_database(self) -> str:
        """The name of a fresh database."""
        name = f"kulla_test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected; its replication slots too."""
        slots = self.execute(f"SELECT slot_name FROM pg_replication_slots WHERE database = '{name}'")
        for (slot,) in slots:
            self.execute(f"SELECT pg_drop_replication_slot('{slot}')")
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def logs(self, settled: bool = True) -> list[Path]:
        """The csvlog and jsonlog files (ending .csv and .json), oldest first; none of a server that is not ours.

        settled: wait until all that happened before is written.
        """
        if self.folder is None:
            return []
        if settled:
            self._settle()
        return sorted((self.folder / "log").glob("*.csv")) + sorted((self.folder / "log").glob("*.json"))

    def _settle(self) -> None:
        mark = f"kulla test mark {uuid.uuid4().hex}"
        self.execute(f"DO $$BEGIN RAISE LOG '{mark}'; END$$")
        _until(lambda: all(any(mark in path.read_text("utf-8") for path in group) for group in self._groups()))

    def _groups(self) -> list[list[Path]]:
        files = self.logs(settled=False)
        return [[p for p in files if p.suffix == suffix] for suffix in sorted({p.suffix for p in files})] or [[]]

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert self.folder is not None, f"the server of {VARIABLE} is not ours to start"
        with (self.folder / "start.log").open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out, cwd=self.folder, **_identity())
        _until(self._answers)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError("PostgreSQL did not start: " + self.trouble())
        with suppress(psycopg.OperationalError):
            psycopg.connect(self._base, connect_timeout=2).close()
            return True
        return False

    def trouble(self) -> str:
        """The end of what the server wrote of its start."""
        assert self.folder is not None
        files = [self.folder / "start.log", *sorted((self.folder / "log").glob("*.csv"))]
        return "".join(path.read_text("utf-8", "replace")[-1500:] for path in files if path.exists())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it by its own id: at once but in order; sterner when it does not obey."""
        if self._process is None:
            return
        for each in (how, signal.SIGQUIT, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(each)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(_PATIENCE)
        self._process = None

    def restart(self) -> None:
        """Stop in order, start again on the same port."""
        self.stop()
        self.start()

    def crash(self) -> None:
        """End it without a checkpoint or a farewell, then start again: it recovers from its write-ahead log."""
        self.stop(signal.SIGQUIT)
        self.start()


@contextmanager
def cluster(folder: Path, settings: Mapping[str, str] | None = None, pgaudit: bool = True) -> Iterator[Server]:
    """A cluster of our own in `folder`, which must be empty and, for root, reachable by the user postgres or nobody.

    settings: added to SETTINGS. Stopped at the end whatever happens; the folder stays.
    """
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip(why_not() or f"no PostgreSQL of our own here, only the one of {VARIABLE}")
    folder.mkdir(parents=True, exist_ok=True)
    owner = _identity()
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    if subprocess.run(["test", "-w", folder], check=False, **owner).returncode:
        raise RuntimeError(f"{folder}: out of the reach of an unprivileged user; take one right below /tmp")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _initialise(bin_folder, folder, owner, port, settings or {}, pgaudit)
    server = Server(f"host=127.0.0.1 port={port} user=postgres dbname=postgres", folder, _command(bin_folder, folder))
    try:
        server.start()
        if pgaudit:
            server.execute("CREATE EXTENSION pgaudit", "template1")
            server.execute("CREATE EXTENSION pgaudit", "postgres")
        yield server
    finally:
        server.stop()


def _initialise(
    bin_folder: Path, folder: Path, owner: dict[str, Any], port: int, settings: Mapping[str, str], pgaudit: bool
) -> None:
    options = ("-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
    command = [str(bin_folder / "initdb"), "-D", str(folder / "data"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, **owner)
    if done.returncode:
        raise RuntimeError("initdb failed: " + done.stderr[-1500:])
    libraries = "pgaudit,pg_stat_statements" if pgaudit else "pg_stat_statements"
    chosen = {**SETTINGS, **(PGAUDIT if pgaudit else {}), "shared_preload_libraries": libraries, "port": str(port)}
    chosen |= {"unix_socket_directories": str(folder), **settings}
    if int(bin_folder.parent.name) < 15 and "log_destination" not in settings:
        chosen["log_destination"] = "csvlog"
    with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.writelines(f"{key} = '{value}'\n" for key, value in chosen.items())
    # Base backups and replicas over the loopback are part of what tests try.
    with (folder / "data" / "pg_hba.conf").open("a", encoding="utf-8") as access:
        access.write("host replication all 127.0.0.1/32 trust\n")


def _command(bin_folder: Path, folder: Path) -> tuple[str, ...]:
    """The server's command. It ends with its parent, should that die without a word."""
    tie = ("setpriv", "--pdeathsig", "INT", "--") if shutil.which("setpriv") else ()
    return (*tie, str(bin_folder / "postgres"), "-D", str(folder / "data"))


def _identity() -> dict[str, Any]:
    """Who runs the server: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("neither a user postgres nor a user nobody to run the server")


def _until(holds: Any) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL: waited {_PATIENCE:.0f} seconds in vain")
        time.sleep(0.02)


_SHARED = pytest.StashKey[Server]()


@pytest.fixture(scope="session")
def pg(request: pytest.FixtureRequest) -> Server:
    """The server for tests: one for each worker, wherever this fixture is imported; started when first asked for."""
    config = request.config
    if _SHARED not in config.stash:
        rest = contextlib.ExitStack()
        config.add_cleanup(rest.close)
        config.stash[_SHARED] = _started(rest)
    return config.stash[_SHARED]


def _started(rest: contextlib.ExitStack) -> Server:
    """A server that `rest` stops."""
    if given := os.environ.get(VARIABLE):
        return Server(given)
    if reason := why_not():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="kulla-pg-"))
    rest.callback(shutil.rmtree, folder, ignore_errors=True)
    return rest.enter_context(cluster(folder))


@pytest.fixture
def database(pg: Server) -> Iterator[str]:
    """The name of a fresh database of `pg`, dropped after the test."""
    name = pg.new_database()
    try:
        yield name
    finally:
        pg.drop_database(name)
