"""Counts of events for `kulla events stats`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from kulla.events.logsource import Logsource
from kulla.hunt.look import Look, Triple
from kulla.hunt.tally import Tally

T = TypeVar("T")
Section = tuple[str, Sequence[str], Sequence[Sequence[object]]]

_MOST = 50
"""Rows of a section that text shows; JSON has them all."""


@dataclass(slots=True)
class Stats:
    """Adds up looks. `asked` are the fields that rules ask for, by logsource; `held` the events that hold them."""

    tally: Tally = field(default_factory=Tally)
    formats: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[Triple, str]] = field(default_factory=Counter)
    asked: set[tuple[Triple, str]] = field(default_factory=set)
    held: Counter[tuple[Triple, str]] = field(default_factory=Counter)
    rejected: int = 0

    def add(self, look: Look) -> None:
        """Count one batch."""
        self.tally.merge(look.tally)
        self.formats[look.format] += look.tally.events
        self.codes.update(look.codes)
        self.asked.update(look.asked)
        self.held.update(look.held)
        self.rejected += len(look.rejects)

    def missing(self) -> dict[Triple, list[str]]:
        """By logsource, the fields that loaded rules ask for and no event holds."""
        found: dict[Triple, list[str]] = {}
        for triple, name in sorted(self.asked, key=str):
            if not self.held[triple, name]:
                found.setdefault(triple, []).append(name)
        return found

    def sections(self) -> list[Section]:
        """What a person is shown: title, head and rows of each table."""
        tally = self.tally
        span = f"{_time(tally.first)} to {_time(tally.last)}"
        sections: list[Section] = [
            (f"{tally.events:,} events, {span}, {tally.undated:,} without time, {self.rejected:,} rejects",
             ("events", "format"), _rows(self.formats)),
            ("By logsource", ("events", "product/category/service"), _rows(_named(tally.by_logsource))),
            ("By host", ("events", "host"), _rows(tally.by_host)),
            ("By event code", ("events", "code", "logsource"), self._codes()),
            ("By day (UTC)", ("events", "day"), self._days()),
        ]  # fmt: skip
        missing = [(_name(triple), ", ".join(names)) for triple, names in self.missing().items()]
        if self.asked:
            sections.append(("Fields that rules ask for and no event holds", ("logsource", "fields"), missing))
        return [section for section in sections if section[2]]

    def _codes(self) -> list[tuple[int, str, str]]:
        rows = [(count, code, _name(triple)) for (triple, code), count in _top(self.codes) if code]
        left = sum(count for (_, code), count in self.codes.items() if code) - sum(count for count, _, _ in rows)
        return rows + ([(left, "…", "further codes; --json has all")] if left else [])

    def _days(self) -> list[tuple[int, str]]:
        days: Counter[str] = Counter()
        for hour, count in self.tally.by_hour.items():
            days[_time(hour * 3_600_000_000)[:10]] += count
        return [(count, day) for day, count in sorted(days.items())]

    def as_json(self) -> dict[str, object]:
        """The same for programs, complete."""
        tally = self.tally
        return {
            "events": tally.events,
            "undated": tally.undated,
            "rejected": self.rejected,
            "time_first": _time(tally.first),
            "time_last": _time(tally.last),
            "formats": dict(self.formats.most_common()),
            "logsources": dict(_named(tally.by_logsource).most_common()),
            "hosts": dict(tally.by_host.most_common()),
            "codes": [
                {"logsource": _name(triple), "code": code, "events": count}
                for (triple, code), count in self.codes.most_common()
            ],
            "days": {day: count for count, day in self._days()},
            "missing_fields": {_name(triple): names for triple, names in self.missing().items()},
        }


def _named(counts: Counter[Triple]) -> Counter[str]:
    return Counter({_name(triple): count for triple, count in counts.items()})


def _name(triple: Triple) -> str:
    return str(Logsource(*triple))


def _top(counts: Counter[T]) -> list[tuple[T, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))[:_MOST]


def _rows(counts: Counter[str]) -> list[tuple[int, str]]:
    rows = [(count, name) for name, count in _top(counts)]
    left = counts.total() - sum(count for count, _ in rows)
    return rows + ([(left, f"in {len(counts) - len(rows):,} more; --json has all")] if left else [])


def _time(micros: int | None) -> str:
    if micros is None:
        return "no time"
    try:
        return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return "out of range"
