"""A certificate that a centre signs for itself, for trials and closed networks: its fingerprint is told at `init`."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kulla.centre.vault import keyring
from kulla.errors import ConfigError, InputError

CERTIFICATE, KEY = "tls.crt", "tls.key"
_LIFE: Final = timedelta(days=825)
"""The longest that Apple's systems accept of a certificate a person has trusted by hand."""


@dataclass(frozen=True, slots=True)
class Told:
    """What people are told of a certificate: its SHA-256, as browsers show it, and when it ends."""

    fingerprint: str
    until: datetime


def make(keys: Path, host: str, now: datetime) -> Told:
    """Make `tls.crt` and `tls.key` among the keys, for `host` and this machine's own names.

    Raises OutputError when they exist or cannot be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host.strip("[]")[:64])])
    names = dict.fromkeys([host.strip("[]"), "localhost", "127.0.0.1", "::1"])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, SHA256())
    )
    keyring.write(keys / KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    keyring.write(keys / CERTIFICATE, made.public_bytes(Encoding.PEM))
    return _told(made)


def check(certificate: Path, key: Path) -> Told:
    """What a pair of PEM files tells. Raises InputError when one cannot be read, ConfigError when one is none or they
    do not belong together."""
    try:
        found = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        private = load_pem_private_key(key.read_bytes(), None)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, IndexError):
        # Not chained: a parser's message may quote the key.
        raise ConfigError(f"{certificate}, {key}: no PEM certificate and private key without a passphrase") from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*form) != found.public_key().public_bytes(*form):
        raise ConfigError(f"{key}: is not the key of {certificate}")
    return _told(found)


def _told(found: x509.Certificate) -> Told:
    return Told(found.fingerprint(SHA256()).hex(":").upper(), found.not_valid_after_utc.astimezone(UTC))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
