"""Ed25519 signatures over a package's manifest, such that `openssl pkeyutl` verifies them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from kulla.registers.seals.seal import fingerprint

_COMMIT: Final = b"kulla key commitment 1\0"
_REDACT: Final = b"kulla redaction 1\0"


def public_pem(key: Ed25519PrivateKey) -> bytes:
    """The public key as PEM."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint_of(key: Ed25519PrivateKey) -> str:
    """What is told out of band: of the raw public key, as seals bear it."""
    return fingerprint(key.public_key())


def holds(signature: bytes, data: bytes, public: Ed25519PublicKey) -> bool:
    """Whether the signature is that key's over this."""
    try:
        public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def commitment(label: str, secret: bytes) -> str:
    """A key as a package tells it: SHA-256 over a fixed word, the label and the key, hexadecimal.

    Keys are 32 random bytes, so this tells nothing of them; who later shows a key is held to it.
    """
    return hashlib.sha256(_COMMIT + label.encode() + b"\0" + secret).hexdigest()


def redaction_key(key: Ed25519PrivateKey, leak: str) -> bytes:
    """The secret from which the salts of a leak's redactions come: the same for each re-run, of no use elsewhere."""
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return hmac.digest(raw, _REDACT + leak.encode(), "sha256")
