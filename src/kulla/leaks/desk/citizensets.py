"""Look-up sets for citizens as files: made with a trace, asked by the gateway."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError, OutputError
from kulla.leaks.citizens import Answer, bits_of, check_citizen, citizen_set, from_table, to_table
from kulla.leaks.desk.request import Compared
from kulla.leaks.matched import CERTAIN
from kulla.registers.desk.recordmap import replaced
from kulla.registers.keyfile import KeyFile
from kulla.registers.manifest import Manifest
from kulla.registers.normalise import normalise


def gateway_key(key: KeyFile) -> bytes:
    """What tags are made with, from the gateway's key file."""
    return hmac.digest(key.secret(), b"kulla citizens gateway 1", "sha256")


def write_set(
    compared: Sequence[Compared], manifests: Mapping[str, Manifest], leak: str, key: KeyFile, out: Path
) -> int:
    """Write the look-up set of a leak: persons who are certain, by a national id in the file. How many persons.

    Raises InputError when no table has a national id: then nobody could be looked up.
    """
    ids: list[str] = []
    bits: list[int] = []
    for each in compared:
        manifest = manifests[each.matched.register]
        meanings = [manifest.column(match.register_column).meaning for match in each.matched.columns]
        places = [m.column for m, word in zip(each.matched.columns, meanings, strict=True) if word == "national_id"]
        if not places:
            continue
        rows = np.flatnonzero(each.matched.surety == CERTAIN)
        values = normalise(_texts(each.table.data.column(places[0])).take(pa.array(rows)), "national_id")
        known = [text for text in values.to_pylist() if text]
        ids += known
        bits += [bits_of(meanings)] * len(known)
    if not ids:
        raise InputError("--citizens: no certain person has a national id in this file, so nobody could be looked up")
    made = citizen_set(leak, ids, bits, gateway_key(key), key.id)
    try:
        with replaced(out) as waiting:
            pq.write_table(to_table(made), waiting, compression="zstd")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from error
    return len(set(ids))


def ask(path: Path, key: KeyFile, national_id: str) -> Answer:
    """One citizen's question. Nothing of it is kept."""
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__})") from None
    return check_citizen(from_table(table, str(path)), gateway_key(key), key.id, national_id)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)
