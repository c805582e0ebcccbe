"""The measurements of one bench: kept as they come, summed up by medians, written as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import orjson

from bench.measure import Run

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
_HEADS = (
    (
        "engine",
        "cores",
        "wall s",
        "cpu s",
        "events/s",
        "MB/s",
        "largest process MB",
        "whole tree MB",
        "runs",
        "other load",
    ),
    ("---",) + ("--:",) * 9,
)


@dataclass(frozen=True, slots=True)
class Result:
    """All runs of one engine on one input.

    Attributes:
        section: the table it stands in.
        engine: what ran.
        events, size: of the input; 0 when only the time matters.
    """

    section: str
    engine: str
    cores: int
    events: int
    size: int
    runs: list[Run] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """The median, seconds."""
        return median(run.wall for run in self.runs)

    def row(self) -> tuple[str, ...]:
        """The cells of its line."""
        per_second = f"{self.events / self.wall:,.0f}" if self.events else ""
        stopped = any(run.code is None for run in self.runs)
        return (
            self.engine,
            str(self.cores),
            f"{'> ' if stopped else ''}{self.wall:,.2f}",
            f"{median(run.cpu for run in self.runs):,.2f}",
            f"{'< ' if stopped else ''}{per_second}",
            f"{self.size / self.wall / 1e6:,.0f}" if self.size else "",
            f"{max(run.largest for run in self.runs) / 1e6:,.0f}",
            f"{max(run.tree for run in self.runs) / 1e6:,.0f}",
            str(len(self.runs)),
            f"{max(run.busy for run in self.runs):.0%}{' (!)' if any(run.flagged for run in self.runs) else ''}",
        )


class Log:
    """Results in the order in which they were first asked for, written to disk after each run."""

    def __init__(self, path: Path, facts: dict[str, str]) -> None:
        self._path, self._facts = path, facts
        self._results: dict[tuple[str, str, int], Result] = {}
        self.notes: list[str] = []

    def add(self, result: Result, run: Run) -> None:
        """Take one more run of `result`'s engine on its input."""
        known = self._results.setdefault((result.section, result.engine, result.cores), result)
        known.runs.append(run)
        told = {"facts": self._facts, "results": [asdict(one) for one in self._results.values()]}
        self._path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))

    def markdown(self) -> str:
        """The facts, a table for each section, and the notes."""
        parts = ["\n".join(f"- {name}: {value}" for name, value in self._facts.items())]
        for section in dict.fromkeys(result.section for result in self._results.values()):
            rows = [result.row() for result in self._results.values() if result.section == section]
            parts.append(f"### {section}\n\n" + table([*_HEADS, *rows]))
        return "\n\n".join(parts + self.notes)


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """Rows as a Markdown table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def put(document: Path, text: str) -> None:
    """Replace what stands between the markers of a document.

    Raises:
        ValueError: when it has no markers.
    """
    whole = document.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{document.name} has no {BEGIN} … {END}")
    document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")
