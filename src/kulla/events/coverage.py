"""Which rules no format can feed, and why: what `kulla rules check` tells of logsources."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kulla.events.classify import overridden
from kulla.events.logsource import Logsource, feeds
from kulla.events.table import LogsourceTable


def unfed(logsources: Iterable[Logsource], table: LogsourceTable, formats: Collection[str]) -> dict[Logsource, str]:
    """The logsources of rules that no event can have, each with the reason in words.

    `formats` are the names of the formats at hand. A logsource that a user's `[[source]]` gives counts as fed.

    >>> unfed([Logsource("beos")], LogsourceTable(), ["syslog"])[Logsource("beos")]
    'no entry of the logsource table gives product beos; if you have such logs, name them in a [[source]]'
    """
    within = [entry.logsource for entry in table.entries if not entry.formats or entry.formats & set(formats)]
    beyond = [entry.logsource for entry in table.entries]
    told = [overridden(Logsource(), options) for _, options in table.sources]
    reasons: dict[Logsource, str] = {}
    for rule in dict.fromkeys(logsources):
        if not _fed(rule, [*within, *told], table):
            reasons[rule] = _reason(rule, within, beyond, table)
    return reasons


def _fed(rule: Logsource, events: Iterable[Logsource], table: LogsourceTable) -> bool:
    return any(feeds(rule, event, table.includes) for event in events)


def _reason(
    rule: Logsource, within: Collection[Logsource], beyond: Collection[Logsource], table: LogsourceTable
) -> str:
    for asked, reason in table.unfed:
        if feeds(asked, rule, table.includes):
            return reason
    if _fed(rule, beyond, table):
        return "only formats that are not at hand record it"
    advice = "if you have such logs, name them in a [[source]]"
    for part in ("product", "category", "service"):
        value = getattr(rule, part)
        if value and not _fed(Logsource(**{part: value}), within, table):
            return f"no entry of the logsource table gives {part} {value}; {advice}"
    return f"no entry of the logsource table gives all of its parts together; {advice}"
