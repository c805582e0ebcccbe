"""What every template knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from kulla.centre.people import door
from kulla.centre.site.menu import entries


def page(request: HttpRequest) -> dict[str, Any]:
    """The menu that the user may open, and whether this is an exercise."""
    sight = door.sight(getattr(request, "user", None))
    return {"menu": entries(sight, request.path), "exercise": settings.EXERCISE, "zones": sorted(sight.zones)}
