"""Dates and months as text, in whatever order and style they are written, to ISO 8601."""

from __future__ import annotations

import re
from datetime import date, timedelta

_MONTHS = (
    ("janar", "january", "gennaio"), ("shkurt", "february", "febbraio"), ("mars", "march", "marzo"),
    ("prill", "april", "aprile"), ("maj", "may", "maggio"), ("qershor", "june", "giugno"),
    ("korrik", "july", "luglio"), ("gusht", "august", "agosto"), ("shtator", "september", "settembre"),
    ("tetor", "october", "ottobre"), ("nentor", "november", "novembre"), ("dhjetor", "december", "dicembre"),
)  # fmt: skip
_TIME = r"(?:[T ]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d*)?)?\s*(?:Z|[+-]\d{2}:?\d{2}|[AaPp][Mm])?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-./](\d{{1,2}})[-./](\d{{1,2}}){_TIME}", re.ASCII)
_DAY_FIRST = re.compile(rf"(\d{{1,2}})[-./](\d{{1,2}})[-./](\d{{4}}){_TIME}", re.ASCII)
_BARE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
_MONTH = re.compile(r"(\d{4})(?:[-./](?=\d\d?$)|(?=\d\d$))(\d{1,2})", re.ASCII)
_MONTH_FIRST = re.compile(r"(\d{1,2})[-./](\d{4})", re.ASCII)
_WORD_MONTH = re.compile(r"([^\W\d_]{3,})[ .\-/']*(\d{2}|\d{4})", re.ASCII)


def iso_date(text: str) -> str | None:
    """A date as `YYYY-MM-DD`; None when the text is none that exists.

    Day before month when both could be either, as the region writes; a bare number of five digits is a spreadsheet's
    day count (1 = 1900-01-01, with the leap day that never was). A time of day is dropped.

    >>> [iso_date(t) for t in ("1990-01-15", "15.1.1990", "01/15/1990", "19900115", "32888", "15 1", "1990-02-30")]
    ['1990-01-15', '1990-01-15', '1990-01-15', '1990-01-15', '1990-01-15', None, None]
    """
    if found := _YEAR_FIRST.fullmatch(text) or _BARE.fullmatch(text):
        return _made(*map(int, found.groups()))
    if found := _DAY_FIRST.fullmatch(text):
        first, second, year = map(int, found.groups())
        return _made(year, second, first) or _made(year, first, second)
    if found := _SERIAL.fullmatch(text):
        return (date(1899, 12, 30) + timedelta(days=int(found[1]))).isoformat()
    return None


def iso_period(text: str) -> str | None:
    """A month as `YYYY-MM`; a day gives its month; None when the text is neither.

    >>> [iso_period(t) for t in ("2021-01", "01/2021", "202101", "Jan-21", "janar 2021", "2021-01-01", "2021-13")]
    ['2021-01', '2021-01', '2021-01', '2021-01', '2021-01', '2021-01', None]
    """
    if found := _MONTH.fullmatch(text):
        return _month(int(found[1]), int(found[2]))
    if found := _MONTH_FIRST.fullmatch(text):
        return _month(int(found[2]), int(found[1]))
    if found := _WORD_MONTH.fullmatch(text.lower().replace("ë", "e")):
        for number, names in enumerate(_MONTHS, 1):
            if any(name.startswith(found[1]) for name in names):
                year = int(found[2])
                return _month(year if year > 99 else 2000 + year, number)
        return None
    day = iso_date(text)
    return None if day is None else day[:7]


def _made(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _month(year: int, month: int) -> str | None:
    return f"{year:04}-{month:02}" if 1 <= month <= 12 and year else None
