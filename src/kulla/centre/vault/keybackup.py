"""The backup of a centre's keys, apart from the backup of its data: sealed to a key that exists only as shares.

`make_shares` draws an X25519 private key, gives it out as shares (shares.py) and keeps its public half among the keys
(`recovery.pub`). From then on the keys can be sealed to it at any time, without the shares. Recovering them takes as
many people as `need` says. New shares make new bundles; older bundles still need the older shares.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kulla.centre.vault.keyring import CENTRE_ID, RECOVERY, Keys, synced, write
from kulla.centre.vault.shares import combined, shares_of
from kulla.errors import InputError, OutputError, UsageError
from kulla.registers.keyfile import refuse_inside

_INFO: Final = b"kulla keys backup 1"
_NONCE: Final = bytes(12)  # the key is fresh for each bundle, so one fixed nonce is used once


def make_shares(keys: Keys, need: int, of: int) -> tuple[str, ...]:
    """Draw a recovery key; its shares, to be given out once and kept nowhere. Raises UsageError, OutputError."""
    secret = secrets.token_bytes(32)  # any 32 bytes are an X25519 private key
    found = shares_of(secret, need, of)
    public = X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    write(keys.folder / RECOVERY, base64.b64encode(public) + b"\n", replacing=True)
    return found


def back_up_keys(keys: Keys, out: Path) -> None:
    """Write every file among the keys, sealed to the recovery key, to a file that is not there yet.

    Raises UsageError when no shares have been made, OutputError.
    """
    public = keys.recovery()
    if not public:
        raise UsageError(f"{keys.folder}: no shares have been made yet; make them first: kulla centre shares")
    held = {path.name: base64.b64encode(path.read_bytes()).decode() for path in keys.files()}
    fresh = X25519PrivateKey.generate()
    own = fresh.public_key().public_bytes_raw()
    told = keys.id().encode()
    key = _key(fresh.exchange(X25519PublicKey.from_public_bytes(public)), own, public)
    whole = {
        "kulla_keys_backup": 1, "centre": told.decode(), "ephemeral": base64.b64encode(own).decode(),
        "body": base64.b64encode(AESGCM(key).encrypt(_NONCE, orjson.dumps(held), told)).decode(),
    }  # fmt: skip
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
        synced(out.parent)
    except OSError as error:
        raise OutputError(f"{out}: the keys' backup cannot be written: {error.strerror}") from error


def recover_keys(bundle: Path, shares: Iterable[str], folder: Path) -> Keys:
    """The keys of a bundle, written to a folder that is empty or not there yet.

    Raises InputError when the bundle cannot be read, was altered, or is sealed to other shares; UsageError when the
    folder holds something or lies inside a centre's; OutputError.
    """
    secret = combined(shares)
    refuse_inside(folder / CENTRE_ID)
    held = _opened(bundle, secret)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UsageError(f"{folder}: holds something already; name a new folder for the keys")
        folder.chmod(0o700)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made: {error.strerror}") from error
    for name in sorted(held, key=lambda name: name == CENTRE_ID):  # the last, as when they were made
        write(folder / name, held[name])
    return Keys(folder)


def _opened(bundle: Path, secret: bytes) -> dict[str, bytes]:
    try:
        whole = orjson.loads(bundle.read_bytes())
        if whole["kulla_keys_backup"] != 1:
            raise ValueError("version")
        own, body = (base64.b64decode(whole[name], validate=True) for name in ("ephemeral", "body"))
        private = X25519PrivateKey.from_private_bytes(secret)
        key = _key(
            private.exchange(X25519PublicKey.from_public_bytes(own)), own, private.public_key().public_bytes_raw()
        )
        held = orjson.loads(AESGCM(key).decrypt(_NONCE, body, str(whole["centre"]).encode()))
        found = {str(name): base64.b64decode(text, validate=True) for name, text in held.items()}
    except OSError as error:
        raise InputError(f"{bundle}: cannot be read: {error.strerror}") from error
    except (
        orjson.JSONDecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        InvalidTag,
        binascii.Error,
    ) as error:
        # Not chained: the parser's message can quote what it read.
        raise InputError(
            f"{bundle}: is no backup of keys, was altered, or needs other shares ({type(error).__name__})"
        ) from None
    if any(Path(name).name != name or name in ("", ".", "..") for name in found):
        raise InputError(f"{bundle}: names a file outside the folder of keys")
    return found


def _key(shared: bytes, own: bytes, public: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=own + public, info=_INFO).derive(shared)
