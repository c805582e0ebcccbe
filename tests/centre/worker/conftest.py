"""A centre on disk with the test's database, and its worker in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import workermade
from centrecast import Cast
from centremade import centre_at

from kulla.centre.folder import Centre
from kulla.centre.worker.ways import Ways
from kulla.centre.worker.work import Work
from kulla.settings import Settings


@pytest.fixture
def centre(tmp_path: Path, people: Cast, settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Centre:
    made = centre_at(tmp_path)
    settings.CENTRE = made.path  # type: ignore[attr-defined]
    monkeypatch.setenv("KULLA_RULES", str(workermade.rules(tmp_path / "rules")))
    for name in people.places:
        made.inbox_of(name)
    return made


@pytest.fixture
def work(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Read what lies in the inbox, parsing in this process: a pytest process has threads, and must not fork."""
    monkeypatch.setattr("kulla.centre.worker.work.connections.close_all", lambda: None)

    def run(**told: object) -> None:
        Work(centre, Ways(quiet=0, jobs=0, **told), Settings(), once=True).run()  # type: ignore[arg-type]

    return run
