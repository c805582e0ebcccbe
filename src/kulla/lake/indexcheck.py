"""Whether the indexes of a lake are whole. One that is altered makes searches miss events, and nothing else tells."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kulla.lake import indexing, layout
from kulla.lake.datafile import Reader
from kulla.lake.index import Indexes, places
from kulla.lake.layout import File
from kulla.lake.upkeep import indexed, stray_indexes

WITHIN: Final = 2 * 86_400.0
"""Seconds within which compaction, which comes every night, should have made a file's index."""
ANEW: Final = "run `kulla lake compact --reindex`"


def index_problem(root: Path, file: File, deep: bool) -> str | None:
    """What is wrong with the index of a data file that is whole; None: nothing. `deep` compares all of it with what the
    events give, else sizes and heads are looked at. A file under a block, or that just came, needs none."""
    columns, sets = (root / each for each in places(file.path))
    if not indexed(root, file):
        late = file.rows >= layout.BLOCK and time.time() - (root / file.path).stat().st_mtime > WITHIN
        return f"{columns}: missing, so that searches are slow; run `kulla lake compact`" if late else None
    for path, other in ((columns, sets), (sets, columns)):
        if not path.is_file():
            return f"{path}: missing beside {other.name}, so that searches are slow; {ANEW}"
    reader = Reader(root)
    if Indexes(root, reader).of(file.path) is None:
        return f"{columns}: torn, or of another file or another Kulla, so that searches are slow; {ANEW}"
    what = indexing.flaw(root, reader, file.path) if deep else ""
    if not what:
        return None
    return f"{columns}: altered: {what} is not what the events give; searches may have missed some; {ANEW}"


def strays(root: Path) -> Iterator[str]:
    """What lies among the indexes and belongs to no file. What is being made belongs to none yet."""
    for path in stray_indexes(root):
        try:
            new = time.time() - path.stat().st_mtime < WITHIN
        except FileNotFoundError:
            continue
        if not (new and path.suffix == ".part"):
            yield f"{path}: belongs to no file of the lake; run `kulla lake compact`, which takes it away"
