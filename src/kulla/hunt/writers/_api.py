"""What a writer of findings is. A writer is one file here with one class, listed in `WRITERS` of this package."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from kulla.hunt.findings import Findings


class Writer(Protocol):
    """One output format. The same findings give the same bytes."""

    suffix: str
    """How the names of its files end, with the dot, in lower case."""

    def write(self, out: BinaryIO, findings: Findings) -> None:
        """Write all of `findings` to a file opened for writing, which may be sought in. Raises `OSError`."""
