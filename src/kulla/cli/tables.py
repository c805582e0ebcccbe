"""Plain tables: columns aligned by spaces, nothing that a terminal could take for a command."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

from kulla.hunt.visible import visible


def safe(text: str) -> str:
    """Text from an event or file name, fit for a terminal: control characters are shown, lines stay one line."""
    return visible(text)


def plain_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a head, columns as wide as their widest cell but for the last, which is left as it is.

    >>> print(plain_table(("n", "what"), [(12, "a"), (3, "b")]), end="")
      n  what
     12  a
      3  b
    """
    cells = [[safe(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    numeric = [bool(rows) and all(isinstance(row[column], int | float) for row in rows) for column in range(len(head))]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append(" " + "  ".join(padded).rstrip() + "\n")
    return "".join(lines)


def fitted_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A plain table whose last column is folded at the terminal's width; left long where there is no terminal.

    A line break in a cell of the last column begins a new line of it.

    >>> print(fitted_table(("n", "what"), [(12, "a\\nb")]), end="")
      n  what
     12  a
         b
    """
    if not rows:
        return plain_table(head, rows)
    before = plain_table((*head[:-1], ""), [(*row[:-1], "") for row in rows]).splitlines()
    indent = max(map(len, before)) + 2
    room = max(shutil.get_terminal_size().columns - indent, 30) if sys.stdout.isatty() else 0
    lines: list[str] = []
    for left, cell in zip(before, (head[-1], *(row[-1] for row in rows)), strict=True):
        parts = [part for line in str(cell).split("\n") for part in folded(safe(line), room)]
        lines.append(left.ljust(indent) + parts[0])
        lines += [" " * indent + part for part in parts[1:]]
    return "\n".join(lines) + "\n"


def folded(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters, broken at blanks where there are any; 0: not broken.

    >>> folded("one two three", 8), folded("abcdefgh", 3), folded("", 0)
    (['one two', 'three'], ['abc', 'def', 'gh'], [''])
    """
    if not width or not text:
        return [text]
    return textwrap.wrap(text, width, break_on_hyphens=False, replace_whitespace=False) or [text]
