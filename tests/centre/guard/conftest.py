"""A centre that has received two registers of an exercise country."""

from __future__ import annotations

from pathlib import Path

import pytest
from centrecast import Cast
from centremade import NOW
from guarded import Guarded
from pytest_django.fixtures import Settings
from tracing import Office, office

from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import Centre, create
from kulla.centre.people.models import Constituent


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, Centre]:
    path = tmp_path_factory.mktemp("guard")
    done = office(path, persons=1500, months=3, reads=3000)
    told = CentreToml(name="Qendra", host="kulla.example.al", exercise=True)
    return done, create(done.centre.path, path / "keys", told, NOW, done.key)


@pytest.fixture
def guarded(made: tuple[Office, Centre], people: Cast, settings: Settings) -> Guarded:
    done, centre = made
    settings.CENTRE, settings.KEYS = centre.path, centre.keys.folder
    name = done.centre.register("payroll").read().constituent  # taxes
    payroll = Constituent.objects.create(name=name, title="Payroll office", zone="civil")
    return Guarded(done, centre, payroll)


@pytest.fixture
def leak(made: tuple[Office, Centre], tmp_path: Path) -> Path:
    """The file that the bulk export of the exercise left."""
    done, _centre = made
    part = "payroll@,misdeed=bulk_export,columns=nid+full_name+employer+gross_salary+period"
    return done.leak(tmp_path.name + ".csv", part, plain=True)
