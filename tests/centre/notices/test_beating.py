"""The sign of life: given while the centre lives, withheld when it only seems to."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from kulla.centre.folder import Centre
from kulla.centre.lifesign import look
from kulla.centre.notices.beating import beat_due
from kulla.centre.running.pulse import Pulse, beat
from kulla.errors import ConfigError, OutputError

pytestmark = pytest.mark.django_db
Configure = Callable[..., Centre]
NOW = timezone.now()


def test_it_is_given_every_few_minutes(configure: Configure, tmp_path: Path) -> None:
    path = tmp_path / "beat"
    centre = configure(heartbeat={"file": str(path), "minutes": 5})
    beat_due(centre, NOW)
    assert look(path).centre == centre.told.id
    path.unlink()
    beat_due(centre, NOW + timedelta(minutes=4))
    assert not path.exists()
    beat_due(centre, NOW + timedelta(minutes=5))
    assert path.exists()
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_worker_that_stands_still_gives_none(configure: Configure, tmp_path: Path) -> None:
    path = tmp_path / "beat"
    centre = configure(heartbeat={"file": str(path)})
    beat(centre.state, "reading")
    old = json.loads((centre.state / Pulse.NAME).read_text())
    (centre.state / Pulse.NAME).write_text(json.dumps({**old, "at": time.time() - 3600}))
    with pytest.raises(OutputError, match="no sign of life"):
        beat_due(centre, NOW)
    assert not path.exists()


def test_what_cannot_be_reached_is_told_and_tried_again(configure: Configure, tmp_path: Path) -> None:
    centre = configure(heartbeat={"file": str(tmp_path / "gone" / "beat"), "url": "https://127.0.0.1/x?key=1"})
    for _ in range(2):
        with pytest.raises(OutputError, match=r"cannot be written.*public address") as failed:
            beat_due(centre, NOW)
        assert "key" not in str(failed.value)


def test_nothing_is_configured(configure: Configure) -> None:
    beat_due(configure(), NOW)
    with pytest.raises(ConfigError, match="absolute"):
        beat_due(configure(heartbeat={"file": "beat"}), NOW)
