"""Tables of HTML pages, also those that a program saved under the name of a workbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from kulla.errors import InputError, UnsafeInput
from kulla.leaks.intake import markup
from kulla.leaks.intake._api import WIDEST, Blob, Fact, Found, Grid, Task
from kulla.leaks.intake.cells import Collector
from kulla.leaks.intake.encoding import encoding

_START: Final = re.compile(r"<(?:!doctype\s+html|html|table|head|body)\b", re.IGNORECASE)
_DECLARED: Final = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{3,20})", re.IGNORECASE)
_HEAD: Final = 1 << 14
_LARGEST: Final = 256 << 20
_META: Final = {"generator": "application", "author": "author", "progid": "application"}


class Html:
    """Every table of a page that holds no other table."""

    name = "html"

    def sniff(self, blob: Blob) -> bool:
        head = blob.head(_HEAD)
        if b"<" not in head and b"\0" not in head:
            return False
        codec = encoding(head)
        text = head.decode(codec, "replace").lstrip("\ufeff \t\r\n") if codec else ""
        return text.startswith("<") and bool(_START.search(text))

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        if len(blob) > _LARGEST:
            raise UnsafeInput(f"an HTML page of more than {_LARGEST >> 20} MiB")
        codec = _codec(blob)
        yield Fact("encoding", codec)
        found = markup.page(bytes(blob.data[:]).decode(codec, "replace").replace("\0", ""), WIDEST)
        yield Fact("title", found.title)
        for name, word in _META.items():
            yield Fact(word, found.meta.get(name, ""))
        for table in found.tables:
            collector = Collector()
            collector.add([row or [None] for row in table.rows])
            if collector.rows:
                yield Grid(table.name, collector.table(), merged=table.merged)
        if not found.tables:
            raise InputError("a page without a table")


def _codec(blob: Blob) -> str:
    """The encoding that the page declares, if it is one and the bytes do not say otherwise."""
    told = encoding(memoryview(blob.data)) or "utf-8"
    declared = _DECLARED.search(blob.head(_HEAD))
    if told.startswith("utf") or not declared:
        return told
    name = declared[1].decode("ascii")
    try:
        "".encode(name)
    except LookupError:
        return told
    return name.lower() if not name.lower().startswith("utf") else told
