"""Fixtures: the registers of one small exercise, imprinted once."""

from __future__ import annotations

import pytest
from leakregisters import Opened, country


@pytest.fixture(scope="session")
def registers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Opened]:
    """Civil, payroll and vehicle registers of 2,000 persons."""
    return country(tmp_path_factory.mktemp("country"))
