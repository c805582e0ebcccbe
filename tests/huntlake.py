"""Events of every constituent of the cast, for tests of the hunt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

PLACES = {"tax": "civil", "health": "civil", "navy": "military", "border": "joint"}


def events(place: str) -> list[Mapping[str, Any]]:
    """Six events of a place, all of whose values bear its name."""
    now = timezone.now()
    return [
        {
            "time": now - timedelta(hours=number), "host": f"{place}-srv",
            "raw": f"{place}-raw whoami {number} {place}-value 198.51.100.7",
            "product": "windows", "category": "process_creation", "event_code": "1",
            "fields": {"Image": f"C:\\{place}\\cmd.exe", f"Only{place}": f"{place}-value", "User": f"{place}-user",
                       "Address": "198.51.100.7"},
        }
        for number in range(6)
    ]  # fmt: skip
