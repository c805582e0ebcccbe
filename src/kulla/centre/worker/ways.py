"""How the worker goes about: the table [worker] of centre.toml, read and checked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from kulla.alert import LEVELS, Level
from kulla.centre.centretoml import CentreToml
from kulla.errors import ConfigError
from kulla.share.marks import TLPS

Done = Literal["keep", "delete"]
KEYS: Final = ("quiet", "done", "done_days", "jobs", "level", "tlp", "disk_free", "backlog_hours", "deep_days")


@dataclass(frozen=True, slots=True)
class Ways:
    """The table [worker].

    Attributes:
        quiet: seconds for which a file must lie unchanged before it is taken, unless it was renamed from *.part.
        done: what becomes of a file that was read: kept in inbox/.done/<day>/, or deleted.
        done_days: days after which a kept file is deleted; 0 for never.
        jobs: confined processes that parse and match.
        level: alerts are raised from this level on. Sigma means informational rules for enrichment, not for alerts;
            they feed correlations all the same.
        tlp: of alerts, by constituent; "" is the default of all others.
        disk_free: share of the disk that should stay free.
        backlog_hours: how long a file may wait before it is told.
        deep_days: days after which every byte of the lake is read and compared again; 0 for never.
    """

    quiet: float = 10.0
    done: Done = "keep"
    done_days: int = 0
    jobs: int = 1
    level: Level = "low"
    tlp: tuple[tuple[str, str], ...] = ()
    disk_free: float = 0.1
    backlog_hours: float = 1.0
    deep_days: float = 7.0

    def tlp_of(self, constituent: str) -> str:
        """The marking that alerts of a constituent bear from the start."""
        table = dict(self.tlp)
        return table.get(constituent, table.get("", "AMBER"))


def ways(told: CentreToml) -> Ways:
    """The table of a centre. Raises ConfigError naming the key that is wrong.

    >>> ways(CentreToml("Qendra", "localhost", more={"worker": {"quiet": 2, "jobs": 1}})).quiet
    2
    """
    table: Any = told.more.get("worker", {})
    loose = sorted(set(table) - set(KEYS))
    if loose:
        raise ConfigError(f"centre.toml: [worker] has no {loose[0]}; it has {', '.join(KEYS)}")
    for key in ("quiet", "done_days", "jobs", "disk_free", "backlog_hours", "deep_days"):
        value = table.get(key, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ConfigError(f"centre.toml: [worker] {key}: must be a number, 0 or more")
    if table.get("done", "keep") not in get_args(Done):
        raise ConfigError(f"centre.toml: [worker] done: must be one of {', '.join(get_args(Done))}")
    if table.get("level", "low") not in LEVELS:
        raise ConfigError(f"centre.toml: [worker] level: must be one of {', '.join(LEVELS)}")
    tlp = table.get("tlp", {})
    tlp = {"": tlp} if isinstance(tlp, str) else tlp
    if not isinstance(tlp, dict) or not set(tlp.values()) <= set(TLPS):
        raise ConfigError(f"centre.toml: [worker] tlp: one of {', '.join(TLPS)}, or a table of them by constituent")
    return Ways(
        quiet=table.get("quiet", 10.0),
        done=table.get("done", "keep"),
        done_days=int(table.get("done_days", 0)),
        jobs=max(1, int(table.get("jobs", 0)) or len(os.sched_getaffinity(0))),
        level=table.get("level", "low"),
        tlp=tuple(sorted(tlp.items())),
        disk_free=float(table.get("disk_free", 0.1)),
        backlog_hours=float(table.get("backlog_hours", 1.0)),
        deep_days=float(table.get("deep_days", 7.0)),
    )
