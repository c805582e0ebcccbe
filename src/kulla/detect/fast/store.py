"""Plans as bytes, for a cache. Only the plan's own types can be read back: a cache file cannot run code."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
from typing import Any

import numpy as np
import pyarrow as pa

from kulla.detect import plan as plans
from kulla.detect import rule
from kulla.detect.fast import keywords, literals
from kulla.events.logsource import Logsource

VERSION = 2
"""Raised whenever a plan means something else or looks different."""

_OWN: dict[str, dict[str, Any]] = {
    "kulla.detect.plan": {"Plan": plans.Plan, "FieldPlan": plans.FieldPlan},
    "kulla.detect.fast.keywords": {"KeywordPlan": keywords.KeywordPlan},
    "kulla.detect.fast.literals": {"Scanner": literals.Scanner, "_Layer": literals._Layer},
    "kulla.detect.rule": {
        kind.__name__: kind
        for kind in (
            rule.Text, rule.Regex, rule.Cidr, rule.Compare, rule.Exists, rule.Null, rule.FieldRef, rule.TimePart,
            rule.Wild,
        )
    },
    "kulla.events.logsource": {"Logsource": Logsource},
}  # fmt: skip
_FOREIGN = {
    ("copyreg", "__reduce_ex__"), ("copyreg", "_reconstructor"), ("builtins", "object"), ("builtins", "getattr"),
    ("ipaddress", "IPv4Network"), ("ipaddress", "IPv6Network"), ("numpy", "ndarray"), ("numpy", "dtype"),
    ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.numeric", "_frombuffer"),
}  # fmt: skip


def cache_key(rules: bytes) -> str:
    """The name under which a plan may be kept: a digest of the rules' content (given as a digest of theirs), of
    the libraries' versions and of the plan's own.

    >>> len(cache_key(b"digest of the rules"))
    32
    """
    parts = (b"kulla.plan", VERSION, rules, np.__version__, pa.__version__, sys.version_info[:2], sys.byteorder)
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def to_bytes(plan: plans.Plan) -> bytes:
    """The plan as bytes."""
    return pickle.dumps(plan, protocol=5)


def from_bytes(data: bytes) -> plans.Plan:
    """The plan again. Raises ValueError when the bytes are no plan."""
    try:
        plan = _Reader(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, TypeError, ImportError) as error:
        raise ValueError(f"not a plan: {type(error).__name__}") from None
    if not isinstance(plan, plans.Plan):
        raise ValueError("not a plan")
    return plan


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known = _OWN.get(module, {}).get(name)
        if known is not None:
            return known
        if (module, name) in _FOREIGN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a plan")
