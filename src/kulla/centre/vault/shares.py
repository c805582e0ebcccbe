"""The only place that knows shamir_mnemonic: a secret as words for several people, of whom some must come together.

SLIP-0039 (Shamir's secret sharing over GF(256), with a checksum in each share): 33 words a share for 32 bytes. Fewer
than the number asked for tell nothing of the secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import shamir_mnemonic  # type: ignore[import-untyped]
from shamir_mnemonic import MnemonicError, Share

from kulla.errors import InputError, UsageError

MOST: Final = 16


def shares_of(secret: bytes, need: int, of: int) -> tuple[str, ...]:
    """`of` shares, any `need` of which give the secret. Raises UsageError for numbers that protect nothing."""
    if not 2 <= need <= of <= MOST:
        raise UsageError(f"shares: at least 2 must be needed, and no more than there are, {MOST} at most")
    return tuple(shamir_mnemonic.generate_mnemonics(1, [(need, of)], secret)[0])


def combined(shares: Iterable[str]) -> bytes:
    """The secret of shares; more than are needed may be given.

    Raises InputError saying which share cannot be read, or how many are missing; never a word of one.
    """
    found = _read(shares)
    if not found:
        raise InputError("no share was given")
    need = next(iter(found.values())).member_threshold
    if len(found) < need:
        raise InputError(f"{need} different shares are needed, and {len(found)} were given")
    try:
        return bytes(shamir_mnemonic.combine_mnemonics([share.mnemonic() for share in list(found.values())[:need]]))
    except MnemonicError:
        raise InputError("these shares do not go together; compare each with its paper") from None


def needed(shares: Iterable[str]) -> int:
    """How many more shares are needed than these; raises InputError as `combined` for one that is wrong."""
    found = _read(shares)
    return max(0, next(iter(found.values())).member_threshold - len(found)) if found else 1


def _read(shares: Iterable[str]) -> dict[int, Share]:
    """Different shares by their number."""
    found: dict[int, Share] = {}
    for number, text in enumerate(shares, 1):
        try:
            share = Share.from_mnemonic(" ".join(text.lower().split()))
        except (MnemonicError, ValueError):
            raise InputError(f"share {number}: is no share, or has a word wrong; compare it with the paper") from None
        if found and share.common_parameters() != next(iter(found.values())).common_parameters():
            raise InputError(f"share {number}: belongs to other shares than the first one")
        found[share.index] = share
    return found
