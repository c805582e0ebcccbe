"""What every operation may answer besides its own, for the description."""

from __future__ import annotations

from typing import Any, Final

from kulla.centre.api.schemas import Problem

COMMON: Final = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


def answers(whole: Any, status: int = 200) -> dict[int, Any]:
    """The answers of an operation whose own is `whole`."""
    return {status: whole, **COMMON}
