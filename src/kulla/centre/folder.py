"""A centre's folder, and its keys outside it.

    centre/centre.toml            what it is (centretoml.py); no secret
           state/                 centre.sqlite3 and what else the processes remember
           lake/                  events (Delta tables)
           registers/<name>/      manifest, imprint, reads as their owners delivered them
           evidence/              the write-once store (vault/store.py)
           inbox/<constituent>/   what is to be read
           rejects/               what could not be
           traces/                the log of runs, and what was made of leaked files

Everything in it is for its owner alone (folders 0700). It is the same folder that `kulla register receive` writes to
and `kulla leak trace --centre` reads (leaks/desk/centrefolder.py): one that only these have used is taken over by
`create`.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from kulla.centre.centretoml import LAYOUT, CentreToml, read, text_of
from kulla.centre.vault import keyring
from kulla.centre.vault.keyring import Keys, synced
from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.registers.keyfile import KeyFile

TOML: Final = "centre.toml"
FOLDERS: Final = ("state", "state/uploads", "lake", "registers", "evidence", "inbox", "rejects", "traces")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Centre:
    """A centre as it lies on disk. `told`: the values of centre.toml when it was opened."""

    path: Path
    keys: Keys
    told: CentreToml

    @property
    def state(self) -> Path:
        """What the processes remember."""
        return self.path / "state"

    @property
    def database(self) -> Path:
        """The SQLite database; not there when the centre uses PostgreSQL."""
        return self.state / "centre.sqlite3"

    @property
    def lake(self) -> Path:
        """The tables of events."""
        return self.path / "lake"

    @property
    def registers(self) -> Path:
        """What owners delivered."""
        return self.path / "registers"

    @property
    def evidence(self) -> Path:
        """The evidence store."""
        return self.path / "evidence"

    @property
    def inbox(self) -> Path:
        """What is to be read, a folder for each constituent."""
        return self.path / "inbox"

    @property
    def rejects(self) -> Path:
        """What could not be read."""
        return self.path / "rejects"

    @property
    def traces(self) -> Path:
        """Runs and reports of leak traces."""
        return self.path / "traces"

    def inbox_of(self, constituent: str) -> Path:
        """The inbox of one constituent, made if need be. Raises UsageError for a name that is no plain word."""
        if not _WORD.fullmatch(constituent):
            raise UsageError("a constituent's folder has a name of letters, digits, - and _, 64 at most")
        return _made(self.inbox / constituent)

    def database_url(self, environ: str = "") -> str:
        """The address of PostgreSQL: `environ` (what DATABASE_URL holds), else from the keys; empty for SQLite.

        Raises ConfigError when centre.toml says postgresql and there is no address.
        """
        if self.told.database == "sqlite":
            return environ
        found = environ or self.keys.database_url()
        if not found:
            raise ConfigError(
                f"{self.path / TOML}: database = postgresql: set DATABASE_URL, or write database.url among the keys"
            )
        return found

    def rewritten(self, told: CentreToml) -> Centre:
        """The centre with these values in centre.toml, written whole or not at all. Raises ConfigError, OutputError."""
        _write(self.path / TOML, text_of(told))
        return replace(self, told=told)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the centre for one process: `kulla run`, `upgrade`. Raises OutputError when another one has it.

        The lock ends with the process, however it ends.
        """
        _made(self.state)
        handle = os.open(self.state / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OutputError(f"{self.path}: another process runs this centre; stop it first") from None
            yield


def create(
    path: Path, keys: Path, told: CentreToml, now: datetime, registers: KeyFile | None = None
) -> Centre:  # fmt: skip
    """Make a centre's folder and its keys.

    Args:
        path: not there yet, empty, or used until now only by `kulla register receive` and `kulla leak trace`.
        keys: a folder that is empty or not there yet, apart from `path`.
        told: its values; id, keys and version are set here.
        registers: the centre's part of registers' keys when there is one already (its epochs made the imprints).

    centre.toml is written last: what is cut short before it is no centre, and can be removed.
    Raises UsageError for a place that cannot be used, ConfigError for a value, OutputError.
    """
    path, keys = path.resolve(), keys.resolve()
    apart(path, keys)
    _ready(path)
    told = replace(told, id=secrets.token_hex(8), keys=str(keys), version=LAYOUT)
    text_of(told)
    made = keyring.make(keys, told.id, now, registers)
    try:
        for folder in (path, *(path / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
    except OSError as error:
        raise OutputError(f"{path}: cannot be made: {error.strerror}") from error
    _write(path / TOML, text_of(told))
    return Centre(path, made, told)


def opened(path: Path, keys: Path | None = None) -> Centre:
    """A centre that was made. keys: its keys' folder; without it the one that centre.toml names.

    Raises InputError when it is no centre's folder or cannot be read; ConfigError when centre.toml is wrong, the
    layout is older (`kulla upgrade`), the keys are another centre's, or the folder or keys are open to others.
    """
    found = opened_any(path, keys)
    if found.told.version < LAYOUT:
        raise ConfigError(f"{found.path / TOML}: layout version {found.told.version}; run kulla upgrade {path}")
    return found


def opened_any(path: Path, keys: Path | None = None) -> Centre:
    """The same, of any layout version that this Kulla can upgrade."""
    path = path.resolve()
    told = told_in(path)
    if not told.version:
        raise ConfigError(f"{path}: only registers have been received here so far; make it a centre: kulla init {path}")
    if keys is None and not told.keys:
        raise UsageError(f"{path / TOML}: names no folder of keys; give --keys")
    folder = (keys or Path(told.keys)).resolve()
    apart(path, folder)
    for each in (path, folder):
        problem = exposed(each)
        if problem:
            raise ConfigError(problem)
    made = Keys(folder)
    if made.id() != told.id:
        raise ConfigError(f"{folder}: the keys of another centre; give --keys with those of {told.name}")
    return Centre(path, made, told)


def told_in(path: Path) -> CentreToml:
    """What centre.toml says. Raises InputError when there is none, ConfigError when it is wrong."""
    try:
        return read((path / TOML).read_text("utf-8"), str(path / TOML))
    except FileNotFoundError:
        raise InputError(f"{path}: no centre's folder (it has no {TOML}); make one: kulla init {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path / TOML}: cannot be read ({type(error).__name__})") from None


def apart(path: Path, keys: Path) -> None:
    """Raise UsageError unless neither folder lies in the other: whoever copies one must not copy both."""
    if path == keys or path in keys.parents or keys in path.parents:
        raise UsageError(f"{keys}: the keys must lie outside the centre's folder, and it outside theirs")


def exposed(path: Path) -> str:
    """Why a folder or file is not its owner's alone; empty when it is. Raises InputError when there is none."""
    try:
        state = path.stat()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if state.st_uid != os.geteuid():
        return f"{path}: belongs to another user; it must belong to the one who runs the centre"
    if state.st_mode & 0o077:
        return f"{path}: others may reach it (mode {state.st_mode & 0o777:04o}); chmod go= it"
    return ""


def _ready(path: Path) -> None:
    """Refuse a place that holds a centre already, or something else."""
    if not path.exists():
        return
    if not path.is_dir():
        raise UsageError(f"{path}: is no folder")
    if not (path / TOML).exists():
        if any(path.iterdir()):
            raise UsageError(f"{path}: holds other things; name a new or empty folder")
        return
    if told_in(path).version:
        raise UsageError(f"{path}: is a centre already; kulla run {path}")


def _made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(path: Path, text: str) -> None:
    waiting = path.with_name(path.name + ".new")
    try:
        handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
        synced(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
