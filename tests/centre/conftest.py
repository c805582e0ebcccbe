"""What tests of the centre share. They run on SQLite, and on PostgreSQL when DATABASE_URL names one
(tools/with_postgres.py starts one for a run): the same tests on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from centrecast import Cast, cast, everywhere
from centremade import centre_at
from django.test import Client
from pytest_django.fixtures import Settings

from kulla.centre.folder import Centre


@pytest.fixture
def all_zones(db: None) -> Iterator[None]:
    """All zones open, for what a test prepares and looks up itself."""
    with everywhere():
        yield


@pytest.fixture
def people(all_zones: None) -> Cast:
    """The cast."""
    return cast()


@pytest.fixture
def exercise(settings: Settings) -> None:
    """A centre of invented data: no second factor asked."""
    settings.EXERCISE = True


@pytest.fixture
def here(tmp_path: Path, settings: Settings) -> Centre:
    """A centre's folder and keys, which the process serves."""
    made = centre_at(tmp_path, exercise=True)
    settings.CENTRE, settings.KEYS = made.path, made.keys.folder
    return made


@pytest.fixture
def enter(people: Cast, exercise: None) -> Callable[[str], Client]:
    """`enter("analyst-civil")` gives a client that is signed in as that person."""

    def signed(name: str) -> Client:
        client = Client()
        client.force_login(people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed
