"""A trace from its own trace.json."""

from __future__ import annotations

import orjson
import pytest
from leaktraces import situations, trace

from kulla.errors import InputError
from kulla.leaks.trace import read_trace


def test_what_is_written_is_read_again() -> None:
    for name, each in {"plain": trace(), **situations()}.items():
        assert read_trace(each.json(), name).json() == each.json(), name


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"format": 99}', b"\xff"])
def test_what_is_no_trace_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(InputError, match=r"^leak\.json: no trace"):
        read_trace(body, "leak.json")


def test_a_field_of_another_version_is_refused() -> None:
    told = orjson.loads(trace().json())
    with pytest.raises(InputError):
        read_trace(orjson.dumps({**told, "more": 1}), "leak.json")
