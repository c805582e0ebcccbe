"""Pseudonyms of accounts: what findings show until a second person agrees to look behind one.

A pseudonym is the first 60 bits of HMAC-SHA256 over register and account, written in Crockford's base 32. Its key is
derived from the owner's key, so that neither the centre nor anyone with the findings can try the staff list.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LABEL: Final = b"kulla register pseudonym 1"
_LENGTH: Final = 12


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms of one register's accounts under one key."""

    register: str
    key: bytes = field(repr=False)

    def of(self, subject: str) -> str:
        """The pseudonym of an account.

        >>> Pseudonyms("payroll", bytes(32)).of("a.hoxha")
        'A-2RF1-YBCY-H44W'
        """
        message = b"".join(len(part).to_bytes(4, "big") + part for part in (self.register.encode(), subject.encode()))
        digest = int.from_bytes(hmac.new(self.key, message, hashlib.sha256).digest()[:8], "big") >> 4
        letters = "".join(_ALPHABET[digest >> 5 * place & 31] for place in reversed(range(_LENGTH)))
        return "A-" + "-".join(letters[at : at + 4] for at in range(0, _LENGTH, 4))

    def behind(self, pseudonym: str, subjects: Iterable[str]) -> str | None:
        """The account among `subjects` that has this pseudonym; None when none has."""
        wanted = pseudonym.strip().upper()
        return next((subject for subject in subjects if hmac.compare_digest(self.of(subject), wanted)), None)


def pseudonyms(register: str, owner_key: bytes) -> Pseudonyms:
    """Pseudonyms under a key derived from the owner's key of one epoch."""
    return Pseudonyms(register, HKDF(SHA256(), 32, salt=None, info=_LABEL).derive(owner_key))
