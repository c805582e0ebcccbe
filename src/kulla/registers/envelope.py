"""An owner's key of one epoch, sealed to a centre for one run. Pure: bytes in, bytes out.

X25519 with a fresh key pair for each envelope, HKDF-SHA256 over the shared secret, AES-256-GCM. What the envelope is
for (case, register, epoch, names, until when) stands in it in the clear and is authenticated: changing a letter of it
makes it unreadable. Whoever opens it must refuse an `id` seen before: an envelope serves one run.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kulla.errors import ConfigError, InputError

_INFO: Final = b"kulla key envelope 1"
_NONCE: Final = bytes(12)  # the key is fresh for each envelope, so one fixed nonce is used once


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an envelope is for. `names`: the two who answer for the run. `until`: when it ceases to be valid."""

    register: str
    key_id: str
    epoch: int
    case: str
    names: tuple[str, ...]
    until: datetime
    id: str = field(default_factory=lambda: secrets.token_hex(16))


def public_key(private: bytes) -> bytes:
    """The public X25519 key of a private one; 32 bytes each."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sealed(secret: bytes, purpose: Purpose, public: bytes) -> bytes:
    """The envelope, as JSON. Raises ConfigError unless two different names answer for it, InputError for a bad key."""
    if not purpose.case.strip() or len({name.strip().casefold() for name in purpose.names if name.strip()}) != 2:
        raise ConfigError("an envelope needs a case number and the names of two different persons")
    ephemeral = X25519PrivateKey.generate()
    try:
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise InputError("the centre's public key is none of X25519") from error
    own = ephemeral.public_key().public_bytes_raw()
    told = _told(purpose)
    body = AESGCM(_key(shared, own, public)).encrypt(_NONCE, secret, told)
    parts = {"ephemeral": _text(own), "body": _text(body)}
    return orjson.dumps(
        {"kulla_envelope": 1, "purpose": orjson.Fragment(told), **parts}, option=orjson.OPT_APPEND_NEWLINE
    )


def opened(data: bytes, private: bytes, now: datetime, used: frozenset[str] = frozenset()) -> tuple[bytes, Purpose]:
    """The secret and what it is for. `used`: ids of envelopes opened before.

    Raises InputError when it is no envelope, was changed, or is sealed to another; ConfigError when it is no longer
    valid or was used before.
    """
    try:
        whole = orjson.loads(data)
        plain = whole["purpose"]
        until, names = datetime.fromisoformat(plain["until"]), tuple(plain["names"])
        purpose = Purpose(**{**plain, "until": until, "names": names})
        own, body = base64.b64decode(whole["ephemeral"]), base64.b64decode(whole["body"])
        shared = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(own))
        secret = AESGCM(_key(shared, own, public_key(private))).decrypt(_NONCE, body, _told(purpose))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, InvalidTag) as error:
        raise InputError(f"not an envelope sealed to this key, or changed ({type(error).__name__})") from None
    if now > purpose.until:
        raise ConfigError(f"envelope {purpose.id}: was valid until {purpose.until.isoformat()}; ask for a new one")
    if purpose.id in used:
        raise ConfigError(f"envelope {purpose.id}: was used before; an envelope serves one run")
    return secret, purpose


def _told(purpose: Purpose) -> bytes:
    return orjson.dumps({**asdict(purpose), "until": purpose.until.isoformat()}, option=orjson.OPT_SORT_KEYS)


def _key(shared: bytes, own: bytes, public: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=own + public, info=_INFO).derive(shared)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
