"""The holidays that a centre names for its jurisdictions, in the table [holidays] of centre.toml. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from kulla.errors import ConfigError


def holidays(more: Mapping[str, Any], codes: Collection[str]) -> dict[str, frozenset[date]]:
    """Code of a jurisdiction → its holidays; nothing for one that is not named.

    more: the tables of centre.toml (`CentreToml.more`); codes: of the jurisdictions that there are. Raises ConfigError
    naming the key that is wrong: one that is not named makes a time told earlier, one that is misread makes it later.

    >>> holidays({"holidays": {"al": ["2026-11-28"]}}, ["al"])
    {'al': frozenset({datetime.date(2026, 11, 28)})}
    """
    table = more.get("holidays", {})
    if not isinstance(table, Mapping):
        raise ConfigError("centre.toml: [holidays] must be a table")
    unknown = sorted(set(table) - set(codes))
    if unknown:
        raise ConfigError(f"centre.toml: [holidays] {unknown[0]}: no such jurisdiction; one of {', '.join(codes)}")
    return {code: _days(code, days) for code, days in table.items()}


def _days(code: str, days: object) -> frozenset[date]:
    if not isinstance(days, list):
        raise ConfigError(f'centre.toml: [holidays] {code}: must be a list of dates, such as ["2026-11-28"]')
    return frozenset(_day(code, number, each) for number, each in enumerate(days, 1))


def _day(code: str, number: int, text: object) -> date:
    try:
        found = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise ConfigError(
            f'centre.toml: [holidays] {code}: no. {number} is no date; write year, month and day, as "2026-11-28"'
        )
    return found
