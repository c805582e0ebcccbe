"""A trace as a report reads it: who may see what, what things are called, how numbers are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from kulla.leaks.report.blocks import Code, Run, Text, plain, runs
from kulla.leaks.report.words import Language, Words
from kulla.leaks.trace import Trace

Audience = Literal["court", "public"]
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Stamp:
    """The independent time-stamp over what was taken in (RFC 3161).

    state: `missing` when none was asked for, `waiting` for the answer, `unchecked` when it is there and the authority's
    certificates are not, `failed` when it does not hold, `verified` when it does.
    time: of the stamp, ISO, when verified; authority: who gave it.
    """

    state: Literal["missing", "waiting", "unchecked", "failed", "verified"]
    time: str = ""
    authority: str = ""


class View:
    """A trace in one language for one audience.

    An account is shown by its name only where an outcome names it, and never to the public; the others bear letters,
    as an account's name is often made from a person's, and most candidates are innocent. A tie names nobody: of fifty
    accounts that could have been, forty-nine were not, or all. The public's version repeats
    nothing that the leaked file says of itself, and names no officer.
    """

    def __init__(self, trace: Trace, language: Language, audience: Audience, stamp: Stamp | None) -> None:
        self.trace, self.say = trace, Words(language)
        self.court = audience == "court"
        # A centre tells logarithms of ratios as ±FEWEST where they are beyond that by far, else 0 (leaks.discretion).
        self.coarse = trace.parameters.get("site") == "centre"
        self.stamp = stamp or Stamp("missing")
        self.made = micros(trace.made) or 0
        self.electoral = {used.name for used in trace.registers if used.electoral}
        self._letters: dict[str, int] = {}
        self._named: set[str] = set()
        for attribution in trace.attributions:
            accounts = [candidate["account"] for candidate in attribution["candidates"]]
            if attribution["outcome"] in ("episode", "set"):
                self._named.update(accounts[at] for at in attribution["named"])
            for account in accounts:
                self._letter(account)

    def named(self, account: str) -> bool:
        """Whether an account is shown by its name: to the court, and when an outcome names it."""
        return self.court and account in self._named

    def account(self, name: str) -> Text:
        """An account: its name when that is shown, otherwise its letter."""
        return Code(name) if self.named(name) else self.say("account.label", letter=self._letter(name))

    def label(self, name: str) -> str:
        """An account as plain text, for a picture."""
        return plain(self.account(name))

    def file(self, at: int) -> Text:
        """A leaked file."""
        known = self.court and at < len(self.trace.inputs)
        return Code(self.trace.inputs[at].name) if known else self.say("file.label", number=at + 1)

    def sheet(self, file: int, table: str) -> Text:
        """A table of a leaked file: its name, or for the public its place."""
        if self.court:
            return Code(table)
        tables = self.trace.inputs[file].tables if file < len(self.trace.inputs) else ()
        at = next((n for n, each in enumerate(tables) if each.get("name") == table), None)
        return self.say("dash") if at is None else self.say("sheet.label", number=at + 1)

    def where(self, file: int, table: str) -> tuple[Run, ...]:
        """A file and its table; a table that bears the file's name is not told twice."""
        told, sheet = self.file(file), self.sheet(file, table)
        return runs(told) if told == sheet else (*runs(told), " · ", *runs(sheet))

    def share(self, value: float | None) -> str:
        """A share as per cent; a dash for one that may not be told."""
        return self.say("dash") if value is None else self.say.percent(value)

    def count(self, value: int | None) -> str:
        """A number; or that it may not be told: of few records, and outside the register's own site."""
        return self.say("few") if value is None else self.say.number(value)

    def listed(self, names: Sequence[str]) -> Text:
        """Names from outside in a row; a dash for none."""
        return Code(", ".join(names)) if names else self.say("dash")

    def said(self, texts: Sequence[str]) -> tuple[Text, ...]:
        """Statements of the trace. The public reads those that are keys: a free text may name whatever."""
        told = [self.say.said(text) for text in texts]
        return tuple(text for text in told if self.court or not isinstance(text, Code))

    def piece(self, at: int) -> Mapping[str, Any]:
        """A piece by its number."""
        return self.trace.pieces[at]

    def _letter(self, name: str) -> str:
        number = self._letters.setdefault(name, len(self._letters))
        return _LETTERS[number % 26] + ("" if number < 26 else str(number // 26))


def micros(time: str | int | None) -> int | None:
    """A trace's time (ISO text) in microseconds UTC; None for one that has not ended or is not told."""
    if isinstance(time, int):
        return time
    if not time:
        return None
    moment = datetime.fromisoformat(time)
    seconds = int(moment.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + moment.microsecond


def spans(window: Mapping[str, Any]) -> list[tuple[int, int | None]]:
    """The spans of a window."""
    return [(micros(first) or 0, micros(last)) for first, last in window["spans"]]


def curve(window: Mapping[str, Any]) -> list[tuple[int, float]]:
    """The curve of a window, for the plot."""
    return [(micros(at) or 0, float(nats)) for at, nats in window.get("curve") or ()]
