"""How something is judged that stands at an edge: as it is, or, where no row may decide it, with chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _as_it_is(records: float, what: str) -> bool:
    return records >= 0


def _nothing(what: str) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Edges:
    """Exact by default: at the register's own site. Elsewhere as `leaks.discretion` says.

    Attributes:
        beyond: whether so many records beyond a bound are enough, by the name of what is judged.
        nats: what is added to a bound of a log-likelihood.
    """

    beyond: Callable[[float, str], bool] = _as_it_is
    nats: Callable[[str], float] = _nothing


EXACT = Edges()
