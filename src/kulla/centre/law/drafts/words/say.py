"""Texts of drafts by key in one language; numbers, days and meanings of columns as the reports of traces say them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from string import Formatter
from typing import Final
from zoneinfo import ZoneInfo

from kulla.leaks.report.blocks import Code, Run, Text, runs
from kulla.leaks.report.words import LANGUAGES, Language, Words

TABLES: Final[Mapping[Language, Mapping[str, str]]] = {
    language: tomllib.loads((files("kulla.centre.law.drafts.words") / f"{language}.toml").read_text("utf-8"))
    for language in LANGUAGES
}
"""Language → key → text with named blanks."""

_ALIKE: Final = {"given_name": "name", "family_name": "name", "employer_id": "employer"}
_TELLING: Final = (
    *("special", "money", "iban", "national_id", "phone", "email", "address", "plate", "employer", "birth_date"),
    "name",
)
"""Meanings whose loss has consequences of its own, the gravest first."""


class Say:
    """Says things in one language, times in one zone."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self.language, self.words = language, Words(language)
        self._zone, self._texts = zone, TABLES[language]

    def __call__(self, key: str, **blanks: str) -> str:
        """The text of a key. Raises KeyError for an unknown key or blank."""
        return self._texts[key].format(**blanks)

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return key in self._texts

    def rich(self, key: str, **blanks: Text) -> Text:
        """The text of a key in runs, so that what is `Code` stays so."""
        told: list[Run] = []
        for literal, name, _, _ in Formatter().parse(self._texts[key]):
            told += [literal] if literal else []
            told += runs(blanks[name]) if name is not None else []
        return tuple(told)

    def moment(self, at: datetime) -> str:
        """A moment in words, to the minute, and its offset: 3 June 2026 10:20 (UTC+02:00)."""
        local = at.astimezone(self._zone)
        # Words tells days of moments in UTC: the local clock is read out as if it were there.
        day = self.words.day(int(local.replace(tzinfo=ZoneInfo("UTC")).timestamp()) * 1_000_000)
        offset = f"{local:%z}"
        return f"{day} {local:%H:%M} (UTC{offset[:3]}:{offset[3:5]})"

    def end_of_day(self, at: datetime) -> str:
        """The day that ends at a midnight: `the end of 3 July 2026`."""
        local = (at - timedelta(seconds=1)).astimezone(self._zone)
        day = self.words.day(int(local.replace(tzinfo=ZoneInfo("UTC")).timestamp()) * 1_000_000)
        return self("f.due.day", day=day)

    def effects(self, meanings: Iterable[str], prefix: str) -> tuple[Text, ...]:
        """What the loss of these meanings may bring (`c`), or what a person can do about it (`d`)."""
        held = {meaning.partition(":")[0] for meaning in meanings}
        held |= {_ALIKE[meaning] for meaning in held & set(_ALIKE)}
        told = (self.words.known(f"{prefix}.{meaning}", "") for meaning in _TELLING if meaning in held)
        return tuple(each for each in told if not isinstance(each, Code))
