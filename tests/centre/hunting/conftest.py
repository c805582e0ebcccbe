"""A lake with events of every constituent of the cast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from centrecast import Cast
from django.utils import timezone
from huntlake import PLACES, events
from lakes import table

from kulla.centre.alerts import reading
from kulla.lake import Lake


@pytest.fixture
def lake(people: Cast, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake of the centre that is served."""
    settings.CENTRE = tmp_path
    monkeypatch.setattr(reading, "_lakes", reading._Lakes())
    opened = reading.lake()
    assert opened is not None
    for number, (place, zone) in enumerate(PLACES.items()):
        opened.append(table(events(place), place, zone, timezone.now()), f"{number:064x}", 0)
    yield opened
    opened.close()
