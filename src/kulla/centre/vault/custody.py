"""Custody: who had an item of evidence, when, where and why, as a chain of signed events. Pure: values in, values out.

Each event names the hash of the one before it (SHA-256 over its canonical JSON) and is signed (Ed25519). So an event
that was altered, removed from the middle, or put elsewhere is found by whoever has the public key. That the newest
events were removed is found against an anchor: a signed list of every chain's head, copied off the machine from time to
time. Whoever holds the key and all copies of the anchors can make another chain: so copies belong elsewhere.

The fields of an intake are those that ISO/IEC 27037 asks of a record of collection or acquisition: where it comes from,
who took it, on what legal basis, from what device or path, with what tool, and its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kulla.errors import InputError, UsageError
from kulla.registers.seals.seal import fingerprint

VERSION: Final = 1
FIRST: Final = "0" * 64
"""What a chain's first event names as its previous."""

Kind = Literal["intake", "viewed", "exported", "transferred", "sealed", "released", "disposed"]
"""intake: taken in; viewed: content shown; exported: a copy made in a package; transferred: handed to another person
within the centre; sealed: closed up (a physical seal, or a hold); released: handed back or given out of the centre's
care; disposed: destroyed. Nothing follows a disposal."""

REQUIRED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "intake": ("source", "officer", "legal_basis", "device", "tool", "sha256", "size"),
    "viewed": (),
    "exported": ("recipient", "package"),
    "transferred": ("recipient",),
    "sealed": ("seal",),
    "released": ("recipient", "legal_basis"),
    "disposed": ("legal_basis", "method", "witness"),
}
"""What an event of each kind must tell besides actor, time, reason and place.

source: from whom or where; officer: who took it; device: device or path; tool: program and version; package: SHA-256 of
a package's manifest; seal: number of the seal; method: how it was destroyed; witness: the second person.
"""


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """One event. seq counts from 1 in each item's chain; time is aware, UTC; place: a place or device.

    details: field → text; REQUIRED says which there must be. key: fingerprint of the key that signed.
    """

    item: str
    seq: int
    kind: Kind
    time: datetime
    actor: str
    reason: str
    place: str
    details: Mapping[str, str]
    previous: str
    key: str = ""
    signature: str = ""

    @property
    def hash(self) -> str:
        """What the next event names, and what is signed."""
        return hashlib.sha256(_canonical({k: v for k, v in _plain(self).items() if k != "signature"})).hexdigest()

    def line(self) -> bytes:
        """The event as one line of JSON, without its end."""
        return _canonical(_plain(self))


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of every chain at a time: item → (seq, hash) of its newest event. Signed."""

    time: datetime
    heads: Mapping[str, tuple[int, str]]
    key: str = ""
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return _canonical({"kulla_custody_anchor": VERSION, **_of_anchor(self)})

    def line(self) -> bytes:
        """The anchor as one line of JSON, without its end."""
        return _canonical({"kulla_custody_anchor": VERSION, **_of_anchor(self), "signature": self.signature})


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold, at which event of which item; seq 0 when it is the whole chain, item empty for an anchor."""

    item: str
    seq: int
    text: str


def follow(
    before: CustodyEvent | None, item: str, kind: Kind, time: datetime, actor: str, reason: str, place: str,
    details: Mapping[str, str], key: Ed25519PrivateKey,
) -> CustodyEvent:  # fmt: skip
    """The next event of an item's chain, signed; `before` is the newest so far, None for an intake.

    Raises UsageError when something that must be told is not, or when this cannot follow what was before.
    """
    if kind not in get_args(Kind):
        raise UsageError(f"custody: no such event: {kind}; one of {', '.join(get_args(Kind))}")
    told = {"item": item, "actor": actor, "reason": reason, "place": place, **details}
    missing = [name for name in ("item", "actor", "reason", "place", *REQUIRED[kind]) if not told.get(name, "").strip()]
    if missing:
        raise UsageError(f"custody: {kind} must tell {', '.join(missing)}")
    if time.tzinfo is None:
        raise UsageError("custody: the time needs its zone")
    problem = _misplaced(before, kind)
    if problem or (before and before.item != item):
        raise UsageError(f"custody of {item}: {problem or 'the event before is of another item'}")
    made = CustodyEvent(
        item, before.seq + 1 if before else 1, kind, time.astimezone(UTC), actor, reason, place, dict(details),
        before.hash if before else FIRST, fingerprint(key.public_key()),
    )  # fmt: skip
    return replace(made, signature=base64.b64encode(key.sign(bytes.fromhex(made.hash))).decode())


def read_event(line: bytes | str) -> CustodyEvent:
    """An event from its line. Raises InputError when it is none; whether it holds is for `verify` to say."""
    try:
        plain = orjson.loads(line)
        if plain.pop("kulla_custody") != VERSION or plain["kind"] not in get_args(Kind):
            raise ValueError("version or kind")
        event = CustodyEvent(**{**plain, "time": datetime.fromisoformat(plain["time"])})
        texts = [event.item, event.actor, event.reason, event.place, event.previous, event.key, event.signature]
        if not all(isinstance(each, str) for each in (*texts, *event.details, *event.details.values())):
            raise ValueError("types")
        if type(event.seq) is not int or event.time.tzinfo is None or event.line() != _bytes(line).rstrip(b"\n"):
            raise ValueError("form")
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"no custody event, or altered ({type(error).__name__})") from None
    return event


def verify(
    item: str, events: Sequence[CustodyEvent], publics: Iterable[Ed25519PublicKey], anchors: Iterable[Anchor] = ()
) -> tuple[Problem, ...]:
    """What does not hold in one item's chain; nothing when it does.

    publics: the keys whose signatures count. anchors: those that `anchored_well` found sound.
    """
    keys = {fingerprint(each): each for each in publics}
    found: list[Problem] = []
    before: CustodyEvent | None = None
    for number, event in enumerate(events, 1):
        texts = [
            f"is number {event.seq} where number {number} belongs" if event.seq != number else "",
            "is of another item" if event.item != item else "",
            "does not follow from the event before it" if event.previous != (before.hash if before else FIRST) else "",
            "its signature does not hold" if not _holds(event, keys) else "",
            _misplaced(before, event.kind),
            "is earlier than the event before it" if before and event.time < before.time else "",
        ]
        found += [Problem(item, number, text) for text in texts if text]
        before = event
    if not events:
        found.append(Problem(item, 0, "there is no event"))
    for anchor in anchors:
        seq, head = anchor.heads.get(item, (0, ""))
        if seq > len(events):
            found.append(
                Problem(item, len(events) + 1, f"is gone: on {anchor.time:%Y-%m-%d %H:%M} UTC there were {seq}")
            )
        elif seq and events[seq - 1].hash != head:
            found.append(Problem(item, seq, f"is not the one that was anchored on {anchor.time:%Y-%m-%d %H:%M} UTC"))
    return tuple(found)


def verify_all(
    chains: Mapping[str, Sequence[CustodyEvent]], publics: Iterable[Ed25519PublicKey], anchors: Sequence[Anchor] = ()
) -> tuple[Problem, ...]:
    """What does not hold in all chains together: each as `verify`, and items whose whole chain is gone."""
    publics = tuple(publics)
    keys = {fingerprint(each): each for each in publics}
    found = [Problem("", 0, f"anchor of {each.time.isoformat()}: its signature does not hold")
             for each in anchors if not anchored_well(each, keys)]  # fmt: skip
    sound = [each for each in anchors if anchored_well(each, keys)]
    known = {item for each in sound for item in each.heads}
    for item in sorted({*chains, *known}):
        found += verify(item, chains.get(item, ()), publics, sound)
    return tuple(found)


def anchored(chains: Mapping[str, CustodyEvent], time: datetime, key: Ed25519PrivateKey) -> Anchor:
    """An anchor over the newest event of each item."""
    heads = {item: (event.seq, event.hash) for item, event in chains.items()}
    made = Anchor(time.astimezone(UTC), heads, fingerprint(key.public_key()))
    return replace(made, signature=base64.b64encode(key.sign(made.signed)).decode())


def anchored_well(anchor: Anchor, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    """Whether an anchor bears the signature of one of these keys (by fingerprint)."""
    return anchor.key in keys and _verified(keys[anchor.key], anchor.signature, anchor.signed)


def read_anchor(line: bytes | str) -> Anchor:
    """An anchor from its line. Raises InputError when it is none; whether it holds is for `verify_all` to say."""
    try:
        plain = orjson.loads(line)
        if plain["kulla_custody_anchor"] != VERSION:
            raise ValueError("version")
        heads = {str(item): (int(seq), str(head)) for item, (seq, head) in plain["heads"].items()}
        return Anchor(datetime.fromisoformat(plain["time"]), heads, str(plain["key"]), str(plain["signature"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"no anchor of custody, or altered ({type(error).__name__})") from None


def _misplaced(before: CustodyEvent | None, kind: Kind) -> str:
    """Why an event of this kind cannot follow; empty when it can."""
    if before is None:
        return "" if kind == "intake" else "the first event must be the intake"
    if before.kind == "disposed":
        return "nothing can follow a disposal"
    return "there is one intake only, the first event" if kind == "intake" else ""


def _holds(event: CustodyEvent, keys: Mapping[str, Ed25519PublicKey]) -> bool:
    return event.key in keys and _verified(keys[event.key], event.signature, bytes.fromhex(event.hash))


def _verified(public: Ed25519PublicKey, signature: str, data: bytes) -> bool:
    try:
        public.verify(base64.b64decode(signature, validate=True), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _plain(event: CustodyEvent) -> dict[str, Any]:
    plain = {name: getattr(event, name) for name in CustodyEvent.__dataclass_fields__}
    return {"kulla_custody": VERSION, **plain, "time": event.time.isoformat(), "details": dict(event.details)}


def _of_anchor(anchor: Anchor) -> dict[str, Any]:
    heads = {item: list(head) for item, head in anchor.heads.items()}
    return {"time": anchor.time.isoformat(), "heads": heads, "key": anchor.key}


def _canonical(plain: Mapping[str, Any]) -> bytes:
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)


def _bytes(line: bytes | str) -> bytes:
    return line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
