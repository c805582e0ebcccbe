"""The time-stamp of an intake on disk: the list of hashes, the request made once, the response when it has come.

<folder>/intake.sha256   what is stamped
<folder>/request.tsq     made at intake; never made anew, since the response bears its nonce
<folder>/response.tsr    put there by whoever got it from the authority
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kulla.errors import InputError, OutputError
from kulla.leaks.evidence.contents import intake_list
from kulla.leaks.evidence.timestamp import request_for, verified
from kulla.leaks.report import Stamp

LIST, REQUEST, RESPONSE = "intake.sha256", "request.tsq", "response.tsr"


@dataclass(frozen=True, slots=True)
class Intake:
    """What there is: the request, the response or nothing, what a report may say of them, and why one does not hold."""

    request: bytes
    response: bytes
    stamp: Stamp
    problem: str = ""


def intake(folder: Path, sha256: Sequence[str], certificates: bytes = b"") -> Intake:
    """Make the request for these files if there is none yet, and read and check the response if there is one.

    certificates: the authority's, PEM; without them a response is told as not checked.

    A response that does not hold is told as such: the run that it belongs to stands without it.

    Raises InputError when the folder is another intake's, ConfigError for certificates that are none, OutputError.
    """
    data = intake_list(sha256)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (folder / REQUEST).exists():
            _write(folder / LIST, data)
            _write(folder / REQUEST, request_for(data))
    except OSError as error:
        raise OutputError(f"{folder}: the time-stamp's request cannot be written: {error.strerror}") from error
    if _read(folder / LIST) != data:
        raise InputError(f"{folder / LIST}: lists other files; each leak needs a folder of its own")
    request = _read(folder / REQUEST)
    if not (folder / RESPONSE).exists():
        return Intake(request, b"", Stamp("waiting"))
    response = _read(folder / RESPONSE)
    if not certificates:
        return Intake(request, response, Stamp("unchecked"))
    try:
        found = verified(response, request, data, certificates)
    except InputError as error:
        return Intake(request, response, Stamp("failed"), str(error))
    return Intake(request, response, Stamp("verified", found.time.isoformat(), found.authority))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, on disk before it is there: a request that was sent must not be lost."""
    waiting = path.with_name(path.name + ".new")
    with waiting.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    waiting.chmod(0o600)
    waiting.replace(path)
