"""An Access database (Jet 4) made by hand, page by page, as the Jet format notes of mdbtools describe it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

PAGE = 4096
INT16, INT32, MONEY, DATE, TEXT = 3, 4, 5, 8, 10
_FORMATS = {INT16: "<h", INT32: "<i", MONEY: "<q", DATE: "<d"}

Column = tuple[str, int]


def access(name: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    """A database with one table of one data page; None leaves a value out."""
    catalog = [("Id", INT32), ("Type", INT16), ("Flags", INT32), ("Name", TEXT)]
    entries = [[2, 1, 2, "MSysObjects"], [4, 1, 0, name]]
    head = (b"\0\1\0\0Standard Jet DB\0" + struct.pack("<I", 1)).ljust(PAGE, b"\0")
    pages = [
        head, bytes(PAGE), _definition(catalog, 2), _data(2, catalog, entries), _definition(columns, len(rows)),
        _data(4, columns, rows),
    ]  # fmt: skip
    return b"".join(pages)


def _definition(columns: Sequence[Column], rows: int) -> bytes:
    loose = sum(1 for _, kind in columns if kind == TEXT)
    body = b"\2\1" + struct.pack("<HI", 0x0100, 0) + struct.pack("<IIIIIIII", 0, 0, rows, 0, 0, 0, 0, 0)
    body += struct.pack("<BHHHIIII", 0x4E, len(columns), loose, len(columns), 0, 0, 0, 0)
    fixed, variable, names = 0, 0, b""
    for at, (title, kind) in enumerate(columns):
        flags = 2 if kind == TEXT else 3
        size = 100 if kind == TEXT else struct.calcsize(_FORMATS[kind])
        body += struct.pack("<BIHHH4sHIHH", kind, 0, at, variable, at, bytes(4), flags, 0, fixed, size)
        fixed, variable = (fixed, variable + 1) if kind == TEXT else (fixed + size, variable)
        text = title.encode("utf-16-le")
        names += struct.pack("<H", len(text)) + text
    return (body + names).ljust(PAGE, b"\0")


def _data(owner: int, columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> bytes:
    records = [_record(columns, row) for row in rows]
    places, end = [], PAGE
    for record in records:
        end -= len(record)
        places.append(end)
    head = b"\1\1" + struct.pack("<HIIH", 0, owner, 0, len(rows)) + struct.pack(f"<{len(rows)}H", *places)
    assert len(head) <= end, "one page is all there is"
    return head.ljust(end, b"\0") + b"".join(reversed(records))


def _record(columns: Sequence[Column], row: Sequence[Any]) -> bytes:
    fixed = b"".join(struct.pack(_FORMATS[kind], value or 0) for (_, kind), value in zip(columns, row, strict=True)
                     if kind != TEXT)  # fmt: skip
    texts = [(value or "").encode("utf-16-le") for (_, kind), value in zip(columns, row, strict=True) if kind == TEXT]
    body = struct.pack("<H", len(columns)) + fixed
    offsets = []
    for text in texts:
        offsets.append(len(body))
        body += text
    present = sum(1 << at for at, value in enumerate(row) if value is not None)
    ends = struct.pack("<H", len(body)) + b"".join(struct.pack("<H", offset) for offset in reversed(offsets))
    return body + ends + struct.pack("<H", len(texts)) + present.to_bytes(-(-len(columns) // 8), "little")
