"""Retention by hand on a centre: under the same legal holds, and recorded as the worker's own is.

A lake says whose it is, so that nobody drops its events past the holds by naming its folder alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from kulla.centre.folder import TOML, Centre, told_in
from kulla.centre.running import serving
from kulla.errors import InputError, OutputError, UsageError
from kulla.lake import Hold, Lake, Policy, Retained

MARK: Final = ".centre"
"""In a lake: the folder of the centre that it belongs to."""


def mark(centre: Centre) -> None:
    """Write into the lake whose it is. Raises OutputError."""
    path = centre.lake / MARK
    try:
        if not path.is_file() or path.read_text("utf-8", "replace") != f"{centre.path}\n":
            waiting = path.with_name(f"{MARK}.new")
            waiting.write_text(f"{centre.path}\n", "utf-8")
            waiting.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def owner(folder: Path) -> Path | None:
    """The centre that a folder is, or that a lake belongs to; None for a lake of no centre.

    Raises InputError when the lake's centre is no longer where it was: nobody knows what it holds then.
    """
    for each in (folder, folder.absolute().parent, folder.resolve().parent):
        if (each / TOML).is_file() and told_in(each).version and (each == folder or _same(each / "lake", folder)):
            return each
    try:
        named = Path((folder / MARK).read_text("utf-8").rstrip("\n"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = f"cannot be read ({type(error).__name__}); name the centre's folder"
        raise InputError(f"{folder / MARK}: {why}") from None
    if (named / TOML).is_file() and _same(named / "lake", folder):
        return named
    raise InputError(f"{folder}: the lake of a centre that was at {named}; name the folder where that centre is now")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def retained(
    centre: Centre, days: int | None, of: Mapping[tuple[str, str], int], more: Sequence[Hold], dry: bool, hours: float
) -> Retained:
    """Drop what is too old, but for what the centre's legal holds and `more` cover. Once in a process: it becomes one
    of the centre's.

    Args:
        days: how long events are kept; None: as [retention] of centre.toml says.
        of: where it differs, over what centre.toml says of other constituents.
        hours: files that left the table so long ago are deleted.

    Raises UsageError when neither says how long, ConfigError, InputError, OutputError; then nothing was dropped.
    """
    serving.set_up(centre)
    serving.fit(centre)
    from django.utils import timezone

    from kulla.centre.people import door
    from kulla.centre.worker import leaping
    from kulla.centre.worker.retaining import drop, policy

    told = policy(centre)
    if days is None:
        if told is None:
            raise UsageError(f"give --days, or write [retention] into {centre.path / TOML}")
        days = told.days
    rules = Policy(days, {**(told.of if told else {}), **of})
    with door.zones(door.ALL_ZONES), Lake(centre.lake) as lake:
        done = drop(lake, rules, more, dry)
        if not dry:
            leaping.remember(centre.state, rules, timezone.now().date())
            lake.vacuum(hours)
    return done
