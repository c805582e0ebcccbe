"""In how many leaks a record was heard at a centre: after `MOST_LEAKS` a year its rows are left out.

What a trace tells is blurred (`leaks.discretion`), but noise averages out: some hundred crafted files about one person
would tell one cell of theirs. Refusing files that look alike does not help, since all else in them can differ. So it is
counted, for each record, in how many leaks it was heard, and rows about one that was heard too often are left out
before anything is looked for: a budget for each person, after Feldman and Zrnic (Individual Privacy Accounting via a
Rényi Filter, 2021). The same files with the same parameters give the same statements, and count once. Rows that no
record was found for count too, by the person they speak of: else a record that is there would fall silent, and one that
is not would not.

The counts say who is in which leak, so they lie encrypted, under a key that needs both the owner's part and the
centre's, all of one size however much is in them. The log of runs names the file that holds, so that no older one can
be put in its place. Counts begin anew each year, and with another epoch of the owner's key.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.errors import InputError, OutputError
from kulla.leaks.desk.runs import Run, heard_last, noted_heard
from kulla.registers.desk.recordmap import replaced
from kulla.registers.folder import made

MOST_LEAKS: Final = 12
SLOTS: Final = 1 << 22
"""Room for persons without a record, by a hash of what the file tells of them; two in one slot count together."""
_LEAK: Final = 16
_HEAD: Final = 16 + 32
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.uint8]
Slots = npt.NDArray[np.int64]


class Heard:
    """The counts of one register during one run.

    leak: a hash of what this run's statements depend on, and of who is left out. again: whether it was run before, so
    that nothing counts anew.
    """

    def __init__(self, key: bytes, counts: Counts, leaks: tuple[bytes, ...], leak: bytes) -> None:
        self._key, self.counts, self.leaks = key, counts, leaks
        self.leak, self.again = leak, leak in leaks
        self._now: list[Slots] = []

    def spent(self, tables: Sequence[tuple[npt.NDArray[np.uint32], Sequence[str | None]]]) -> list[Mask]:
        """Of each table which rows are about somebody who was heard too often; the others are heard now.

        tables: the record of each row, 0 for none; and of rows without one whom they speak of, None where nobody can
        say. A run whose like left nobody out leaves nobody out. Else who is left out is part of what it is: were the
        same noise put on statements with and without a person, their difference would be the person.
        """
        slots = [self._slots(record, texts) for record, texts in tables]
        full = self.counts >= (MOST_LEAKS if not self.again else MOST_LEAKS + 1)
        gone = [(slot >= 0) & full[slot] for slot in slots]
        if any(mask.any() for mask in gone):
            self.leak = _digest(self.leak + b"".join(np.packbits(mask).tobytes() for mask in gone))
            self.again = self.leak in self.leaks
        self._now = [slot[(slot >= 0) & ~mask] for slot, mask in zip(slots, gone, strict=True)]
        return gone

    def _slots(self, record: npt.NDArray[np.uint32], texts: Sequence[str | None]) -> Slots:
        highest = len(self.counts) - SLOTS
        slot = np.where(record > 0, record.astype(np.int64), -1)
        known: dict[str, int] = {}
        for at in np.flatnonzero(record == 0).tolist():
            text = texts[at]
            if text is None:
                continue
            if text not in known:
                digest = hmac.digest(self._key, b"person" + text.encode(), "sha256")
                known[text] = highest + int.from_bytes(digest[:8], "big") % SLOTS
            slot[at] = known[text]
        return slot

    def counted(self) -> None:
        """Count who was heard in this run: everybody once."""
        if self.again or not any(len(slot) for slot in self._now):
            return
        self.counts[np.unique(np.concatenate(self._now))] += 1  # to MOST_LEAKS at most: others were left out
        self.leaks = (*self.leaks, self.leak)


@contextmanager
def hearing(
    runs: Path, begun: Run, name: str, secret: bytes, highest: int, leak: str, now: datetime
) -> Iterator[Heard]:  # fmt: skip
    """The counts of a register, read, and written back with this run's when the block ends without an error.

    runs: the log of runs; begun: this run. secret: from the owner's part of the key and the centre's. highest: of the
    register's record numbers. leak: what the statements depend on.
    Raises InputError when the file that the log names is not there or altered, OutputError.
    """
    folder = made(runs.parent / "heard")
    key = hmac.digest(secret, f"kulla heard 1 {name} {now.year}".encode(), "sha256")
    stem = f"{name}-{hashlib.sha256(key).hexdigest()[:8]}-"
    with _alone(folder / "lock"):
        last = heard_last(runs, stem)
        counts, leaks = _read(folder / last, key) if last else (np.zeros(0, np.uint8), ())
        heard = Heard(key, _grown(counts, highest), leaks, _digest(leak.encode()))
        yield heard
        heard.counted()
        if heard.again or heard.leak not in heard.leaks:
            return
        data = _sealed(heard, key)
        path = folder / (stem + hashlib.sha256(data).hexdigest()[:16])
        with replaced(path) as waiting:
            waiting.write_bytes(data)
        noted_heard(runs, begun, now, path.name)
        for old in folder.glob(stem + "*"):
            if old != path:
                old.unlink(missing_ok=True)


def _digest(what: bytes) -> bytes:
    return hashlib.sha256(what).digest()[:_LEAK]


def _grown(counts: Counts, highest: int) -> Counts:
    """With room for all records; those that came since the last run were never heard."""
    persons = max(len(counts) - SLOTS, 0)
    size = max(highest + 1, persons)
    whole = np.zeros(size + SLOTS, np.uint8)
    if len(counts):
        whole[:persons], whole[size:] = counts[:persons], counts[persons:]
    return whole


def _sealed(heard: Heard, key: bytes) -> bytes:
    body = len(heard.leaks).to_bytes(8, "big") + b"".join(heard.leaks) + heard.counts.tobytes()
    nonce = secrets.token_bytes(16)
    hidden = _with_stream(body, key, nonce)
    return nonce + hmac.digest(key, nonce + hidden, "sha256") + hidden


def _read(path: Path, key: bytes) -> tuple[Counts, tuple[bytes, ...]]:
    try:
        data = path.read_bytes()
    except OSError:
        data = b""
    nonce, tag, hidden = data[:16], data[16:_HEAD], data[_HEAD:]
    named = path.name.endswith(hashlib.sha256(data).hexdigest()[:16])  # else it is an older one under a newer name
    if not named or not hmac.compare_digest(tag, hmac.digest(key, nonce + hidden, "sha256")):
        raise InputError(
            f"{path}: missing or altered; it holds who was heard in how many leaks, and the log of runs names it."
            " Put it back from a copy, and find out why"
        )
    body = _with_stream(hidden, key, nonce)
    many, begin = int.from_bytes(body[:8], "big"), 8
    leaks = tuple(body[at : at + _LEAK] for at in range(begin, begin + many * _LEAK, _LEAK))
    return np.frombuffer(body, np.uint8, offset=begin + many * _LEAK).copy(), leaks


def _with_stream(body: bytes, key: bytes, nonce: bytes) -> bytes:
    """The body, exclusive-or a stream of SHAKE-256 that the key and the nonce make."""
    stream = np.frombuffer(hashlib.shake_256(b"stream" + key + nonce).digest(len(body)), np.uint8)
    return (np.frombuffer(body, np.uint8) ^ stream).tobytes()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One run after the other: of two at once neither would know of the other."""
    try:
        with path.open("ab") as file:
            os.chmod(path, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
