"""A consistent copy of a PostgreSQL database that is in use, by PostgreSQL's own programs.

The password goes by the environment: arguments of a process can be read by everybody on the machine. The centre's role
is bound by row-level security, which pg_dump refuses to pass by in silence: so the copy is made with it, as a session
that is of every zone.

The programs must know the server's version: those of the same major version always do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from kulla.errors import ConfigError, InputError, OutputError

ZONES: Final = ("civil", "military", "joint")
"""Every zone there is: a row of another one would be left out of the copy."""
_TOO_OLD: Final = ("server version mismatch", "unsupported version", "unrecognized configuration parameter")
"""What the programs say when they are of another major version than the server or than the one that made the copy."""
_PARAMETERS: Final = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "host": "PGHOST", "port": "PGPORT"}


def dump(url: str, target: Path) -> None:
    """Copy the database as it is at one moment to a file that is not there yet (pg_dump's custom form).

    Raises ConfigError for an address that is none, or when pg_dump is not installed or of no use with this server;
    OutputError with its last words.
    """
    _run(["pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--enable-row-security",
          f"--file={target}"], url, OutputError, target)  # fmt: skip
    target.chmod(0o600)


def load(url: str, source: Path) -> None:
    """Load a copy into an empty database, whole or not at all.

    Raises ConfigError as `dump`; InputError with pg_restore's last words, as when the database holds tables already.
    """
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--enable-row-security"]
    options.append("--no-comments")  # those on extensions (pgaudit …) are a superuser's to write
    _run(["pg_restore", *options, f"--dbname={_parts(url)['PGDATABASE']}", str(source)], url, InputError, source)


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs. Raises ConfigError saying what to install when it is not there."""
    found = shutil.which(name)
    if found is None:
        raise ConfigError(
            f"{name}: not installed; install PostgreSQL's client programs of the server's version (postgresql-client)"
        )
    return found


def _run(command: list[str], url: str, wrong: type[InputError] | type[OutputError], path: Path) -> None:
    called = program(command[0])
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= _parts(url) | {"PGOPTIONS": f"-c kulla.zones={','.join(ZONES)}", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([called, *command[1:]], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, and its arguments are ours
    if done.returncode:
        lines = done.stderr.splitlines()
        words = [line.strip() for line in lines if "error:" in line] or [*map(str.strip, lines)] or [""]
        if any(sign in done.stderr for sign in _TOO_OLD):
            told = next((line.strip() for line in lines if "server version:" in line), words[-1])
            raise ConfigError(
                f"{told}; install PostgreSQL's client programs of the server's version (postgresql-client-NN) and"
                " put them first in PATH"
            )
        raise wrong(f"{path}: {words[-1] or f'{command[0]} ended with {done.returncode}'}")


def _parts(url: str) -> dict[str, str]:
    """The address as libpq's environment. Raises ConfigError without telling the address: it holds a password."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ConfigError("the database's address must be postgresql://user:password@host:port/name")
    told = {
        "PGDATABASE": unquote(parts.path.lstrip("/")), "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""), "PGHOST": unquote(parts.hostname or ""),
        "PGPORT": str(parts.port or ""),
    }  # fmt: skip
    told |= {_PARAMETERS[name]: value for name, value in parse_qsl(parts.query) if name in _PARAMETERS}
    return {name: value for name, value in told.items() if value}
