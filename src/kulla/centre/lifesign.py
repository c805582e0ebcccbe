"""A centre's sign of life as another machine sees it: a small file, written anew every few minutes.

    {"centre": "<id>", "at": "<time>"}

No Django and no key: whoever watches has neither.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sign:
    """The last sign. age: since it was given, None when there is none that can be read. centre: whose it is."""

    age: timedelta | None
    centre: str
    text: str


def row(centre: str, now: datetime) -> bytes:
    """What a sign says."""
    return json.dumps({"centre": centre, "at": now.isoformat(timespec="seconds")}).encode() + b"\n"


def give(path: Path, centre: str, now: datetime) -> None:
    """Write it whole or not at all. Raises OSError."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}")
    waiting.write_bytes(row(centre, now))
    waiting.chmod(0o644)  # whoever watches is another user
    waiting.replace(path)


def look(path: Path) -> Sign:
    """The sign in a file. The file's own time counts, which the machine that holds it gave; a time that lies ahead by
    more than a minute is no sign: a wrong clock would hide a long silence."""
    try:
        age = time.time() - path.stat().st_mtime
        told = json.loads(path.read_text("utf-8"))
        centre = str(told["centre"])
    except OSError as error:
        return Sign(None, "", f"cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        return Sign(None, "", "is no sign of life of a centre")
    if age < -60:
        return Sign(None, centre, f"its time lies {-age:.0f} s ahead: set the clocks")
    return Sign(timedelta(seconds=max(age, 0.0)), centre, f"centre {centre}, {max(age, 0.0):.0f} s ago")
