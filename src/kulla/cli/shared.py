"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import available_timezones

import orjson
import typer

from kulla.alert import LEVELS, Level
from kulla.errors import UsageError
from kulla.hunt.visible import visible
from kulla.settings import Settings, read_settings

STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")

Rules = Annotated[
    list[str],
    typer.Option("--rules", "-r", metavar="PATH", help="Sigma rules: files or folders; default: those of KULLA_RULES."),
]
Values = Annotated[
    str | None,
    typer.Option("--values", metavar="FILE", help="Values for rules with placeholders (TOML, YAML or JSON)."),
]
Logsources = Annotated[
    list[str],
    typer.Option("--logsources", metavar="TOML", help="Your logsource tables, before the shipped one."),
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="Time zone of times that carry none, such as Europe/Tirane."),
]
Format = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="Read every file as this format instead of looking.")
]
MinLevel = Annotated[
    str, typer.Option("--level", metavar="LEVEL", help=f"Only rules of at least this level: {', '.join(LEVELS)}.")
]
Statuses = Annotated[
    list[str],
    typer.Option("--status", metavar="STATUS", help="Only rules of this status; repeat for several."),
]
Tags = Annotated[
    list[str],
    typer.Option("--tag", metavar="TAG", help="Only rules with this tag, such as attack.t1059; repeat to narrow."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]


def settings() -> Settings:
    """The settings of this process: the table's defaults with what KULLA_… variables change."""
    return read_settings(os.environ)


def level_of(text: str) -> Level:
    """A level by its name. Raises UsageError for any other word."""
    for level in LEVELS:
        if text.lower() == level:
            return level
    raise UsageError(f"--level {text}: no such level; choose one of {', '.join(LEVELS)}")


def statuses_of(texts: Sequence[str]) -> tuple[str, ...]:
    """Rule states by their names. Raises UsageError for any other word."""
    for text in texts:
        if text.lower() not in STATUSES:
            raise UsageError(f"--status {text}: no such status; choose one of {', '.join(STATUSES)}")
    return tuple(text.lower() for text in texts)


def zone_of(text: str | None) -> str | None:
    """A time zone's name as the tz database has it. Raises UsageError for one that it has not."""
    if text is None or text in available_timezones():
        return text
    raise UsageError(f"--tz {text}: no such time zone; give a name such as Europe/Tirane or UTC")


def moment(option: str, text: str | None) -> datetime | None:
    """A date or time in ISO 8601; UTC when it carries no offset. Raises UsageError for anything else.

    >>> moment("--since", "2026-05-11T10:00+02:00").isoformat()
    '2026-05-11T10:00:00+02:00'
    """
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        example = "2026-05-11, 2026-05-11T08:30 or 2026-05-11T08:30+02:00"
        raise UsageError(f"{option} {text}: no date or time in ISO 8601; write {example}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def print_json(value: object, indent: bool = False) -> None:
    """Print a value as one JSON text and a line break: UTF-8 (RFC 8259), whatever the locale."""
    options = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if indent else 0)
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=options))


class Complaints:
    """What could not be read, said on standard error: the first `most` one by one, the rest as a count."""

    def __init__(self, most: int = 20) -> None:
        self._most = most
        self.count = 0

    def say(self, text: str) -> None:
        """One complaint."""
        self.count += 1
        if self.count <= self._most:
            print(f"kulla: {visible(text)}", file=sys.stderr)

    def close(self, hint: str = "") -> int:
        """Tell of the rest; the exit code all this calls for."""
        if self.count > self._most:
            print(f"kulla: and {self.count - self._most:,} more that could not be read{hint}", file=sys.stderr)
        return 3 if self.count else 0


def complain(texts: Sequence[str]) -> int:
    """Say what could not be read; the exit code it calls for."""
    complaints = Complaints()
    for text in texts:
        complaints.say(text)
    return complaints.close()


def rules_of(rules: Sequence[str]) -> Sequence[str]:
    """The rule paths given, else those of the variable KULLA_RULES, apart by `:` as in PATH; possibly none."""
    return rules or [path for path in os.environ.get("KULLA_RULES", "").split(os.pathsep) if path]


def rules_given(rules: Sequence[str]) -> Sequence[str]:
    """The same. Raises UsageError when there are none."""
    found = rules_of(rules)
    if not found:
        raise UsageError("no rules: give --rules PATH (Kulla's own lie in rules/), or set KULLA_RULES")
    return found
