"""The case that an address names."""

from __future__ import annotations

from typing import Annotated

from ninja import Field

from kulla.centre.cases.models import Case
from kulla.centre.cases.views import read
from kulla.centre.people import door
from kulla.centre.people.models import User

Number = Annotated[str, Field(max_length=20, pattern=r"^[A-Z0-9-]+$")]


def case_of(user: User, number: str) -> Case:
    """The case, to be changed."""
    return door.one(user, Case.objects.select_related("constituent", "lead"), number=number)


def read_case(user: User, number: str) -> Case:
    """The case, to be shown: that a sensitive one was read is kept in the audit, as on the console."""
    return read(user, number, through="api")
