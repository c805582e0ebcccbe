"""One item of the evidence store as it lies on disk: a header that a key-encryption key opens, then the content.

    8 bytes   KULLAEV1
    16        id of the key-encryption key
    12        nonce
    88        AES-256-GCM under that key: the item's own key (32), the SHA-256 of its content (32), its size (8), tag
    …         the content, as stream.py seals it, under the item's own key

The header is bound to the item's address: an item under another's name does not open.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kulla.centre.vault.keyring import VaultKey
from kulla.errors import InputError

MAGIC: Final = b"KULLAEV1"
CONTEXT: Final = b"kulla evidence 1"
HEADER: Final = 8 + 16 + 12 + 88
_ADDRESS: Final = b"kulla evidence address 1\0"


@dataclass(frozen=True, slots=True)
class Head:
    """What a header holds. key: the item's own; sha256, size: of its content, in the clear."""

    key: bytes = field(repr=False)
    sha256: str
    size: int


def address_of(key: VaultKey, scope: str, sha256: str) -> str:
    """Where an item lies: HMAC-SHA256 over scope and hash, hexadecimal.

    Keyed: whoever sees the folder, but not the keys, cannot tell whether a file that they know is among the evidence.
    Scoped: equal files of two scopes have nothing in common.
    """
    told = scope.encode()
    data = _ADDRESS + len(told).to_bytes(8, "big") + told + bytes.fromhex(sha256)
    return hmac.digest(key.address, data, "sha256").hex()


def header(head: Head, address: str, key: VaultKey) -> bytes:
    """The header under the newest key-encryption key."""
    name, nonce = key.current, secrets.token_bytes(12)
    plain = head.key + bytes.fromhex(head.sha256) + head.size.to_bytes(8, "big")
    return MAGIC + name.encode() + nonce + AESGCM(key.secret(name)).encrypt(nonce, plain, _bound(name, address))


def read_header(data: bytes, address: str, key: VaultKey) -> Head:
    """What it holds. Raises InputError when it was altered, cut short or belongs to another address; ConfigError when
    its key is not among the keys."""
    if len(data) != HEADER or not data.startswith(MAGIC):
        raise InputError("no item of the evidence store, or its beginning was altered")
    name = data[8:24].decode("ascii", "replace")
    if name not in key.secrets:
        raise InputError(f"is under the key {name!a}, which is not among the keys, or its beginning was altered")
    try:
        plain = AESGCM(key.secret(name)).decrypt(data[24:36], data[36:], _bound(name, address))
    except InvalidTag:
        raise InputError("its beginning was altered, or it lies under another item's name") from None
    return Head(plain[:32], plain[32:64].hex(), int.from_bytes(plain[64:], "big"))


def _bound(name: str, address: str) -> bytes:
    return MAGIC + name.encode() + address.encode()
