"""Verifying the audit of a centre against every signed head that can be found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kulla.centre.folder import Centre
from kulla.centre.running import serving
from kulla.centre.vault import keyring
from kulla.registers.sealing import signkeys


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. `last` is the entry that the newest head signs, 0 without heads; `faults` in words."""

    entries: int
    heads: int
    last: int
    faults: tuple[str, ...]


def verified(centre: Centre, anchors: Sequence[Path] = (), public: Path | None = None) -> Verified:
    """Verify. Once in a process: it becomes one of the centre's. A place of centre.toml that has lost its heads is a
    fault; a file of `anchors` that cannot be read, or is signed by another key, raises InputError."""
    serving.set_up(centre)
    from kulla.centre.audit.anchors import NAME, read_heads
    from kulla.centre.audit.chain import Anchor, faults
    from kulla.centre.audit.models import Entry

    key = signkeys.public_key(public or centre.keys.folder / f"{keyring.AUDIT}.pub")
    told, heads = [], list[Anchor]()
    own = centre.state / NAME
    places = [own, *(Path(each) / NAME for each in centre.told.anchors)]
    for path in [path for path in places if path.exists() or path != own]:
        if path.exists():
            heads += read_heads(path, key)
        else:
            told.append(f"{path}: no signed heads there, though centre.toml names the place")
    for path in anchors:
        heads += read_heads(path, key)
    known: dict[int, str] = {}
    told += [
        f"entry {head.seq}: two signed heads say different things of it: the chain was written anew"
        for head in heads
        if known.setdefault(head.seq, head.hash) != head.hash
    ]
    told += [f"entry {fault.seq}: {fault.what}" for fault in faults(heads)]
    return Verified(Entry.objects.count(), len(known), max(known, default=0), tuple(told))
