"""Which rules are run on the events of a place, and when they have to be loaded again."""

from __future__ import annotations

from pathlib import Path

from kulla.alert import Level
from kulla.centre.alerts import rules as tuned
from kulla.centre.people.models import Constituent
from kulla.centre.worker import health
from kulla.centre.worker.bench import Books, books
from kulla.centre.worker.models import Kind
from kulla.settings import Settings


def of_places(state: Path, level: Level, settings: Settings) -> Books:
    """The books of all constituents, compiled into a cache in `state`."""
    places = Constituent.objects.order_by("name").values_list("zone", "name")
    cache = state / "rules-cache"
    cache.mkdir(mode=0o700, exist_ok=True)
    return books({place: tuned.paths(*place) for place in places}, level, str(cache), settings)


def told(found: Books) -> None:
    """Say on the page of health which rules could not be loaded. All zones must be open."""
    problems = {
        str(problem.place): f"{problem.place}: {problem.message}"
        for index in found.indexes
        for problem in index.problems
        if problem.fatal
    }
    if not any(index.listed for index in found.indexes):
        problems["none"] = "no rule is loaded: nothing in the events can raise an alert"
    health.only(Kind.RULES, dict(list(problems.items())[:50]))
