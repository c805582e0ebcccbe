"""The table of settings: name, default, unit and meaning, each with the environment variable that changes it.

`Settings` is frozen and picklable, so that a worker sees what its parent saw. docs/settings.md holds the same
table for readers; a test keeps both equal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, cast

from kulla.errors import ConfigError

KIB: Final = 1 << 10
MIB: Final = 1 << 20
GIB: Final = 1 << 30

PREFIX: Final = "KULLA_"

_SIZE = re.compile(r"(\d+)\s*(KiB|MiB|GiB|TiB)?", re.IGNORECASE)
_FACTORS = {"": 1, "kib": KIB, "mib": MIB, "gib": GIB, "tib": 1 << 40}


def _setting(default: int | str, unit: str, meaning: str, least: int = 0) -> Any:
    return field(default=default, metadata={"unit": unit, "help": meaning, "least": least})


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be tuned. Sizes are bytes, times seconds."""

    archive_depth: int = _setting(
        5, "levels", "How deep archives and compressions may nest; a .tar.gz counts as two.", 1
    )
    archive_members: int = _setting(200_000, "members", "The most members read from one archive.", 1)
    archive_member_bytes: int = _setting(32 * GIB, "bytes", "The most bytes unpacked from one member.", 1)
    archive_bytes: int = _setting(64 * GIB, "bytes", "The most bytes unpacked from one file, all members together.", 1)
    archive_ratio: int = _setting(
        1000,
        "times",
        "How much larger than its packed form data may become. Logs pack 10 to 200 times; deflate cannot exceed 1032.",
        1,
    )
    archive_ratio_free: int = _setting(64 * MIB, "bytes", "Unpacked bytes that are allowed before the ratio counts.")
    archive_window: int = _setting(
        256 * MIB, "bytes", "The most memory an xz or zstd file may ask for to be unpacked.", MIB
    )
    spool_bytes: int = _setting(16 * GIB, "bytes", "The most temporary space for one member that must be seekable.", 1)
    spool_folder: str = _setting("", "folder", "Where temporary files go; empty: the system's folder for them.")
    stdin_bytes: int = _setting(64 * GIB, "bytes", "The most bytes taken from standard input.", 1)
    worker_memory: int = _setting(2 * GIB, "bytes", "Memory a worker may use beyond what it has at its start.", MIB)
    worker_seconds: int = _setting(600, "seconds", "Processor time a worker may spend on one piece of input.", 1)
    worker_rate: int = _setting(
        MIB, "bytes", "Input that earns a worker one more second; ten times slower than the slowest format.", 1
    )
    worker_files: int = _setting(256, "files", "Files a worker may hold open.", 32)
    worker_ahead: int = _setting(4, "pieces", "Finished pieces that may wait for an earlier one, for each worker.", 1)
    worker_buffer: int = _setting(64 * MIB, "bytes", "Results that may wait for an earlier piece, for each worker.", 1)
    trace_runs: int = _setting(20, "runs", "Traces that may begin within 24 hours for each register.", 1)


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table. `least` is the smallest number allowed."""

    name: str
    default: int | str
    unit: str
    help: str
    least: int

    @property
    def variable(self) -> str:
        """The environment variable that changes it.

        >>> TABLE[0].variable
        'KULLA_ARCHIVE_DEPTH'
        """
        return PREFIX + self.name.upper()


TABLE: Final[tuple[Setting, ...]] = tuple(
    Setting(name=f.name, default=cast("int | str", f.default), **f.metadata) for f in fields(Settings)
)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings with what `environment` changes. Byte sizes may carry KiB, MiB, GiB or TiB.

    Raises ConfigError naming the variable. Variables of other names are left alone.

    >>> read_settings({"KULLA_WORKER_MEMORY": "3 GiB"}).worker_memory == 3 * GIB
    True
    """
    changed = {row.name: _value(row, environment[row.variable]) for row in TABLE if environment.get(row.variable)}
    return Settings(**changed)  # type: ignore[arg-type]


def _value(row: Setting, text: str) -> int | str:
    if isinstance(row.default, str):
        return text
    found = _SIZE.fullmatch(text.strip())
    if not found or (found[2] and row.unit != "bytes"):
        example = "a number of bytes such as 512 MiB" if row.unit == "bytes" else f"a whole number of {row.unit}"
        raise ConfigError(f"{row.variable}: not {example}")
    number = int(found[1]) * _FACTORS[(found[2] or "").lower()]
    if not row.least <= number < 1 << 62:
        raise ConfigError(f"{row.variable}: must be at least {row.least} {row.unit} and less than 2^62")
    return number


def shown(row: Setting) -> str:
    """A default as documentation shows it.

    >>> shown(TABLE[2])
    '32 GiB'
    """
    if row.unit == "bytes" and isinstance(row.default, int):
        for name, factor in (("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
            if row.default and row.default % factor == 0:
                return f"{row.default // factor} {name}"
    return str(row.default)


def table_text() -> str:
    """The table in Markdown, as docs/settings.md holds it."""
    lines = ["| Setting | Default | Unit | Variable | Meaning |", "|---|---|---|---|---|"]
    lines += [f"| {r.name} | {shown(r)} | {r.unit} | `{r.variable}` | {r.help} |" for r in TABLE]
    return "\n".join(lines) + "\n"
