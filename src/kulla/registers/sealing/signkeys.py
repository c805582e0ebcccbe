"""The Ed25519 keys that seal and countersign: PEM files, as `openssl genpkey -algorithm ed25519` makes them."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from kulla.errors import ConfigError, InputError, OutputError
from kulla.registers.keyfile import refuse_inside, unsafe


def new_key(path: Path) -> Ed25519PublicKey:
    """Make a private key, readable by its owner alone, and its public key beside it (`.pub`).

    Raises UsageError inside an owner's or a centre's folder, OutputError when a file exists or cannot be written.
    """
    refuse_inside(path)
    key = Ed25519PrivateKey.generate()
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    _write(
        path.with_name(path.name + ".pub"),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        0o644,
    )
    return key.public_key()


def private_key(path: Path) -> Ed25519PrivateKey:
    """A private key. Raises InputError when it cannot be read, ConfigError when it is none or others may reach it."""
    problem = unsafe(path)
    if problem:
        raise ConfigError(problem)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: no PEM private key without a passphrase") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: not an Ed25519 key; make one with kulla register seal key")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """A public key. Raises InputError when it cannot be read, ConfigError when it is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: no PEM public key; give the .pub file beside the private one") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path}: not an Ed25519 key")
    return key


def _write(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise OutputError(f"{path}: exists already; a key is never overwritten") from error
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
