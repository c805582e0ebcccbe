"""The independent time-stamp over an item's hash (RFC 3161): requested at intake, checked when the answer comes. Pure.

The request is made once, with the item, and kept: the answer bears its nonce. Kulla opens no connection; whoever has a
way to the authority sends it. Until a checked answer is there, every document says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kulla.errors import InputError
from kulla.leaks.evidence.timestamp import request_for, verified

State = Literal["none", "waiting", "unchecked", "verified", "failed"]


@dataclass(frozen=True, slots=True)
class ItemStamp:
    """The time-stamp of one item. request, response: DER, empty when there is none.

    state: none (not even requested), waiting (for an answer), unchecked (no certificates were given), verified, failed.
    time, authority: of a verified one. problem: why one does not hold.
    """

    request: bytes = b""
    response: bytes = b""
    state: State = "none"
    time: str = ""
    authority: str = ""
    problem: str = ""


def stamped_list(number: str, sha256: str) -> bytes:
    """What is stamped: the item's hash at its place in an export, as `sha256sum -c` reads it.

    >>> stamped_list("E-1", "ab" * 32)[-12:]
    b'  items/E-1\\n'
    """
    return f"{sha256}  items/{number}\n".encode()


def stamp_request(number: str, sha256: str) -> bytes:
    """The request for an item, DER; to be made at intake and kept."""
    return request_for(stamped_list(number, sha256))


def item_stamp(
    number: str, sha256: str, request: bytes, response: bytes = b"", certificates: bytes = b""
) -> ItemStamp:  # fmt: skip
    """What there is. certificates: the authority's, PEM. Raises ConfigError for certificates that are none."""
    if not request:
        return ItemStamp()
    if not response:
        return ItemStamp(request, b"", "waiting")
    if not certificates:
        return ItemStamp(request, response, "unchecked")
    try:
        found = verified(response, request, stamped_list(number, sha256), certificates)
    except InputError as error:
        return ItemStamp(request, response, "failed", problem=str(error))
    return ItemStamp(request, response, "verified", found.time.isoformat(), found.authority)
