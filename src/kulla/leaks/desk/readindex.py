"""A register's reads with their index, kept beside them and mapped into memory: opening 10 M of them takes no time.

It lies in `index/reads` (at an owner's, in the register's `state`), named after the reads' own hash, and is made when
it is first needed and whenever the reads are others. It holds what the reads hold: pseudonymous accounts, record
numbers, times; no personal value.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from kulla.errors import InputError
from kulla.leaks.attribute import Index, ReadLog, index
from kulla.leaks.attribute.readlog import NAMED, PER_READ
from kulla.leaks.desk.indexstore import Array, IndexStore, beside
from kulla.leaks.desk.readlog import readlog, reads_sha256

FORMAT: Final = 1
READS: Final = "reads"

_INDEX: Final = ("actor", "pool", "run", "size", "reach", "bounds", "members", "sizes")
"""The arrays of an Index."""
_OF_READS: Final = ("actor", "pool", "run", "size", "reach")
_TEXTS: Final = tuple(plural for plural in NAMED.values() if plural != "bitmaps")
_KEPT: Final = (*PER_READ, *_INDEX, "actors", "spans", "packed", "ends", "texts")
"""In the order stored. packed: all bitmaps, one after the other; ends: where each ends; texts: names, as JSON."""


def open_reads(folder: Path, pooled: Collection[str] = ()) -> Index:
    """All reads in a folder, indexed. pooled: accounts behind which several people act.

    Raises InputError naming the file that cannot be read or is no file of reads, or when files changed meanwhile.
    """
    sha256 = reads_sha256(folder)
    store = IndexStore(beside(folder) / READS, ["reads", FORMAT, sha256, sorted(pooled)])

    def make() -> tuple[Array, ...]:
        made = _arrays(index(readlog(folder), pooled))
        if reads_sha256(folder) != sha256:
            raise InputError(f"{folder}: the reads changed while they were read; run this again")
        return made

    stored = store.arrays("log", make, _whole)
    # Plain views: a mapped array's own class costs a microsecond with each slice.
    return _index({name: np.asarray(each) for name, each in zip(_KEPT, stored, strict=True)}, frozenset(pooled))


def _arrays(known: Index) -> tuple[Array, ...]:
    log = known.log
    texts = orjson.dumps({plural: getattr(log, plural) for plural in _TEXTS})
    made = {name: getattr(log, name) for name in PER_READ} | {name: getattr(known, name) for name in _INDEX}
    made |= {
        "actors": np.array(known.actors, np.int64).reshape(-1, 2),
        "spans": np.array(known.spans, np.int64).reshape(-1, 2),
        "packed": np.frombuffer(b"".join(log.bitmaps), np.uint8),
        "ends": np.cumsum([len(each) for each in log.bitmaps], dtype=np.int64),
        "texts": np.frombuffer(texts, np.uint8),
    }
    return tuple(made[name] for name in _KEPT)


def _index(stored: Mapping[str, Array], pooled: frozenset[str]) -> Index:
    texts: dict[str, Any] = orjson.loads(stored["texts"].tobytes())
    names: dict[str, Any] = {plural: tuple(texts[plural]) for plural in _TEXTS}
    names["column_sets"] = tuple(each if each is None else tuple(each) for each in names["column_sets"])
    packed, ends = stored["packed"].tobytes(), stored["ends"].tolist()
    bitmaps = tuple(packed[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)) if ends else ()
    arrays: dict[str, Any] = {name: stored[name] for name in PER_READ}
    log = ReadLog(**arrays | names, bitmaps=bitmaps)
    actors, spans = ([(int(a), int(b)) for a, b in stored[name]] for name in ("actors", "spans"))
    sizes = stored["sizes"]
    return Index(
        log, actors=tuple(actors), spans=tuple(spans), sets=int((sizes > 1).sum()), pooled=pooled,
        **{name: stored[name] for name in _INDEX},
    )  # fmt: skip


def _whole(stored: tuple[Array, ...]) -> bool:
    """Whether stored arrays go together: a file may be lost, or cut short by a full disk."""
    if len(stored) != len(_KEPT):
        return False
    by_name = dict(zip(_KEPT, stored, strict=True))
    reads, bitmaps = len(by_name["start"]), len(by_name["sizes"])
    ends, bounds = by_name["ends"], by_name["bounds"]
    try:
        orjson.loads(by_name["texts"].tobytes())
    except orjson.JSONDecodeError:
        return False
    return (
        all(len(by_name[name]) == reads for name in (*PER_READ, *_OF_READS))
        and len(bounds) == bitmaps + 1 == len(ends) + 1
        and int(bounds[-1]) == len(by_name["members"])
        and int(ends[-1] if bitmaps else 0) == len(by_name["packed"])
    )
