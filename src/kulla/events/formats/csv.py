"""Character-separated values with a header row (RFC 4180 and what spreadsheets make of it).

The separator is a comma, semicolon, tab or bar. A row longer than the header keeps the rest as `extra[0]` …; a shorter
one lacks the last columns; a quote that is never closed rejects its line alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence

from kulla.events.fields import plain
from kulla.events.formats._api import Context
from kulla.events.formats._run import LineReader, WholeFormat
from kulla.events.lines import LONGEST, head_lines, looks_binary
from kulla.events.times import NO_TIME, Instant, Times

SEPARATORS = ",;\t|"
_OPEN_LINES = 1000
"""Lines over which one quoted value may go."""
_OPEN_SIZE = 4 << 20

TIME_COLUMNS = (
    "@timestamp", "timestamp", "time", "datetime", "date/time", "date and time", "date", "_time",
    "systemtime", "timecreated", "utctime", "eventtime", "event_time", "event time", "time created",
    "timegenerated", "time generated", "timegenerated [utc]", "creationtime", "creation time", "creationdate",
    "created", "created_at", "createddatetime", "log_time", "logtime", "logged", "generate time",
    "receive time", "start time", "start_time", "starttime", "first_seen", "ts", "when", "modified",
    "last_modified", "mtime",
)  # fmt: skip
"""Folded names of columns that hold the row's time, the likelier first."""

_CODE_COLUMNS = ("eventid", "event id", "event_id", "event.code")
_HOST_COLUMNS = ("computer", "computername", "computer_name", "hostname", "host", "machinename", "host.name")
_NAME = re.compile(r"[\w@#.$%&()\[\]{}/:+*\- '\"°€?]{0,80}\Z")
_CODE = re.compile(r"[;{}]\s*$|^\s*(?:#|//|/\*|import |from |def |class |if |for |return |<|\{|\[|-{3}|\* |- )")

# Values of this size pass; the module's default of 128 KiB is below what logs hold.
csv.field_size_limit(LONGEST)


def separator(lines: Sequence[str]) -> str | None:
    """The separator with which these lines make a table of two columns or more under a header; None for no table."""
    best: tuple[float, int, str] | None = None
    for mark in SEPARATORS:
        width, agreement = _fits(lines, mark)
        if width >= 2 and agreement >= 0.8 and (best is None or (agreement, width) > best[:2]):
            best = (agreement, width, mark)
    return best[2] if best else None


def _fits(lines: Sequence[str], mark: str) -> tuple[int, float]:
    """Columns of the header, and the share of rows that have as many; 0 when the first line is no header."""
    if mark not in lines[0]:
        return 0, 0.0
    try:
        rows = list(csv.reader([line + "\n" for line in lines], delimiter=mark))
    except csv.Error:
        return 0, 0.0
    header = [cell.strip() for cell in rows[0]]
    filled = [cell for cell in header if cell]
    if len(filled) < 2 or len(set(filled)) < len(filled) * 0.7 or not _is_header(filled):
        return 0, 0.0
    body = rows[1:-1] if len(rows) > 2 else rows[1:]
    if not body:
        return 0, 0.0
    return len(header), sum(len(row) == len(header) for row in body) / len(body)


def _is_header(cells: Sequence[str]) -> bool:
    """Whether the cells read like names: short, some letter in each, no numbers, no sentences."""
    return all(
        _NAME.match(cell) is not None
        and any(map(str.isalpha, cell))
        and cell.count(" ") <= 5
        and not cell.endswith(".")
        for cell in cells
    )


def columns(header: Sequence[str]) -> list[str]:
    """Names for the columns: those without one are `column3`, equal ones are arrays.

    >>> columns(["a", "", "a"])
    ['a[0]', 'column2', 'a[1]']
    """
    names = [cell.strip() or f"column{index}" for index, cell in enumerate(header, start=1)]
    seen: dict[str, int] = {}
    out = []
    for name in names:
        if names.count(name) > 1:
            out.append(f"{name}[{seen.get(name, 0)}]")
            seen[name] = seen.get(name, 0) + 1
        else:
            out.append(name)
    return out


class CsvReader(LineReader):
    """Rows under one header; lines are joined while a quote is open."""

    def __init__(self, name: str, context: Context) -> None:
        super().__init__(name, context)
        self._times = Times(context.zone, context.clock)
        self._mark = ""
        self._names: list[str] = []
        self._waiting: list[tuple[int, str]] = []
        """Lines seen before the separator is settled."""
        self._first = 0
        self._open: list[str] = []
        self._size = 0
        self._roles: dict[str, str] = {}

    def feed(self, number: int, text: str) -> None:
        if not self._mark:
            self._waiting.append((number, text))
            if len(self._waiting) >= 40 or sum(len(line) for _, line in self._waiting) > 1 << 20:
                self._settle()
            return
        self._line(number, text)

    def blank(self) -> None:
        if self._open:
            self._open.append("")
            self._limit()

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        lines = [text for _, text in waiting]
        self._mark = separator(lines) or max(SEPARATORS, key=lines[0].count)
        number = waiting[0][0] - 1
        for following, text in waiting:
            while self._open and (number := number + 1) < following:
                self.blank()
            number = following
            self._line(following, text)

    def _line(self, number: int, text: str) -> None:
        odd = '"' in text and text.count('"') % 2 == 1
        if not self._open:
            if not odd:
                self._rows(number, [text])
                return
            self._first, self._open, self._size = number, [text], len(text)
            return
        self._open.append(text)
        self._size += len(text)
        if odd:
            lines, self._open = self._open, []
            self._rows(self._first, lines)
        else:
            self._limit()

    def _limit(self) -> None:
        if len(self._open) >= _OPEN_LINES or self._size > _OPEN_SIZE:
            self._give_up()

    def _give_up(self) -> None:
        """No quote closes the first open line: set it aside and read the others anew."""
        first, lines = self._first, self._open
        self._open = []
        self.run.reject(first, "a quote in the line is never closed", lines[0])
        for number, text in enumerate(lines[1:], start=first + 1):
            if text:
                self._line(number, text)
            else:
                self.blank()

    def _rows(self, number: int, lines: list[str]) -> None:
        """Lines whose quotes are even: one row as a rule, several when the quotes were mere text."""
        if len(lines) == 1 and '"' not in lines[0]:
            self._row(number, lines[0], lines[0].split(self._mark))
            return
        reader = csv.reader([line + "\n" for line in lines], delimiter=self._mark)
        done = 0
        try:
            for row in reader:
                if row:
                    self._row(number + done, "\n".join(lines[done : reader.line_num]), row)
                done = reader.line_num
        except csv.Error:
            self.run.reject(number + done, "the row cannot be split into values", "\n".join(lines[done:]))

    def _row(self, number: int, raw: str, row: list[str]) -> None:
        if not self._names:
            self._names = columns(row)
            folded = {plain(name).lower(): name for name in reversed(self._names)}
            for role, wanted in (("time", TIME_COLUMNS), ("code", _CODE_COLUMNS), ("host", _HOST_COLUMNS)):
                self._roles[role] = next((folded[name] for name in wanted if name in folded), "")
            self._roles["clock"] = folded.get("time", "") if self._roles["time"] != folded.get("time") else ""
            self._roles["day"] = folded.get("date", "")
            return
        fields: dict[str, str | None] = dict(zip(self._names, row, strict=False))
        for index, value in enumerate(row[len(self._names) :]):
            fields[f"extra[{index}]"] = value
        roles = self._roles
        self.run.add(number, raw, fields, self._when(fields), fields.get(roles["host"]), code=fields.get(roles["code"]))

    def _when(self, fields: dict[str, str | None]) -> Instant:
        roles = self._roles
        text = fields.get(roles["time"]) or ""
        if not text:
            return NO_TIME
        when = self._times.any(text)
        if when[0] is None and roles["day"] and roles["day"] != roles["time"]:
            return self._times.any(f"{fields.get(roles['day'])} {text}")
        return when

    def finish(self) -> None:
        if self._waiting:
            self._settle()
        while self._open:
            self._give_up()


class Csv(WholeFormat):
    """Tables with a header row."""

    name = "csv"

    def sniff(self, head: bytes, name: str) -> int:
        lines = head_lines(head, 40)
        if (
            len(lines) < 2
            or looks_binary(head)
            or sum(_CODE.search(line) is not None for line in lines) * 3 > len(lines)
        ):
            return 0
        if separator(lines) is None:
            return 0
        return 50 if name.lower().endswith((".csv", ".tsv")) else 45

    def reader(self, context: Context) -> CsvReader:
        return CsvReader(self.name, context)
