"""What a lint is: one question about a document that loads, whose answer an author may want to know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from kulla.detect.parse.detection import Detection
from kulla.detect.rule import Correlation, Filter, Rule
from kulla.detect.yamlines import Map


@dataclass(frozen=True, slots=True)
class Subject:
    """A document as written, what it became, and, for rules, its detection."""

    document: Map
    loaded: Rule | Correlation | Filter
    detection: Detection | None


Remarks = Iterable[tuple[int, str]]
"""Line and message of each remark."""


class Lint(Protocol):
    """One question. `name` is the check's name in problems."""

    @property
    def name(self) -> str: ...

    def look(self, subject: Subject) -> Remarks: ...
