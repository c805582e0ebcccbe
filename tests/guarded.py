"""What tests of registers on screen work with."""

from __future__ import annotations

from dataclasses import dataclass

from tracing import Office

from kulla.centre.folder import Centre
from kulla.centre.people.models import Constituent


@dataclass
class Guarded:
    """The office whose registers they are, the centre, and the constituent of the register called payroll."""

    office: Office
    centre: Centre
    payroll: Constituent
