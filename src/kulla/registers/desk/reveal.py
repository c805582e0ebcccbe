"""Revealing the account behind a pseudonym: the log in state/reveals.jsonl is written first, then the name is told."""

from __future__ import annotations

import fcntl
import os
from datetime import datetime
from typing import Final

from kulla.errors import InputError, OutputError
from kulla.registers.desk.watch import subjects_known
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.insider.pseudonym import pseudonyms
from kulla.registers.insider.reveal import Revealed, next_entry, read_log
from kulla.registers.keyfile import KeyFile

LOG: Final = "reveals.jsonl"


def reveal(
    folder: RegisterFolder, key: KeyFile, pseudonym: str, reason: str, by: str, witness: str, now: datetime
) -> tuple[str, Revealed]:
    """The account behind a pseudonym, and the log's new entry, which is on disk before this returns.

    Raises UsageError without reason or second person, InputError for a pseudonym that stands for no known account or
    for a log that was changed, OutputError when the log cannot be written. A failed attempt is told, not logged: it
    revealed nothing.
    """
    register = folder.read().name
    known = subjects_known(folder)
    secrets = [each.secret for each in reversed(key.epochs) if each.secret is not None]
    found = next((a for secret in secrets if (a := pseudonyms(register, secret).behind(pseudonym, known))), None)
    if found is None:
        raise InputError("no account of this register has that pseudonym under this key; see outbox/findings.jsonl")
    path = made(folder.state) / LOG
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            entries = read_log(file.readlines(), str(path))
            entry = next_entry(entries[-1] if entries else None, now, register, pseudonym, by, witness, reason)
            file.write(entry.line())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; nothing is revealed without it") from error
    return found, entry


def reveals(folder: RegisterFolder) -> tuple[Revealed, ...]:
    """What was revealed so far, the chain checked. Raises InputError for a log that was changed."""
    path = folder.state / LOG
    return read_log(path.read_bytes().splitlines(), str(path)) if path.exists() else ()
