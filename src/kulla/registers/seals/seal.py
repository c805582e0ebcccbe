"""A seal: one link of a chain that the agent signs as an audit log grows, and the centre's countersign of its head.

A seal is one line of JSON. Its hash is SHA-256 over the canonical bytes (RFC 8785 in spirit: sorted keys, no blanks,
ASCII numbers and UTF-8 text) without `signature`; the next seal names it as `previous`. Signatures are Ed25519 (RFC
8032) over that hash. A log file is known by the hash of its first line, which neither rotation nor renaming changes.

What it can prove: that these bytes were there when the seal was made, in this order. What it cannot: that nothing was
kept out before it reached the log, or that the machine's clock was right; and who holds the agent's key and the only
copy of the chain can make another one. So heads go to the centre, which countersigns them with its own time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VERSION: Final = 1
FIRST: Final = "0" * 64
"""What the first seal names as its previous."""

Kind = Literal["start", "segment", "alive", "shrunk", "altered", "gone"]
"""start: the agent began a pass after it was started; segment: bytes of a log; alive: a pass that found nothing new;
shrunk: a log has fewer bytes than were sealed; altered: sealed bytes have changed; gone: a log is no longer there."""

Clock = Literal["synchronised", "unsynchronised", "unknown"]


@dataclass(frozen=True, slots=True)
class Seal:
    """One link. Bytes and lines are [start, stop) and [line_from, line_to], lines from 1; times aware, UTC.

    Attributes:
        file: hex of the first 16 bytes of SHA-256 over the log's first line; empty for start and alive.
        name: the log's name when it was sealed, for people.
        sha256: of the segment's bytes; empty where there are none.
        clock: what the machine says of its clock.
        key: fingerprint of the key that signed.
    """

    register: str
    seq: int
    kind: Kind
    time: datetime
    clock: Clock
    previous: str
    key: str
    file: str = ""
    name: str = ""
    start: int = 0
    stop: int = 0
    line_from: int = 0
    line_to: int = 0
    sha256: str = ""
    signature: str = ""

    @property
    def hash(self) -> str:
        """What the next seal names, and what is signed."""
        return hashlib.sha256(_canonical({k: v for k, v in _plain(self).items() if k != "signature"})).hexdigest()

    def line(self) -> bytes:
        """The seal as a line of the chain's file."""
        return _canonical(_plain(self)) + b"\n"


@dataclass(frozen=True, slots=True)
class Head:
    """The centre's countersign: the seal of this number had this hash, and had reached the centre at this time."""

    register: str
    seq: int
    hash: str
    received: datetime
    key: str
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return _canonical({k: v for k, v in _plain(self).items() if k != "signature"})

    def line(self) -> bytes:
        """The head as a line of the centre's file."""
        return _canonical(_plain(self)) + b"\n"


def fingerprint(public: Ed25519PublicKey) -> str:
    """The first 16 bytes of SHA-256 over the raw public key, in hex: read out by telephone, compared by eye."""
    return hashlib.sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:32]


def signed(seal: Seal, key: Ed25519PrivateKey) -> Seal:
    """The seal under a key."""
    told = replace(seal, key=fingerprint(key.public_key()), signature="")
    return replace(told, signature=base64.b64encode(key.sign(bytes.fromhex(told.hash))).decode())


def countersigned(seal: Seal, received: datetime, key: Ed25519PrivateKey) -> Head:
    """The centre's word that it had this seal at that time."""
    head = Head(seal.register, seal.seq, seal.hash, received, fingerprint(key.public_key()))
    return replace(head, signature=base64.b64encode(key.sign(head.signed)).decode())


def holds(statement: Seal | Head, public: Ed25519PublicKey) -> bool:
    """Whether the signature is that key's, over just this."""
    if statement.key != fingerprint(public):
        return False
    over = bytes.fromhex(statement.hash) if isinstance(statement, Seal) else statement.signed
    try:
        public.verify(base64.b64decode(statement.signature, validate=True), over)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_seal(line: bytes) -> Seal:
    """The seal of a line. Raises ValueError for anything else."""
    found = _read(line, "seal")
    kinds = {name: spec.type for name, spec in Seal.__dataclass_fields__.items()}
    return Seal(**_typed(found, kinds))


def read_head(line: bytes) -> Head:
    """The head of a line. Raises ValueError for anything else."""
    found = _read(line, "head")
    kinds = {name: spec.type for name, spec in Head.__dataclass_fields__.items()}
    return Head(**_typed(found, kinds))


def _read(line: bytes, what: str) -> dict[str, Any]:
    found = orjson.loads(line)
    if not isinstance(found, dict) or found.pop(f"kulla_{what}", None) != VERSION:
        raise ValueError(f"no {what} of version {VERSION}")
    return found


def _typed(found: Mapping[str, Any], kinds: Mapping[str, Any]) -> dict[str, Any]:
    if set(found) != set(kinds):
        raise ValueError("members are missing, or there are others")
    typed: dict[str, Any] = {}
    for name, value in found.items():
        kind = str(kinds[name])
        if kind == "datetime":
            typed[name] = _time(value)
        elif isinstance(value, int if kind == "int" else str) and not isinstance(value, bool):
            typed[name] = value
        else:
            raise ValueError(f"{name} is of the wrong kind")
    return typed


def _time(value: object) -> datetime:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a time without its offset")
    return moment.astimezone(UTC)


def _plain(statement: Seal | Head) -> dict[str, Any]:
    plain = asdict(statement)
    for name, value in plain.items():
        if isinstance(value, datetime):
            plain[name] = value.astimezone(UTC).isoformat(timespec="microseconds")
    return {f"kulla_{'seal' if isinstance(statement, Seal) else 'head'}": VERSION, **plain}


def _canonical(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
