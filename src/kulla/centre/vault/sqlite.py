"""A consistent copy of an SQLite database that is in use, by SQLite's own backup interface."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from kulla.errors import InputError, OutputError


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, journal included, to a file that is not there yet; one file, no journal.

    Writers go on meanwhile: in WAL mode, which the centre uses, a reader holds nobody up.
    Raises InputError when the source cannot be read, OutputError when the target cannot be written.
    """
    if target.exists():
        raise OutputError(f"{target}: exists already")
    try:
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True, timeout=60)) as old:
            target.touch(0o600)
            with closing(sqlite3.connect(target)) as new:
                old.backup(new, pages=-1)  # in one step: else each write of others begins it anew
                new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise InputError(f"{source}: cannot be copied: {error}") from error
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror}") from error


def database_problem(path: Path) -> str:
    """What is wrong with a database: damaged pages or indexes, rows that refer to none. Empty when nothing is."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA integrity_check(3)")]
            loose = database.execute("PRAGMA foreign_key_check").fetchmany(3)
    except sqlite3.Error as error:
        return f"{path}: {error}"
    if found != ["ok"]:
        return f"{path}: damaged: {'; '.join(found)}"
    return f"{path}: rows of {loose[0][0]} refer to rows that are not there" if loose else ""
