"""Where the optional real data lies. Tests that want it skip when it is absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("KULLA_SHARED", Path(__file__).resolve().parents[2] / "shared" / "data"))

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the optional real data is not here")
