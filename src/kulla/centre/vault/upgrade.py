"""Bringing an older centre to this Kulla: the folder's layout step by step, then the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kulla.centre.centretoml import LAYOUT
from kulla.centre.folder import Centre, opened_any


@dataclass(frozen=True, slots=True)
class Step:
    """From one layout version to the next. `apply` may be called again after it was cut short."""

    origin: int
    text: str
    apply: Callable[[Centre], None]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done. before, after: layout versions; steps: their texts."""

    centre: Centre
    before: int
    after: int
    steps: tuple[str, ...]


STEPS: Final[tuple[Step, ...]] = ()
"""One for each layout version before LAYOUT, oldest first; version 1 is the first there was."""


def upgrade(
    path: Path, keys: Path | None, save: Callable[[Centre], None], migrate: Callable[[Centre], None],
    steps: Sequence[Step] = STEPS, layout: int = LAYOUT,
) -> Upgraded:  # fmt: skip
    """Upgrade a centre that nobody runs meanwhile.

    Args:
        save: called first, with the centre as it is: makes a backup, or does nothing.
        migrate: called last: brings the database to this Kulla's tables.
        layout: the version that the steps lead to.

    Each step is noted in centre.toml when it is done, so that one that is cut short goes on where it was. Raises
    InputError, ConfigError, UsageError as `folder.opened`; OutputError when the centre is running.
    """
    centre = opened_any(path, keys)
    with centre.alone():
        save(centre)
        before, done = centre.told.version, []
        for step in steps:
            if centre.told.version == step.origin < layout:
                step.apply(centre)
                centre = centre.rewritten(replace(centre.told, version=step.origin + 1))
                done.append(step.text)
        migrate(centre)
    return Upgraded(centre, before, centre.told.version, tuple(done))
