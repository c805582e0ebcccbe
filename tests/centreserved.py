"""A served centre with two registers, made once in a process, with one of everything in it: fixtures for a conftest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from centremade import NOW
from centreworld import World, world
from pytest_django.fixtures import Settings
from tracing import Office, office

from kulla.centre.alerts import reading
from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import Centre, create


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, Centre]:
    path = tmp_path_factory.mktemp("site")
    done = office(path, persons=400, months=2, reads=600)
    told = CentreToml(name="Qendra", host="kulla.example.al", exercise=True)
    return done, create(done.centre.path, path / "keys", told, NOW, done.key)


@pytest.fixture
def filled(
    registered: tuple[Office, Centre], all_zones: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """One of everything, in the centre that this process serves."""
    done, centre = registered
    settings.CENTRE, settings.KEYS, settings.EXERCISE = centre.path, centre.keys.folder, True
    monkeypatch.setattr(reading, "_lakes", reading._Lakes())
    yield world(done.centre.register("payroll").read().constituent)
    opened = reading.lake()
    assert opened is not None
    opened.close()
