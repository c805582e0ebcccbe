"""What the console's process does before it serves, and the chains that are followed after a restore."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import workermade

STARTED = """
import sys
from pathlib import Path
from kulla.centre.folder import opened
from kulla.centre.running import serving
serving.set_up(opened(Path(sys.argv[1])))
import kulla.centre.running.application
"""
BROKEN = """
import sys
from pathlib import Path
from kulla.centre.folder import opened
from kulla.centre.running import serving
from kulla.centre.running.chains import broken
centre = opened(Path(sys.argv[1]))
serving.set_up(centre)
from kulla.centre.notices.taking import store, take_message
from kulla.centre.people import door
with door.zones(door.ALL_ZONES):
    take_message(b"Subject: x\\n\\nhelp", "civil", "mail")
store().put([b"an intake that ended before its row"])
print(list(broken(centre)))
store().remove(next(store().addresses()))
store().remove(next(store().addresses()))
print(list(broken(centre)))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("made")
    env = workermade.environ(workermade.rules(folder / "rules"))
    return workermade.centre(folder, env), env


def ran(code: str, path: Path, env: dict[str, str]) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code, str(path)], env=env, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_what_interrupted_intakes_left_goes_at_the_start(made: tuple[Path, dict[str, str]]) -> None:
    path, env = made
    left = [path / store / "incoming" / "0123" for store in ("evidence", "state/reports")]
    for each in left:
        each.parent.mkdir(mode=0o700, parents=True)
        each.write_bytes(b"cut off")
    ran(STARTED, path, env)
    assert not any(each.exists() for each in left)


def test_an_attachment_that_is_missing_is_told_with_its_report(made: tuple[Path, dict[str, str]]) -> None:
    whole, missing = ran(BROKEN, *made)
    assert whole == "[]"
    assert "report R-" in missing
    assert "is missing" in missing
