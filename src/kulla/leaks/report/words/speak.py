"""Texts by key in one language, with their blanks filled, and numbers and times as that language writes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from string import Formatter
from typing import Final, Literal, get_args

from kulla.leaks.intervals import FOREVER
from kulla.leaks.report.blocks import Code, Run, Text, joined, runs
from kulla.leaks.report.words.sentences import keyed

Language = Literal["en", "sq"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
TABLES: Final[Mapping[Language, Mapping[str, str]]] = {
    language: tomllib.loads((files("kulla.leaks.report.words") / f"{language}.toml").read_text("utf-8"))
    for language in LANGUAGES
}
"""Language → key → text with named blanks."""

_THIN: Final = "\u202f"
_MONTHS: Final[Mapping[Language, str]] = {
    "en": "January February March April May June July August September October November December",
    "sq": "janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor",
}
Blank = Text | int


class Words:
    """Says things in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._texts = TABLES[language]
        self._months = _MONTHS[language].split()

    def __call__(self, key: str, **blanks: str | int) -> str:
        """The text of a key as plain text. Raises KeyError for an unknown key or blank."""
        return self._texts[key].format(**{name: self._plain(value) for name, value in blanks.items()})

    def rich(self, key: str, **blanks: Blank) -> Text:
        """The text of a key in runs, so that what is `Code` stays so."""
        runs: list[Run] = []
        for literal, name, _, _ in Formatter().parse(self._texts[key]):
            runs.append(literal)
            if name is not None:
                value = blanks[name]
                runs += value if isinstance(value, tuple) else [self.number(value) if isinstance(value, int) else value]
        return tuple(run for run in runs if run)

    def said(self, text: str) -> Text:
        """A statement that the trace holds: translated when it is a key, otherwise as it stands.

        `key|name=value|…` fills the blanks of the key `said.<key>`. What is unknown is shown as it is: text from
        outside never becomes a key's blank by accident, as it has to name it.
        """
        key, *pairs = keyed(text).split("|")
        blanks = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        found = self._texts.get(f"said.{key}")
        if found is None:
            return Code(text)
        names = {name for _, name, _, _ in Formatter().parse(found) if name}
        if names - set(blanks):
            return Code(text)
        filled: dict[str, Blank] = {name: self._blank(name, blanks[name]) for name in names}
        return self.rich(f"said.{key}", **filled)

    def known(self, key: str, otherwise: str) -> Text:
        """The text of a key; a word that this version does not know is shown as it is."""
        return self._texts.get(key) or Code(otherwise)

    def number(self, value: int) -> str:
        """A whole number with thin blanks between thousands."""
        return f"{value:,}".replace(",", _THIN)

    def decimal(self, value: float, places: int = 1) -> str:
        """A number with its language's decimal mark."""
        told = f"{value:,.{places}f}".replace(",", _THIN)
        return told.replace(".", ",") if self.language == "sq" else told

    def percent(self, share: float) -> str:
        """A share as per cent; what is not all is never written as 100 %, what is not none never as 0 %."""
        if 0 < share < 0.001 or 0.999 < share < 1:
            return f"{'<' if share < 0.5 else '>'}{_THIN}{self.decimal(0.1 if share < 0.5 else 99.9)}{_THIN}%"
        told = round(share * 100, 1)
        return f"{self.decimal(told, 0 if told == int(told) else 1)}{_THIN}%"

    def day(self, at: int) -> str:
        """A moment's day in words: 3 November 2025."""
        moment = datetime.fromtimestamp(at // 1_000_000, UTC)
        return f"{moment.day} {self._months[moment.month - 1]} {moment.year}"

    def moment(self, at: int | None) -> str:
        """A moment in words, to the minute, UTC; none or FOREVER: has not ended."""
        if at is None or at >= FOREVER:
            return self("time.open")
        moment = datetime.fromtimestamp(at // 1_000_000, UTC)
        return f"{self.day(at)} {moment:%H:%M}"

    def stamp(self, at: int | None) -> str:
        """A moment in figures for tables: 2025-11-03 14:05:20."""
        if at is None or at >= FOREVER:
            return self("time.open")
        return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"

    def span(self, first: int, last: int | None) -> str:
        """From one moment to another, in words; one day is told once."""
        if last is None or last >= FOREVER:
            return self("time.from", first=self.moment(first))
        a, b = (datetime.fromtimestamp(at // 1_000_000, UTC) for at in (first, last))
        if a.date() == b.date():
            return f"{self.day(first)}, {a:%H:%M}" + ("" if f"{a:%H:%M}" == f"{b:%H:%M}" else f"–{b:%H:%M}")
        return self("time.span", first=self.moment(first), last=self.moment(last))

    def _plain(self, value: str | int) -> str:
        return self.number(value) if isinstance(value, int) else value

    def meaning(self, name: str) -> Text:
        """A column's meaning in words; `special:<category>` with its category."""
        meaning, _, category = name.partition(":")
        told = runs(self.known(f"meaning.{meaning}", meaning))
        return (*told, " (", *runs(self.known(f"category.{category}", category)), ")") if category else told

    def _blank(self, name: str, text: str) -> Blank:
        if name == "reason":
            return self.said(text)
        if name == "meanings":
            return joined(map(self.meaning, text.split(",")))
        try:
            return int(text)
        except ValueError:
            return Code(text)
