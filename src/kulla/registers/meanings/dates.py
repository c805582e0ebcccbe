"""Dates, dates of birth, and periods."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said, scored
from kulla.registers.normaldates import iso_date, iso_period

_MARKED = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|\d{8}", re.ASCII)
_MONTH = re.compile(r"(?:19|20)\d{2}[-./]?(?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])[-./](?:19|20)\d{2}", re.ASCII)
_MOST_PERIODS = 600


class Dates:
    """Dates of birth and other dates. What decides: the day that the row's national id tells, the name, the spread."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        days = {value: iso_date(value) for value in sample.values if _MARKED.fullmatch(value)}
        dates = [day for day in days.values() if day and "1850" < day < "2150"]
        share = sample.share(len(dates))
        if share < 0.5:
            return
        told = [(row, day) for row, day in zip(sample.rows, sample.birthdays, strict=False) if row and day]
        equal = sum(1 for row, day in told if days.get(row.strip()) == day.isoformat())
        named = sample.called("birth", "born", "dob", "datelindja", "lindje", "ditelindja", "nascita")
        parts = [of(len(dates), sample, "are dates")]
        if told:
            parts.append(f"{equal} of {len(told)} rows have the day that the national id tells")
        years = len({day[:4] for day in dates})
        agrees = equal / len(told) if told else 0.0
        if agrees >= 0.5 or named:
            yield Proposal("birth_date", max(scored(share, named, 0.9), agrees * share), said(parts, named))
        elif years >= 40 and not told:
            yield Proposal("birth_date", 0.6 * share, said([*parts, f"of {years} years"], named))
        firsts = sum(1 for day in dates if day.endswith("-01"))
        if firsts == len(dates) > 1 and sample.called(*_PERIOD_NAMES):
            yield Proposal("period", 0.95 * share, said([*parts, "all the first of a month"], True))
        yield Proposal("date", 0.7 * share * (1 - max(agrees, float(named))), said(parts, False))


_PERIOD_NAMES = ("period", "month", "muaji", "muaj", "periudha", "periode")


class Periods:
    """Months: 2021-01, 01/2021, 202101, Jan-21."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called(*_PERIOD_NAMES)
        months = sample.count(lambda v: _MONTH.fullmatch(v) or (v[:1].isalpha() and iso_period(v)))
        if sample.share(months) >= (0.5 if named else 0.95) and len(sample.values) <= _MOST_PERIODS:
            parts = [of(months, sample, "are months")]
            yield Proposal("period", scored(sample.share(months), named, 0.85), said(parts, named))
