"""Where a trace or a calibration runs, from the options that tell it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from kulla.errors import InputError, UsageError
from kulla.leaks.desk.site import Site


def site_of(
    centre: Path | None, centre_key: Path | None, keys: Mapping[str, Path], owner: Path | None, key: Path | None,
    case: str, now: datetime,
) -> Site:  # fmt: skip
    """A centre, or an owner's site. case: of a trace, which at a centre needs owners' keys; empty otherwise.

    Raises UsageError when it is neither or both, or a key is missing.
    """
    from kulla.leaks.desk.centrefolder import CentreFolder
    from kulla.leaks.desk.runs import runs_in
    from kulla.leaks.desk.site import CentreSite, OwnerSite
    from kulla.registers.folder import OwnerFolder
    from kulla.registers.keyfile import read_key

    if (centre is None) == (owner is None):
        raise UsageError("give --centre DIR, or at the owner's site --owner DIR")
    if owner is not None:
        if key is None:
            raise UsageError("--owner: needs --key FILE, the owner's key file")
        return OwnerSite(OwnerFolder(owner), key)
    if centre is None or centre_key is None:
        raise UsageError("--centre: needs --centre-key FILE, the centre's key file")
    folder = CentreFolder(centre)
    folder.check()
    if case and not keys:
        raise UsageError(
            "--owner-key REGISTER=FILE: the owner's key is missing; without it an imprint can be compared with nothing."
            f" Registers here: {', '.join(folder.names())}"
        )
    unknown = sorted(set(keys) - set(folder.names()))
    if unknown:
        raise InputError(f"--owner-key {unknown[0]}: no such register here; there are {', '.join(folder.names())}")
    used = frozenset(envelope for run in runs_in(folder.runs) for envelope in run.envelopes)
    return CentreSite(folder, read_key(centre_key, "centre"), keys, case, now, used)


def owner_keys(texts: Sequence[str]) -> dict[str, Path]:
    """Register → file of its owner's key, from --owner-key."""
    return {name: Path(path) for name, path in (pair("--owner-key", text) for text in texts)}


def pair(option: str, text: str) -> tuple[str, str]:
    """REGISTER and FILE of an option's text. Raises UsageError."""
    name, found, value = text.partition("=")
    if not found or not name or not value:
        raise UsageError(f"{option} {text}: write REGISTER=FILE")
    return name, value


def stage(name: str) -> None:
    """Tell of a stage, on standard error."""
    print(f"kulla: {name}", file=sys.stderr)
