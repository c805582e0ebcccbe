"""Acts: statements of accounts before they become reads or log lines, as columns of numbers.

An act names what was asked for, not who came of it; `kulla.exercise.touched` says which persons that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

SHAPES: Final = ("look_up", "family", "list", "page", "key_page", "sample", "scan", "aggregate")
LOOK_UP, FAMILY, LIST, PAGE, KEY_PAGE, SAMPLE, SCAN, AGGREGATE = range(8)
"""look_up: the person `target` by id; -1: an id that nobody has.
family: the household of the person `target`.
list: the employer `target`.
page: page `extra` of PAGE_ROWS persons by id of the municipality `target`, -1: of the register.
key_page: `extra` persons by id, from place `target` of the whole country's order on.
sample: `extra` persons by lot, the lot being `target`.
scan: all of the municipality `target`, -1: of the register. aggregate: the same, of which only sums are told.
"""

HOWS: Final = ("simple", "prepared", "copy", "cursor", "error", "cancelled", "replication", "stream")
SIMPLE, PREPARED, COPY, CURSOR, ERROR, CANCELLED, REPLICATION, STREAM = range(8)
"""How a statement was sent and ended. stream: a base backup or replication connection, outside any table."""

PAGE_ROWS: Final = 50

NO_GRADE, APPLICATION, COMMENT, FORGED = range(4)
"""How the end user is told: not, by application_name, by a comment; forged: by an application_name that lies."""


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts, one place in each array an act.

    Attributes:
        account: who logged in to the database, as a place in the roster.
        user: the end user behind a pool, a place in the roster; -1: none told.
        grade: how the end user is told.
        time: microseconds UTC when it ended; seconds: how long it took.
        shape, how, target, extra: see above.
        form: which of the shape's statements was used.
        session: number of the session within the day.
        cased: whether a case is named. client: number of the computer. tool: number of the application's name.
        misdeed: which of the misdeeds it is part of, -1 for honest acts. hidden: whether the audit lacks it.
    """

    account: NDArray[np.int32]
    user: NDArray[np.int32]
    grade: NDArray[np.int8]
    time: NDArray[np.int64]
    seconds: NDArray[np.float32]
    shape: NDArray[np.int8]
    how: NDArray[np.int8]
    target: NDArray[np.int64]
    extra: NDArray[np.int32]
    form: NDArray[np.int8]
    session: NDArray[np.int32]
    cased: NDArray[np.bool_]
    client: NDArray[np.int32]
    tool: NDArray[np.int16]
    misdeed: NDArray[np.int16]
    hidden: NDArray[np.bool_]

    def __len__(self) -> int:
        return self.time.size

    @property
    def doer(self) -> NDArray[np.int32]:
        """The person's account: the end user where one is told, else the account."""
        return np.where(self.user >= 0, self.user, self.account).astype(np.int32)

    def take(self, which: NDArray[Any]) -> Acts:
        """The acts at those places, or where the mask is true."""
        return Acts(**{each.name: getattr(self, each.name)[which] for each in fields(self)})

    def by_time(self) -> Acts:
        """Ordered by time."""
        return self.take(np.argsort(self.time, kind="stable"))


_DEFAULTS: Final[dict[str, tuple[str, float]]] = {
    "account": ("i4", 0), "user": ("i4", -1), "grade": ("i1", 0), "time": ("i8", 0), "seconds": ("f4", 0.004),
    "shape": ("i1", 0), "how": ("i1", 0), "target": ("i8", -1), "extra": ("i4", 0), "form": ("i1", 0),
    "session": ("i4", 0), "cased": ("?", False), "client": ("i4", 0), "tool": ("i2", 0), "misdeed": ("i2", -1),
    "hidden": ("?", False),
}  # fmt: skip


def acts(size: int, **values: ArrayLike) -> Acts:
    """`size` acts; what is not given has its default, single values hold for all."""
    columns = {
        name: np.ascontiguousarray(np.broadcast_to(np.asarray(values.pop(name, default)).astype(kind), (size,)))
        for name, (kind, default) in _DEFAULTS.items()
    }
    if values:
        raise TypeError(f"acts have no {min(values)}")
    return Acts(**columns)


def joined(parts: Iterable[Acts]) -> Acts:
    """The acts of all parts, one after the other."""
    some = list(parts)
    if not some:
        return acts(0)
    return Acts(**{each.name: np.concatenate([getattr(part, each.name) for part in some]) for each in fields(Acts)})
