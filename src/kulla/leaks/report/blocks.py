"""A document as a tree of plain values: one content for the HTML page and the PDF.

Texts are plain: no markup of any kind passes through them, so nothing that a leaked file calls itself can become any.
What comes from outside (file names, accounts, sheet names) is `Code`, which the renderers keep apart from its
neighbours, so that right-to-left letters in a name do not re-order the sentence around it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Code:
    """A text from outside, or a hash: shown as it is, in its own font and direction."""

    text: str


Run = str | Code
Text = str | Code | tuple[Run, ...]
"""A text, or runs of text one after the other."""


@dataclass(frozen=True, slots=True)
class Heading:
    """level: 1 for the title, 2 for sections, 3 within them."""

    level: Literal[1, 2, 3]
    text: Text


@dataclass(frozen=True, slots=True)
class Para:
    """A paragraph. tone: `lead` (large), `plain`, `quiet` (small, of less weight), `blank` (a field to fill in)."""

    text: Text
    tone: Literal["lead", "plain", "quiet", "blank"] = "plain"


@dataclass(frozen=True, slots=True)
class Items:
    """A list of texts. ordered: numbered."""

    texts: tuple[Text, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Pairs of a name and what it is."""

    pairs: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. widths: relative, of each column; numbers: which columns are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    widths: tuple[float, ...] = ()
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Box:
    """Blocks set apart. kind: `result`, `warning`, `note`."""

    kind: Literal["result", "warning", "note"]
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of our own drawing (SVG markup from `charts`), what it shows in words, and its caption."""

    svg: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class NewPage:
    """What follows begins a page (in print)."""


Block = Heading | Para | Items | Facts | Table | Box | Figure | NewPage


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document. made: microseconds UTC, the date that the PDF bears. footer: stands on each page. header: a TLP
    label for the head of each page, empty for none."""

    title: str
    language: str
    made: int
    footer: str
    page: str
    blocks: tuple[Block, ...]
    header: str = ""


def runs(text: Text) -> tuple[Run, ...]:
    """A text as runs."""
    return text if isinstance(text, tuple) else (text,)


def joined(texts: Iterable[Text], between: str = ", ") -> tuple[Run, ...]:
    """Texts one after the other."""
    told: list[Run] = []
    for text in texts:
        told += ([between] if told else []) + list(runs(text))
    return tuple(told)


def plain(text: Text) -> str:
    """A text without its runs' kinds."""
    return "".join(run.text if isinstance(run, Code) else run for run in runs(text))
