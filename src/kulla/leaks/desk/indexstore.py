"""Arrays kept beside an imprint, made when first asked for and mapped into memory after that.

Each state of the imprint has a folder of its own, named by a hash of its parts' names, sizes and descriptions. Opening
another state takes the old folders away: an erased person's hashes do not outlive the erasure's delivery by more than
one trace. Where nothing can be written (a read-only medium), the arrays stay in memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kulla.registers.desk.imprintparts import Part
from kulla.registers.folder import made

FORMAT = 1

Array = npt.NDArray[Any]


def beside(folder: Path) -> Path:
    """Where a trace keeps what it derived from an imprint or reads. An outbox is delivered whole: there, in `state`."""
    return folder.parent.parent / "state" / "index" if folder.parent.name == "outbox" else folder.parent / "index"


class IndexStore:
    """The arrays of one imprint's index, by name."""

    def __init__(self, folder: Path, parts: tuple[Part, ...]) -> None:
        told = [(part.path.name, part.path.stat().st_size, part.rows, part.info) for part in parts]
        self._folder = folder / hashlib.sha256(f"{FORMAT} {told}".encode()).hexdigest()[:16]
        self._held: dict[str, tuple[Array, ...]] = {}
        for old in folder.glob("*") if folder.is_dir() else ():
            if old != self._folder:
                shutil.rmtree(old, ignore_errors=True)

    def arrays(self, name: str, make: Callable[[], tuple[Array, ...]]) -> Any:
        """The arrays of that name, in the order in which `make` gave them."""
        if name not in self._held:
            self._held[name] = self._stored(name) or self._kept(name, make())
        return self._held[name]

    def _stored(self, name: str) -> tuple[Array, ...]:
        paths = sorted(self._folder.joinpath(name).glob("*.npy"))
        try:
            return tuple(np.load(path, mmap_mode="r") for path in paths)
        except (OSError, ValueError):
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
