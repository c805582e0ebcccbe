"""Memory of one batch serves the next."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from kulla.events.heap import keep_memory
if sys.argv[1] == "keep" and not keep_memory():
    sys.exit("no mallopt")
for turn in range(6):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    batch = [bytes(6 << 20) for _ in range(8)]
    del batch
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=False)
    if "no mallopt" in done.stderr:
        pytest.skip("the C library has no mallopt")
    return int(done.stdout)


def test_freed_memory_is_used_again() -> None:
    assert faults("keep") * 10 < faults("leave")
