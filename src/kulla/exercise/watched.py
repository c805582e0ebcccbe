"""The watched persons of an exercise, as an owner keeps them: tokens of their ids, which only its key can make."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.exercise import columns
from kulla.exercise.frame import Frame
from kulla.exercise.layout import ExerciseFolder
from kulla.registers.folder import made
from kulla.registers.imprint import plan, record_tokens
from kulla.registers.keyfile import KeyFile
from kulla.registers.keys import owner_keys
from kulla.registers.manifest import Manifest
from kulla.registers.schema import WATCHED
from kulla.registers.tokens import fixed

REASON: Final = "public office"


def write_watched(path: Path, frame: Frame, registers: Sequence[str], key: KeyFile) -> int:
    """Write context/watched.parquet of those registers whose records are persons; how many persons are watched."""
    person = np.flatnonzero(frame.is_watched)
    nids = columns.ids(frame.born[person], frame.is_woman[person], frame.serial[person])
    for name in registers:
        here = ExerciseFolder(path).owner.register(name)
        manifest = here.read()
        if manifest.record == (manifest.person,):
            pq.write_table(watched(manifest, nids, key), made(here.context) / "watched.parquet")
    return int(person.size)


def watched(manifest: Manifest, nids: pa.Array, key: KeyFile) -> pa.Table:
    """The tokens of these ids in the key's newest epoch, as WATCHED, in an order that tells nothing."""
    tokens, _ = record_tokens(owner_keys(key.secret()), plan(manifest, key.id, key.current), {manifest.person: nids})
    table = pa.table([fixed(tokens), pa.array([REASON] * len(nids))], schema=WATCHED)
    return table.sort_by("token")
