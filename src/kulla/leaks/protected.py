"""Who of a protected list is in a leak, so that only the list's owner learns it. Pure: bytes in, bytes out.

A list of service members, judges or witnesses may not be shown to the centre, and the centre may not even learn how
many of them are in the leak. Private set intersection by Diffie-Hellman (Meadows 1986; Huberman, Franklin, Hogg 1999),
on X25519 (RFC 7748):

    list's owner, once:   A_i = a · H(member_i)                        → the sealed list, in random order
    centre, each trace:   B_i = b · A_i,  S_j = b · H(leaked_j)        → the answer; b is drawn anew and forgotten
    list's owner:         a · S_j = a·b · H(leaked_j), and B_i = a·b · H(member_i): equal ones are the same person

The centre sees points only. H is SHA-256 taken as an x coordinate: half of all values lie on the curve, half on its
twist, and multiplying keeps them there, so a point tells that one bit of its value and, if X25519 is what it is held
for (decisional Diffie-Hellman on curve and twist), nothing else. Lists and answers are filled up with random points to
the next power of two: their sizes tell neither the list's nor the leak's. Whoever holds `a` can ask about anybody whom
they put on a list: a centre takes lists from those alone whom it has admitted, and an answer is sealed to the list's
owner for the way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kulla.errors import InputError

POINT: Final = 32
LEAST: Final = 1024
"""Lists and answers have at least so many points."""

MEANINGS: Final = ("national_id", "phone", "plate")
"""By what a member can be found; a member may have several."""

_LIST, _ANSWER = "kulla_protected_list", "kulla_protected_answer"
_NONCE: Final = bytes(12)  # the key is fresh for each answer


Member = tuple[str, str]
"""(meaning, normalised value): what identifies one person."""


@dataclass(frozen=True, slots=True)
class SealedList:
    """A list as it goes to the centre. name: what the centre calls it; points: blinded, filled up."""

    name: str
    public: bytes
    points: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ListKey:
    """What the list's owner keeps: 32 bytes each; `blind` multiplies points, `private` opens answers."""

    blind: bytes = field(repr=False)
    private: bytes = field(repr=False)


def new_list_key() -> ListKey:
    """A fresh key for one list."""
    return ListKey(secrets.token_bytes(POINT), secrets.token_bytes(POINT))


def seal_list(name: str, members: Sequence[Member], key: ListKey) -> bytes:
    """The sealed list of members. Equal members count once.

    Raises InputError for a list without members.
    """
    if not members:
        raise InputError("the protected list has no member with an id, phone or plate")
    points, _ = _laid_out(members, key)
    told = {"name": name, "public": _text(_public(key.private)), "points": _text(b"".join(points))}
    return orjson.dumps({_LIST: 1} | told, option=orjson.OPT_APPEND_NEWLINE)


def read_list(data: bytes, place: str) -> SealedList:
    """A sealed list. Raises InputError when it is none."""
    try:
        told = orjson.loads(data)
        if told[_LIST] != 1:
            raise ValueError(_LIST)
        return SealedList(str(told["name"]), _bytes(told["public"]), _points(told["points"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise InputError(f"{place}: is no protected list; its owner makes one with kulla leak protect") from None


def answer(sealed: SealedList, leaked: Iterable[Member], leak: str) -> bytes:
    """The answer to a list's owner: always made, always of a size that tells nothing.

    leaked: everything in the leak by which somebody can be found; leak: its id.
    """
    blind = secrets.token_bytes(POINT)
    theirs = [_times(blind, point) for point in sealed.points]
    ours = [_times(blind, hashed(member)) for member in dict.fromkeys(leaked)]
    ours += [secrets.token_bytes(POINT) for _ in range(_room(len(ours)) - len(ours))]
    body = orjson.dumps({"leak": leak, "list": _text(b"".join(theirs)), "leaked": _text(b"".join(sorted(ours)))})
    ephemeral = X25519PrivateKey.generate()
    own = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(sealed.public))
    sealed_body = AESGCM(_key(shared, own, sealed.public)).encrypt(_NONCE, body, sealed.name.encode())
    told = {"name": sealed.name, "ephemeral": _text(own), "body": _text(sealed_body)}
    return orjson.dumps({_ANSWER: 1} | told, option=orjson.OPT_APPEND_NEWLINE)


def open_answer(data: bytes, members: Sequence[Member], key: ListKey, place: str) -> tuple[str, tuple[Member, ...]]:
    """The leak's id, and which members are in it, in the list's order.

    Raises InputError when it is no answer to this list sealed with this key.
    """
    try:
        told = orjson.loads(data)
        if told[_ANSWER] != 1:
            raise ValueError(_ANSWER)
        own = _bytes(told["ephemeral"])
        shared = X25519PrivateKey.from_private_bytes(key.private).exchange(X25519PublicKey.from_public_bytes(own))
        opened = AESGCM(_key(shared, own, _public(key.private))).decrypt(
            _NONCE, _bytes(told["body"]), str(told["name"]).encode()
        )
        body = orjson.loads(opened)
        theirs, ours = _points(body["list"]), _points(body["leaked"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, InvalidTag):
        raise InputError(f"{place}: is no answer to a list of this key, or was changed") from None
    points, order = _laid_out(members, key)
    if len(points) != len(theirs):
        raise InputError(f"{place}: answers another list; give the members that were sealed")
    common = {_times(key.blind, point) for point in ours}
    held = {place for place, point in enumerate(theirs) if point in common}
    return str(body["leak"]), tuple(member for member, place in order.items() if place in held)


def hashed(member: Member) -> bytes:
    """A member as a point: SHA-256 over meaning and value, as an x coordinate."""
    meaning, value = member
    return hashlib.sha256(b"kulla protected 1\0" + meaning.encode() + b"\0" + value.encode()).digest()


def _laid_out(members: Sequence[Member], key: ListKey) -> tuple[list[bytes], dict[Member, int]]:
    """The points of a list in the order in which it is sealed, and the place of each member among them.

    What fills it up follows from the key, so that the owner can lay it out again.
    """
    points = {member: _times(key.blind, hashed(member)) for member in dict.fromkeys(members)}
    count = _room(len(points)) - len(points)
    fill = [hmac.digest(key.private, b"kulla protected fill" + n.to_bytes(4, "big"), "sha256") for n in range(count)]
    laid = sorted([*points.values(), *fill])
    place = {point: at for at, point in enumerate(laid)}
    return laid, {member: place[point] for member, point in points.items()}


def _room(count: int) -> int:
    """To how many points so many are filled up."""
    return max(LEAST, 1 << (count - 1).bit_length() if count else 0)


def _times(scalar: bytes, point: bytes) -> bytes:
    """X25519 (RFC 7748): the point times the scalar. Raises InputError for a point of small order, which no hash is."""
    try:
        return X25519PrivateKey.from_private_bytes(scalar).exchange(X25519PublicKey.from_public_bytes(point))
    except ValueError:
        raise InputError("the protected list or answer holds a point that no value has; ask its sender") from None


def _public(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _key(shared: bytes, ephemeral: bytes, public: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"kulla protected answer 1" + ephemeral + public).derive(shared)


def _points(text: str) -> tuple[bytes, ...]:
    data = _bytes(text)
    if len(data) % POINT:
        raise ValueError("points")
    return tuple(data[at : at + POINT] for at in range(0, len(data), POINT))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
