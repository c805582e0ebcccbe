"""The pools of decoys as kept: encrypted with a key derived from the owner's (AES-256-GCM). Pure: bytes in, values out.

Layout: `KULLADECOYS1 `, the key's epoch as decimal, a line break, 12 bytes of nonce, the ciphertext of JSON. The
first line is authenticated with it. Drawn again from the key alone decoys would come out otherwise once the register
has changed; kept in the clear they would be a list of what not to believe, for whoever finds it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kulla.errors import ConfigError
from kulla.registers.decoys.draw import seed
from kulla.registers.decoys.persons import Decoy

_MARK: Final = b"KULLADECOYS1 "
_NONCE: Final = 12


def decoy_key(secret: bytes) -> bytes:
    """The key that decoys and codes are drawn from, of an owner's secret."""
    return seed(secret, "kulla extracts 1", "decoys")


@dataclass(frozen=True, slots=True)
class Pools:
    """All decoys of an owner.

    Attributes:
        decoys: those in use.
        retired: those that copies may hold but new ones do not, since the issuer refused their ids.
        refused: ids that the issuer has given to persons.
    """

    decoys: tuple[Decoy, ...] = ()
    retired: tuple[Decoy, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Decoy, ...]:
        """Every decoy that some copy may hold."""
        return self.decoys + self.retired

    def slots(self, pool: str) -> list[int]:
        """The slots of a pool, ascending."""
        return sorted({decoy.slot for decoy in self.decoys if decoy.pool == pool})


def sealed(pools: Pools, secret: bytes, epoch: int, nonce: bytes) -> bytes:
    """The file's bytes. `nonce`: 12 random bytes, never used before with this key."""
    head = _MARK + str(epoch).encode() + b"\n"
    body = orjson.dumps(asdict(pools))
    return head + nonce + AESGCM(seed(secret, "kulla extracts 1", "sealed")).encrypt(nonce, body, head)


def epoch_of(data: bytes, place: str) -> int:
    """The epoch of the key that a sealed file needs. Raises ConfigError naming `place` for no such file."""
    head, _, _ = data.partition(b"\n")
    if not head.startswith(_MARK) or not head[len(_MARK) :].isdigit():
        raise ConfigError(f"{place}: holds no sealed decoys")
    return int(head[len(_MARK) :])


def opened(data: bytes, secret: bytes, place: str) -> Pools:
    """The content of a sealed file. Raises ConfigError naming `place` for another key, or when it was changed."""
    head, _, rest = data.partition(b"\n")
    try:
        key = seed(secret, "kulla extracts 1", "sealed")
        body = AESGCM(key).decrypt(rest[:_NONCE], rest[_NONCE:], head + b"\n")
    except (InvalidTag, ValueError):
        raise ConfigError(f"{place}: this key does not open it; give the owner's key it was made with") from None
    plain = orjson.loads(body)
    decoys, retired = (tuple(map(_decoy, plain[part])) for part in ("decoys", "retired"))
    return Pools(decoys, retired, tuple(plain["refused"]))


def _decoy(plain: dict[str, Any]) -> Decoy:
    return Decoy(**{**plain, "fixed": tuple(map(tuple, plain.get("fixed", ())))})
