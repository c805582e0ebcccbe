"""Keys of an imprint, derived from the owner's and the centre's. Pure: keys in, keys out.

    owner's key ──HKDF──► token, cell, block, long      at the owner's:  inner = F(owner's keys, value)
    centre's key ─HKDF──► outer                         at the centre's: outer = AES(centre's key, inner)

What the centre stores can be compared with a value only by someone who holds both. No key is ever derived from stored
data. Each derived key serves one purpose, told by its label, so that no output of one is an output of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32

_LABEL: Final = b"kulla register imprint 1: "


@dataclass(frozen=True, slots=True)
class OwnerKeys:
    """What makes tokens, cells and block keys. AES-256 keys; `long` is for HMAC-SHA256 of values over the fixed size.

    Not shown by `repr`, so that no log holds them.
    """

    token: bytes = field(repr=False)
    cell: bytes = field(repr=False)
    block: bytes = field(repr=False)
    long: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CentreKey:
    """What turns the owner's part into what the centre stores, and back."""

    outer: bytes = field(repr=False)


def owner_keys(key: bytes) -> OwnerKeys:
    """The four keys of an owner's key of one epoch (32 bytes). Raises ValueError for another length."""
    return OwnerKeys(*(_derived(key, label) for label in (b"token", b"cell", b"block", b"long")))


def centre_key(key: bytes) -> CentreKey:
    """The key of the centre's step. Raises ValueError for another length than 32 bytes."""
    return CentreKey(_derived(key, b"outer"))


def _derived(key: bytes, label: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes")
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=_LABEL + label).derive(key)
