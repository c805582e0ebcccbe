"""What a trace states, apart from who ran it and when: what a re-run must find again, byte for byte. Pure."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from kulla.leaks.trace import Trace

OF_THE_RUN: Final = ("case", "purpose", "actor", "second", "made", "earlier", "protected")
"""Fields that belong to the run. `earlier` grows with each run; answers to sealed lists are blinded anew each time."""


def statements(trace: Trace) -> bytes:
    """The trace without what belongs to the run, as JSON with sorted keys."""
    whole: dict[str, Any] = orjson.loads(trace.json())
    for name in OF_THE_RUN:
        whole.pop(name, None)
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def statements_sha256(trace: Trace) -> str:
    """The hash by which two runs are compared."""
    return hashlib.sha256(statements(trace)).hexdigest()
