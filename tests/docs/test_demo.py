"""What `make run` shows of a trace, on a smaller country: each step runs, and nobody innocent is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson

ROOT = Path(__file__).resolve().parents[2]
KULLA = Path(sys.executable).with_name("kulla")


def test_the_demo_traces_its_workbook(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ROOT / "tools" / "demo.sh", KULLA, tmp_path / "demo"], env={**os.environ, "PERSONS": "20000", "RUNS": "50"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    demo = tmp_path / "demo"
    assert (demo / "trace.pdf").read_bytes().startswith(b"%PDF")
    assert "<html" in (demo / "trace.html").read_text("utf-8")
    first, last = (orjson.loads((demo / name).read_bytes()) for name in ("first.json", "trace.json"))
    truth = orjson.loads((demo / "country/truth/misdeeds.jsonl").read_bytes().splitlines()[0])
    assert len(last["pieces"]) in (2, 3)  # drawn by lot: one in some hundred draws splits a part
    assert all(not each["named"] for each in first["attributions"])
    named = [
        each["candidates"][at]["account"]
        for each in last["attributions"] if each["outcome"] in ("episode", "set")
        for at in each["named"]
    ]  # fmt: skip
    assert set(named) == set(truth["accounts"])
    calibrated = orjson.loads((demo / "centre/registers/payroll/calibration.json").read_bytes())
    assert {cell["runs"] for cell in calibrated["naming"][0]["cells"]} == {50}
