"""Arrays kept beside an imprint or reads, made when first asked for and mapped into memory after that.

Each state of what they are of has a folder of its own, named by a hash of what tells it from others. Opening another
state takes the old folders away: an erased person's hashes do not outlive the erasure's delivery by more than one
trace. Where nothing can be written (a read-only medium), the arrays stay in memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kulla.registers.desk.imprintparts import Part
from kulla.registers.folder import made

FORMAT = 1

Array = npt.NDArray[Any]
_STATES = "[0-9a-f]" * 16


def beside(folder: Path) -> Path:
    """Where a trace keeps what it derived from an imprint or reads. An outbox is delivered whole: there, in `state`."""
    return folder.parent.parent / "state" / "index" if folder.parent.name == "outbox" else folder.parent / "index"


def state_of(parts: tuple[Part, ...]) -> Sequence[object]:
    """What tells one state of an imprint from another: its parts' names, sizes and descriptions."""
    return [(part.path.name, part.path.stat().st_size, part.rows, part.info) for part in parts]


class IndexStore:
    """The arrays of one index, by name. told: what tells the state that they are of from others."""

    def __init__(self, folder: Path, told: Sequence[object]) -> None:
        self._folder = folder / hashlib.sha256(f"{FORMAT} {told}".encode()).hexdigest()[:16]
        self._held: dict[str, tuple[Array, ...]] = {}
        for old in folder.glob(_STATES) if folder.is_dir() else ():
            if old != self._folder:
                shutil.rmtree(old, ignore_errors=True)

    def arrays(
        self, name: str, make: Callable[[], tuple[Array, ...]], fit: Callable[[tuple[Array, ...]], bool] = bool
    ) -> Any:
        """The arrays of that name, in the order that `make` gives; stored ones that do not `fit` are made anew."""
        if name not in self._held:
            stored = self._stored(name)
            self._held[name] = stored if stored and fit(stored) else self._kept(name, make())
        return self._held[name]

    def _stored(self, name: str) -> tuple[Array, ...]:
        paths = sorted(self._folder.joinpath(name).glob("*.npy"))
        try:
            return tuple(np.load(path, mmap_mode="r") for path in paths)
        except (OSError, ValueError, EOFError):
            return ()  # cut short by a full disk: made anew

    def _kept(self, name: str, arrays: tuple[Array, ...]) -> tuple[Array, ...]:
        waiting = self._folder / f"{name}.{os.getpid()}"
        try:
            made(waiting)
            for number, array in enumerate(arrays):
                path = waiting / f"{number:02}.npy"
                np.save(path, array)
                path.chmod(0o600)
            shutil.rmtree(self._folder / name, ignore_errors=True)  # what was cut short; who has it mapped keeps it
            waiting.rename(self._folder / name)
        except OSError:
            shutil.rmtree(waiting, ignore_errors=True)  # no room, no right to write, or another run was first
            return arrays
        return self._stored(name) or arrays
