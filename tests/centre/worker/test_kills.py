"""The worker is killed at every place where a power failure could meet it, the first and the last time it passes there;
then it runs again, and everything must be as if nothing had happened: no event and no alert lost, none there twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import workermade
from workermade import logon, ndjson, process

from kulla.centre.worker.faults import PLACES

PASSED = {
    "claimed": 5, "scanned": 2, "before-lake": 6, "after-lake": 5, "after-sync": 6, "in-database": 6,
    "after-database": 6, "before-reject": 2, "after-reject": 2, "after-move": 5,
}  # fmt: skip
"""How often an undisturbed run passes each place."""


def filled(folder: Path, env: dict[str, str]) -> Path:
    centre = workermade.centre(folder, env)
    register = centre / "registers" / "payroll"
    register.mkdir(mode=0o700)
    (register / "manifest.toml").write_text(workermade.manifest(), "utf-8")
    members = {
        f"{at}.json": ndjson([logon(at * 3 + each) for each in range(2)] + [process(at)]) for at in range(3)
    }  # fmt: skip
    inbox = centre / "inbox"
    (inbox / "tax" / "a.zip").write_bytes(workermade.zipped(members))
    (inbox / "tax" / "b.json").write_bytes(ndjson([logon(11), process(12)]) + b"{broken\n")
    (inbox / "tax" / "c.bin").write_bytes(bytes(range(256)) * 8)
    (inbox / "tax" / "d.csv").write_bytes(workermade.AUDIT)
    (inbox / "navy" / "a.json").write_bytes(ndjson([process(5, host="SHIP01")]))
    return centre


def test_no_kill_loses_or_doubles_anything(tmp_path: Path) -> None:
    env = workermade.environ(workermade.rules(tmp_path / "rules"))
    centre, out = filled(tmp_path, env), tmp_path / "out"
    out.mkdir()
    faults = list(dict.fromkeys(f"{place}:{number}" for place in PLACES for number in (1, PASSED[place])))
    driver = Path(workermade.__file__).with_name("workerkills.py")
    command = [sys.executable, str(driver), str(centre), str(tmp_path / "keys"), str(out), "none", *faults]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {fault: json.loads((out / f"{fault.replace(':', '-')}.json").read_text()) for fault in ("none", *faults)}
    undisturbed = found.pop("none")
    assert undisturbed["killed"] == 0
    _expected(undisturbed)
    for fault, what in found.items():
        assert what.pop("killed") == 1, f"{fault}: nothing was killed"
        for part, expected in undisturbed.items():
            assert part == "killed" or what[part] == expected, f"{fault}: {part}"


def _expected(found: dict[str, Any]) -> None:
    """The undisturbed run is right itself."""
    states = {row["name"]: (row["state"], row["events"], row["chunks"]) for row in found["files"]}
    assert states["a.zip"] == ("done", 9, 3)
    assert states["b.json"] == ("done", 2, 1)
    assert states["c.bin"][0] == "rejected"
    assert states["d.csv"][:2] == ("quarantined", 0)
    assert len(found["events"]) == len({event for event, _ in found["events"]}) == 12
    counts = {(row["title"], row["host"]): row["events"] for row in found["alerts"]}
    assert counts == {
        ("Failed logon", "DC01"): 7, ("Shadow copies deleted", "FS01"): 4, ("Shadow copies deleted", "SHIP01"): 1,
        ("Many failed logons", "DC01"): 7,
    }  # fmt: skip
    assert not any("J50312045K" in json.dumps(each) for each in (found["events"], found["alerts"], found["health"]))
    assert not [place for place in found["places"] if place.startswith("inbox/") and "/.done/" not in place]
