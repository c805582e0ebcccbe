"""The menu: pages in the order of a day's work, each shown to who has its verb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from kulla.centre.people.door import Sight


@dataclass(frozen=True, slots=True)
class Item:
    """A page of the menu. `key` is the letter that opens it after g."""

    route: str
    title: Any
    verb: str
    key: str


MENU: Final = (
    Item("situation:index", _("Situation"), "situation.see", "s"),
    Item("alerts:index", _("Alerts"), "alerts.see", "a"),
    Item("cases:index", _("Cases"), "cases.see", "c"),
    Item("hunting:index", _("Hunt"), "events.search", "h"),
    Item("guard:index", _("Registers"), "registers.see", "r"),
    Item("guard:leaks", _("Leaks"), "leaks.trace", "l"),
    Item("evidence:index", _("Evidence"), "evidence.see", "v"),
    Item("notices:index", _("Reports"), "reports.answer", "n"),
    Item("notices:mine", _("Calls"), "notices.see", "m"),
    Item("crossing:index", _("Across zones"), "cases.lead", "x"),
    Item("worker:index", _("Health"), "health.see", "w"),
    Item("audit:index", _("Audit"), "audit.read", "u"),
    Item("people:index", _("People"), "people.manage", "p"),
)


def entries(sight: Sight, path: str) -> list[dict[str, Any]]:
    """The entries that `sight` opens; `here` marks the one that `path` belongs to."""
    found: list[dict[str, Any]] = []
    for item in MENU:
        if sight.has(item.verb):
            try:
                address = reverse(item.route)
            except NoReverseMatch:  # an app that this installation leaves out
                continue
            found.append({"title": item.title, "address": address, "key": item.key, "here": False})
    # The longest address that the path begins with: /guard/leaks/ lies below /guard/.
    for entry in sorted(found, key=lambda each: len(str(each["address"])), reverse=True):
        if path.startswith(str(entry["address"])):
            entry["here"] = True
            break
    return found
