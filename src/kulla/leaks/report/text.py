"""A document as plain text, for a mail or a form: nothing but its words."""

from __future__ import annotations

import textwrap
from typing import Final

from kulla.leaks.report.blocks import (
    Block,
    Box,
    Code,
    Document,
    Facts,
    Figure,
    Heading,
    Items,
    NewPage,
    Para,
    Table,
    Text,
    runs,
)
from kulla.leaks.report.clean import clean, shown

_WIDTH: Final = 80


def text(document: Document) -> bytes:
    """The document in UTF-8, lines of at most 80 characters where words allow. Pictures are their caption."""
    lines = [line for block in document.blocks for line in _block(block)]
    lines += ["", *_wrapped(document.footer)]
    return ("\n".join(lines).strip() + "\n").encode()


def _words(told: Text) -> str:
    return "".join(shown(run.text) if isinstance(run, Code) else clean(run) for run in runs(told))


def _wrapped(told: Text, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        _words(told), _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]  # fmt: skip


def _block(block: Block) -> list[str]:
    match block:
        case Heading(level, told):
            words = _words(told)
            return ["", words, ("=" if level == 1 else "-") * min(len(words), _WIDTH)]
        case Para(told, _):
            return ["", *_wrapped(told)]
        case Items(texts, ordered):
            marks = [f"{at}. " if ordered else "- " for at in range(1, len(texts) + 1)]
            return ["", *(line for mark, each in zip(marks, texts, strict=True) for line in _wrapped(each, mark, "  "))]
        case Facts(pairs):
            return [
                "",
                *(line for name, value in pairs for line in _wrapped((f"{clean(name)}: ", *runs(value)), "", "  ")),
            ]
        case Table(head, rows):
            named = [[*zip(head, row, strict=True)] for row in rows]
            return ["", *(line for row in named for line in _row(row))]
        case Box(_, title, blocks):
            return ["", clean(title), *(line for inner in blocks for line in _block(inner))]
        case Figure(_, _, caption):
            return ["", *_wrapped(caption)]
        case NewPage():
            return []


def _row(row: list[tuple[str, Text]]) -> list[str]:
    told = "; ".join(f"{clean(name)}: {_words(cell)}" if name else _words(cell) for name, cell in row)
    return _wrapped(told, "- ", "  ")
