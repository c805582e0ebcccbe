"""Files sealed to a recipient's X25519 key such that `openssl` opens them. Pure.

    shared = X25519(a fresh key pair for each package, the recipient's key)
    key    = HKDF-SHA256(shared, salt = fresh public key ‖ recipient's, info = "kulla sealed export 1 " + name)
    file   = AES-256-CTR(key, counter from 0)

Each key serves one file. That nothing was altered is what the package's signed manifest says, which is over the sealed
files; and inside lies a whole package with a signed manifest of its own. (`openssl enc` knows no authenticated mode.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from kulla.errors import ConfigError
from kulla.leaks.evidence.package import Content, blocks

INFO: Final = "kulla sealed export 1 "


@dataclass(frozen=True, slots=True)
class Box:
    """What seals one package. ephemeral: its public key, PEM, which goes with it."""

    ephemeral: bytes
    shared: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def sealed(self, name: str, content: Content) -> Content:
        """The content of the file of this name, sealed as it is read."""

        def flow() -> Iterator[bytes]:
            key = HKDF(SHA256(), 32, salt=self.salt, info=INFO.encode() + name.encode()).derive(self.shared)
            cipher = Cipher(AES256(key), CTR(bytes(16))).encryptor()
            for block in blocks(content):
                yield cipher.update(block)
            yield cipher.finalize()

        return flow


def new_box(recipient: bytes) -> Box:
    """A box for one package. recipient: the raw public key, 32 bytes. Raises ConfigError for an unusable one."""
    fresh = X25519PrivateKey.generate()
    try:
        shared = fresh.exchange(X25519PublicKey.from_public_bytes(recipient))
    except ValueError:
        raise ConfigError("the recipient's key is no usable X25519 key; ask for another") from None
    public = fresh.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Box(pem, shared, public.public_bytes_raw() + recipient)


def recipient_key(pem: bytes) -> bytes:
    """The raw key of a recipient's PEM file (`openssl pkey -pubout`). Raises ConfigError when it is none of X25519."""
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        key = None
    if not isinstance(key, X25519PublicKey):
        raise ConfigError(
            "the recipient's key is no X25519 public key in PEM; they make one with openssl genpkey -algorithm x25519"
            " -out private.pem and give openssl pkey -in private.pem -pubout"
        )
    return key.public_bytes_raw()


def key_fingerprint(recipient: bytes) -> str:
    """The first 16 bytes of SHA-256 over a raw public key, hexadecimal: compared by telephone before it is used."""
    return hashlib.sha256(recipient).hexdigest()[:32]


OPEN: Final = r"""#!/bin/sh
# Opens this package:  sh open.sh FINGERPRINT PRIVATE-KEY.pem FOLDER
#
# FINGERPRINT: of the key that signed, got by another way than this package. PRIVATE-KEY.pem: the recipient's X25519
# key. FOLDER: a new folder for what is inside. Needs openssl 3. While it runs, who may list this machine's processes
# can see the keys of the files: open it on a machine of your own.
set -u
LC_ALL=C
export LC_ALL
umask 077

fail() {
    echo "NOT OPENED: $1" >&2
    exit 1
}

if [ $# -ne 3 ]; then
    echo "NOT OPENED: sh open.sh FINGERPRINT PRIVATE-KEY.pem FOLDER" >&2
    exit 2
fi
[ -f "$2" ] || fail "no file $2"
key=$(CDPATH='' cd -- "$(dirname -- "$2")" && pwd)/$(basename -- "$2")
mkdir -- "$3" || fail "$3 must be a new folder"
out=$(CDPATH='' cd -- "$3" && pwd)
CDPATH='' cd -- "$(dirname -- "$0")" || fail "the folder of this script cannot be entered"
sh ./verify.sh "$1" >/dev/null || fail "the package does not verify"

hex() { od -An -v -tx1 | tr -d ' \n'; }
shared=$(openssl pkeyutl -derive -inkey "$key" -peerkey EPHEMERAL.pem | hex)
[ ${#shared} -eq 64 ] || fail "that is no private X25519 key"
salt=$(openssl pkey -pubin -in EPHEMERAL.pem -outform DER | tail -c 32 | hex)
salt=$salt$(openssl pkey -in "$key" -pubout -outform DER | tail -c 32 | hex)

find . -type f -name '*.enc' | cut -c 3- | while read -r sealed; do
    name=${sealed%.enc}
    mkdir -p "$out/$(dirname "$name")" || exit 1
    secret=$(openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt "hexkey:$shared" -kdfopt "hexsalt:$salt" \
        -kdfopt "info:kulla sealed export 1 $name" HKDF | tr -d ': \n')
    [ ${#secret} -eq 64 ] || exit 1
    openssl enc -d -aes-256-ctr -K "$secret" -iv 00000000000000000000000000000000 \
        -in "$sealed" -out "$out/$name" || exit 1
done || fail "openssl could not open a file; it must be version 3"
cmp -s verify.sh "$out/verify.sh" || fail "it is sealed to another key than that"
sh "$out/verify.sh" "$1" || fail "what was inside does not verify"
echo "OPENED: $out"
"""
