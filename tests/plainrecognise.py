"""What recognising means, as slow and obvious code over the versions themselves: no keys, no arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from kulla.leaks.intervals import FOREVER
from kulla.leaks.matched import ALTERED, CERTAIN, EXACT, INVENTED, NO_PERSON, NOBODY, PROBABLE, UNCOMPARED
from kulla.registers.manifest import Manifest
from kulla.registers.normalise import as_text, normalise

Row = Mapping[str, str | None]
"""Register column → leaked text."""


@dataclass
class Verdict:
    record: int = 0
    verdict: int = UNCOMPARED
    surety: int = NOBODY
    altered: str = ""
    intervals: list[tuple[int, int]] = field(default_factory=list)


class PlainRegister:
    """Versions as dictionaries of normal forms; the later of equal ones but in their end holds."""

    def __init__(self, versions: pa.Table, record: Sequence[int], manifest: Manifest) -> None:
        self._manifest = manifest
        names = [column.name for column in manifest.columns]
        forms = [normalise(as_text(versions[n]), manifest.column(n).meaning).to_pylist() for n in names]
        begun = versions["valid_from"].cast(pa.int64()).to_pylist()
        ended = versions["valid_to"].cast(pa.int64()).to_pylist()
        held: dict[tuple[Any, ...], int] = {}
        for place, own in enumerate(record):
            values = tuple(form[place] for form in forms)
            held[(int(own), begun[place], values)] = FOREVER if ended[place] is None else ended[place]
        self.versions: dict[int, list[tuple[dict[str, Any], int, int]]] = defaultdict(list)
        for (own, first, values), last in held.items():
            self.versions[own].append((dict(zip(names, values, strict=True)), first, last))

    def normal(self, row: Row) -> dict[str, str | None]:
        """A leaked row in normal forms."""
        return {
            name: normalise(pa.array([text], pa.string()), self._manifest.column(name).meaning)[0].as_py()
            for name, text in row.items()
        }

    def record_of(self, row: dict[str, str | None]) -> int:
        """The record with the row's key; 0 for none."""
        for own, versions in self.versions.items():
            if all(row[name] is not None and versions[0][0][name] == row[name] for name in self._manifest.record):
                return own
        return 0

    def by_key(self, leaked: Row, chance: Mapping[str, float]) -> Verdict:
        """A row with the record key; `chance`: of the other mapped columns."""
        row = self.normal(leaked)
        own = self.record_of(row)
        if not own:
            missing = any(row[name] is None for name in self._manifest.record)
            return Verdict(verdict=UNCOMPARED if missing else NO_PERSON)
        names = [name for name in chance if row[name] is not None]
        if not names:
            return Verdict(own, UNCOMPARED, PROBABLE)
        agreeing = [{n for n in names if values[n] == row[n]} for values, _, _ in self.versions[own]]
        most = max(len(each) for each in agreeing)
        best = [each for each in agreeing if len(each) == most]
        telling = min(_product(chance[n] for n in each) for each in best)
        if most == len(names):
            spans = [(a, b) for (_, a, b), each in zip(self.versions[own], agreeing, strict=True) if len(each) == most]
            return Verdict(own, EXACT, CERTAIN if telling <= 0.05 else PROBABLE, "", merged(spans))
        if len(names) - most >= 2 and telling > 0.05:
            return Verdict(own, INVENTED, NOBODY)
        differing = set().union(*({*names} - each for each in best))
        one = differing.pop() if len(differing) == 1 else ""
        return Verdict(own, ALTERED, CERTAIN if telling <= 0.05 else PROBABLE, one)

    def by_blocks(self, name: str | None, row: Mapping[str, str | None]) -> tuple[int, bool, list[tuple[int, int]]]:
        """Record, whether several fit equally, and when all held; of a row with a name and values of `row`'s columns.

        The names of records are their `full_name`.
        """
        wanted = {n: value for n, value in row.items() if value is not None and name is not None}
        together = {
            own: max(sum(v["full_name"] == name and v[n] == value for n, value in wanted.items()) for v, _, _ in each)
            for own, each in self.versions.items()
        }
        most = max(together.values(), default=0)
        best = [own for own, count in together.items() if count == most]
        if most == 0:
            return 0, False, []
        if len(best) > 1:
            return 0, True, []
        spans = [
            (a, b)
            for v, a, b in self.versions[best[0]]
            if v["full_name"] == name and all(v[n] == value for n, value in wanted.items())
        ]
        return best[0], False, merged(spans)


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch joined, empty ones left out."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(span for span in spans if span[1] > span[0]):
        if made and first <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return made


def _product(numbers: Any) -> float:
    made = 1.0
    for number in numbers:
        made *= max(number, 1e-6)
    return made
