"""What keeps a wrong number or a wrong clock from dropping years of events in one night.

After each dropping the first day that was kept is remembered, by place. Nights move it by a day. When it would move
much further (400 days became 40 in centre.toml, or the machine believes it is another year), nothing is dropped until
a person does it by hand once, who sees what goes.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Final

from kulla.errors import ConfigError, OutputError
from kulla.lake import Policy

FILE: Final = "retention.json"
"""In the centre's state: the first day kept, by zone/constituent, and in general under an empty name."""
MOST: Final = 35
"""Days further than last time: a worker that was not there for a month goes on by itself."""


def forbid(state: Path, rules: Policy, today: date, centre: Path) -> None:
    """Raise ConfigError when these rules would go further at once than nights go. Nothing remembered: they may."""
    try:
        before = {str(place): date.fromisoformat(day) for place, day in json.loads(_read(state)).items()}
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(
            f"{state / FILE}: cannot be read, so nobody knows what was kept; nothing was dropped: run kulla lake "
            f"retain {centre} --dry-run, then without that"
        ) from None
    now = _days(rules, today)
    for place in sorted({*before, *now}) if before else ():
        old, new = before.get(place, before.get("")), now.get(place, now[""])
        if old is not None and (new - old).days > MOST:
            raise ConfigError(
                f"days up to {new} would be dropped{f' of {place}' if place else ''}, and last time those before {old} "
                f"were: nothing was dropped. When the number in centre.toml and the clock are right, run kulla lake "
                f"retain {centre} --dry-run, then without that"
            )


def remember(state: Path, rules: Policy, today: date) -> None:
    """What was dropped now. Raises OutputError."""
    path = state / FILE
    waiting = path.with_suffix(".new")
    try:
        waiting.write_text(json.dumps({place: day.isoformat() for place, day in _days(rules, today).items()}), "utf-8")
        waiting.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; make room for it") from error


def _read(state: Path) -> str:
    try:
        return (state / FILE).read_text("utf-8")
    except FileNotFoundError:
        return "{}"
    except OSError as error:
        raise ConfigError(f"{state / FILE}: cannot be read: {error.strerror}; give it back to us") from None


def _days(rules: Policy, today: date) -> dict[str, date]:
    return {"": rules.first(today), **{"/".join(place): rules.first(today, place) for place in rules.of}}
