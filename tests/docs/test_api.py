"""docs/api.md names every operation of the API with its scopes, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from kulla.centre.api.access import Scope
from kulla.centre.api.views import api

ROOT = Path(__file__).resolve().parents[2]
OPERATION = re.compile(r"`(GET|POST|PATCH) (/[^`]*)`")


def _told() -> dict[tuple[str, str], set[str]]:
    rows = [line.split("|") for line in (ROOT / "docs" / "api.md").read_text("utf-8").splitlines() if "| `" in line]
    return {
        (verb, path): set(cells[2].replace(" ", "").split(","))
        for cells in rows
        for verb, path in OPERATION.findall(cells[1])
    }


def _there() -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                [scope] = [each for each in operation.auth_callbacks if isinstance(each, Scope)]
                for verb in operation.methods:
                    found[verb, "/" + f"{prefix}{path}".strip("/")] = set(scope.scopes)
    return found


def test_every_operation_is_told_with_its_scopes() -> None:
    told, there = _told(), _there()
    there["POST", "/cases/{number}/evidence/alerts"] |= {"alerts"}  # asked for within the operation
    assert len(there) > 35
    assert told == there
