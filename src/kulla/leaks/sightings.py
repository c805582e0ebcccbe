"""What chat exports tell of how a leak spread: when a file was seen, where, how often. Never by whom. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kulla.leaks.leaktable import LeakFile, Sighting


def spread(files: Sequence[LeakFile]) -> tuple[dict[str, Any], ...]:
    """The sightings in chat exports among the files, by file seen, channel and kind, the earliest first.

    Returns:
        Of each: file (its place among the files; None when it is none of them, or the export does not hold it),
        sha256 (empty when the export does not hold it), channel, kind, first, last (ISO), times, senders (how many
        different ones; their names are sealed, None when no key sealed them).
    """
    places = {file.sha256: at for at, file in enumerate(files)}
    groups: dict[tuple[str, str, str], list[Sighting]] = {}
    for file in files:
        for each in file.sightings:
            groups.setdefault((each.file_sha256, each.channel, each.kind), []).append(each)
    told = [_told(places.get(key[0]), key, seen) for key, seen in groups.items()]
    return tuple(sorted(told, key=lambda each: (each["first"], each["sha256"], each["channel"], each["kind"])))


def _told(place: int | None, key: tuple[str, str, str], seen: Sequence[Sighting]) -> dict[str, Any]:
    sha256, channel, kind = key
    times = [each.time for each in seen]
    senders = {each.sender for each in seen if each.sender}
    return {
        "file": place, "sha256": sha256, "channel": channel, "kind": kind, "first": min(times).isoformat(),
        "last": max(times).isoformat(), "times": len(times), "senders": len(senders) or None,
    }  # fmt: skip
