"""What stood when a page was made, sealed into its forms: the numbers of rows run over all zones, and a page that
showed them would tell how much goes on in the others."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from kulla.centre.alerts.actions import AsOf


def seal(asof: AsOf) -> str:
    """As a text that says nothing to who reads it, and that only this centre makes."""
    return _fernet().encrypt(f"{asof.alert:020d} {asof.act:020d}".encode()).decode()


def unseal(text: str) -> AsOf:
    """What was sealed. Raises ValueError for a text that `seal` did not make."""
    try:
        alert, act = _fernet().decrypt(text.encode()).decode().split()
    except (InvalidToken, UnicodeError):
        raise ValueError("no seal of this centre") from None
    return AsOf(int(alert), int(act))


def _fernet() -> Fernet:
    key = hashlib.sha256(b"kulla.alerts.asof:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
