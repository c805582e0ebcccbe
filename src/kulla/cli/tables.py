"""Plain tables: columns aligned by spaces, nothing that a terminal could take for a command."""

from __future__ import annotations

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
