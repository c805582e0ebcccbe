"""How probable a piece is under one explanation, in nats against one draw of any record (1/N a row).

An explanation gives each of its `size` records with equal chance and, with chance b, a row pasted from anywhere:

    P(r) = (1 - b) · explains(r) / size + b · stood(r) / N

stood(r) is the share of the horizon that the row stood so. The same background stands in every explanation and in the
null, so that rows of another time favour neither. An unlogged copy of one state is the explanation with size N.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.attribute.target import Target, dot

Floats = npt.NDArray[np.float64]

LEAST, MOST = 1e-4, 0.95
"""Bounds of b: no file is quite clean, and what explains one row in twenty explains nothing."""
STEPS: Final = 30


def closed(explained: Floats, stood: Floats, size: Floats, target: Target) -> Floats:
    """A lower bound of `scored` from sums alone: each row is either explained or pasted.

    explained: summed weight of the rows explained; stood: their summed weighted `log_stood`; size: records returned.
    """
    total = target.total
    b = np.clip((total - explained) / max(total, 1e-9), LEAST, MOST)
    with np.errstate(divide="ignore"):
        gain = np.log((1 - b) * target.population / np.maximum(size, 1))
    return explained * gain + (total - explained) * np.log(b) + target.stood - stood


def partial(explained: Floats, size: Floats, target: Target) -> Floats:
    """About what an explanation adds beside others: its rows at their own share, against 1/N.

    explained: summed weight of the rows explained; size: records returned, at least those explained.
    """
    most = np.maximum(size, np.maximum(explained, 1e-9))
    with np.errstate(divide="ignore"):
        gain = np.log(np.maximum(explained, 1e-9) * target.population / (target.total * most))
    return np.asarray(explained * gain)


def scored(rows: npt.NDArray[np.int64], size: float, target: Target) -> tuple[float, float]:
    """The greatest log-likelihood over b, and b. rows: those explained."""
    weight, stood = target.weight[rows], np.exp(target.log_stood[rows])
    outside = target.total - float(weight.sum())
    given = target.population / max(size, 1)
    rest = target.stood - dot(weight, target.log_stood[rows])
    b = float(np.clip(outside / target.total, LEAST, MOST))
    for _ in range(STEPS):
        pasted = b * stood
        share = (dot(weight, pasted / (pasted + (1 - b) * given)) + outside) / target.total
        share = float(np.clip(share, LEAST, MOST))
        if abs(share - b) <= 1e-9:
            break
        b = share
    return dot(weight, np.log((1 - b) * given + b * stood)) + outside * float(np.log(b)) + rest, b
