"""The sealed export of a case's evidence: a signed package that verifies without Kulla (leaks/evidence/package.py).

    items/<number>               the content as it was taken in
    items.json                   case, for whom, and of each item: hash, size, what it was called, custody, time-stamp
    custody.jsonl, custody.txt   every event of every item, for programs and for people
    custody-keys/<fingerprint>.pem
    receipts/<number>.txt        as given at intake
    timestamp/<number>/          the list that was stamped, the request, the answer if there is one
    README.txt, verify.sh, MANIFEST.sha256, MANIFEST.sig, SIGNING-KEY.pem

Sealed to a recipient, every one of these files lies there as `<name>.enc` (sealbox.py), with `open.sh` and the key
`EPHEMERAL.pem`: opened, it is the package above, signature and all. Nothing is written in the clear for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kulla.centre.vault.custody import CustodyEvent, Problem, verify
from kulla.centre.vault.custodytext import receipt, record
from kulla.centre.vault.sealbox import OPEN, key_fingerprint, new_box
from kulla.centre.vault.sealtext import readme
from kulla.centre.vault.stamp import ItemStamp, stamped_list
from kulla.centre.vault.store import Store
from kulla.errors import InputError
from kulla.leaks.evidence.package import VERIFY, Content, Packed, manifest_of, write_package
from kulla.leaks.evidence.signing import public_pem
from kulla.leaks.evidence.verifyscript import EPHEMERAL, MANIFEST, PUBLIC, SCRIPT, SIGNATURE
from kulla.registers.seals.seal import fingerprint

_PRETTY: Final = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One item of a case. number: as the case calls it (letters, digits, dots, dashes); address: in the store.

    name: what the file was called; events: its custody, whole; marks: TLP and the like, as they read.
    """

    number: str
    address: str
    name: str
    events: Sequence[CustodyEvent]
    stamp: ItemStamp = field(default_factory=ItemStamp)
    marks: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported, by whom and for whom. centre: its name; made: aware."""

    case: str
    centre: str
    actor: str
    recipient: str
    reason: str
    made: datetime
    exhibits: Sequence[Exhibit] = field(default_factory=tuple)


def seal_case(
    folder: Path, export: Export, store: Store, key: Ed25519PrivateKey, publics: Iterable[Ed25519PublicKey] = (),
    recipient: bytes = b"",
) -> Packed:  # fmt: skip
    """Write the export to a folder that is not there yet and as `<folder>.tar`; whole or not at all.

    Args:
        key: signs the package and the receipts. publics: other keys that signed custody events.
        recipient: raw X25519 key to which everything is sealed; empty: in the clear.

    A chain of custody that does not hold is stated in the package, not kept back. Raises InputError when an item of the
    store was altered, or is not the one that its intake tells of; OutputError; ConfigError for a recipient's key.
    """
    contents = _contents(export, store, key, (key.public_key(), *publics))
    made = int(export.made.timestamp())
    if not recipient:
        return write_package(folder, contents, key, made)
    known = {f"items/{each.number}": store.about(each.address).sha256 for each in export.exhibits}
    inner: dict[str, Content] = {**contents, PUBLIC: public_pem(key), VERIFY: SCRIPT.encode()}
    manifest = manifest_of({name: known.get(name) or _sha256(content) for name, content in inner.items()})
    inner |= {MANIFEST: manifest, SIGNATURE: key.sign(manifest)}
    box = new_box(recipient)
    outer: dict[str, Content] = {f"{name}.enc": box.sealed(name, content) for name, content in inner.items()}
    outer |= {"README.txt": readme(key_fingerprint(recipient)), "open.sh": OPEN.encode(), EPHEMERAL: box.ephemeral}
    return write_package(folder, outer, key, made)


def _contents(
    export: Export, store: Store, key: Ed25519PrivateKey, publics: Sequence[Ed25519PublicKey]
) -> dict[str, Content]:
    """Every file of the package in the clear but those that write_package adds."""
    numbers = [each.number for each in export.exhibits]
    if len(set(numbers)) != len(numbers):
        raise InputError(f"case {export.case}: two items have one number")
    problems = tuple(problem for each in export.exhibits for problem in verify(each.number, each.events, publics))
    found: dict[str, Content] = {
        "README.txt": readme(),
        "items.json": orjson.dumps(_told(export, store, problems), option=_PRETTY),
        "custody.jsonl": b"".join(event.line() + b"\n" for each in export.exhibits for event in each.events),
        "custody.txt": record(export.case, ((e.number, e.events, e.stamp) for e in export.exhibits), problems),
    }
    for public in publics:
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        found[f"custody-keys/{fingerprint(public)}.pem"] = pem
    for each in export.exhibits:
        found[f"items/{each.number}"] = partial(store.get, each.address)
        if each.events:
            then = ItemStamp(each.stamp.request, state="waiting" if each.stamp.request else "none")
            slip = receipt(export.case, each.events[0], then, export.centre, key)
            found[f"receipts/{each.number}.txt"] = slip
        if each.stamp.request:
            place = f"timestamp/{each.number}"
            found[f"{place}/intake.sha256"] = stamped_list(each.number, store.about(each.address).sha256)
            found[f"{place}/request.tsq"] = each.stamp.request
            found |= {f"{place}/response.tsr": each.stamp.response} if each.stamp.response else {}
    return found


def _told(export: Export, store: Store, problems: Sequence[Problem]) -> dict[str, Any]:
    items = []
    for each in export.exhibits:
        held = store.about(each.address)
        intake = each.events[0].details if each.events else {}
        if each.events and (intake.get("sha256"), intake.get("size")) != (held.sha256, str(held.size)):
            raise InputError(f"evidence {each.number}: what is held is not what its intake tells of; find out why")
        items.append({
            "number": each.number, "sha256": held.sha256, "size": held.size, "name": each.name, "marks": each.marks,
            "custody_events": len(each.events), "custody_head": each.events[-1].hash if each.events else "",
            "timestamp": {
                "state": each.stamp.state, "time": each.stamp.time, "authority": each.stamp.authority,
                "problem": each.stamp.problem,
            },
        })  # fmt: skip
    return {
        "kulla_sealed_export": 1, "case": export.case, "centre": export.centre, "actor": export.actor,
        "recipient": export.recipient, "reason": export.reason, "made": export.made.isoformat(), "items": items,
        "custody_holds": not problems, "custody_problems": [f"{p.item} {p.seq}: {p.text}" for p in problems],
    }  # fmt: skip


def _sha256(content: Content) -> str:
    if not isinstance(content, bytes):
        raise TypeError("only items come in pieces, and their hashes are known")
    return hashlib.sha256(content).hexdigest()
