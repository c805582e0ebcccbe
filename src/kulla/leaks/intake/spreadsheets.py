"""The forms of spreadsheets, told by content: a zip of XML parts (xlsx, xlsb, ods) or an OLE container (xls)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kulla.errors import InputError
from kulla.leaks.intake import olemeta, sheetcells
from kulla.leaks.intake._api import Blob, Found, Task
from kulla.leaks.intake.package import Package, listed
from kulla.leaks.intake.workbook import read_sheets

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class Xlsx:
    """Workbooks of XML parts, with macros or without.

    When calamine came to its end on one (`Task.again`), its sheets are read cell by cell.
    """

    name = "xlsx"

    def sniff(self, blob: Blob) -> bool:
        return "xl/workbook.xml" in listed(blob)

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        with Package(blob, task.settings) as package:
            yield from package.facts()
            if task.again:
                yield from sheetcells.read_sheets(package)
        if not task.again:
            yield from read_sheets(blob)


class Xlsb:
    """Workbooks of binary parts."""

    name = "xlsb"

    def sniff(self, blob: Blob) -> bool:
        return "xl/workbook.bin" in listed(blob)

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        with Package(blob, task.settings) as package:
            yield from package.facts()
        yield from read_sheets(blob)


class Ods:
    """OpenDocument spreadsheets."""

    name = "ods"

    def sniff(self, blob: Blob) -> bool:
        if "content.xml" not in listed(blob):
            return False
        # A text document has the same parts. The kind stands first, uncompressed (OpenDocument 1.3, part 2, 3.3).
        return b"opendocument.text" not in blob.head(200) and b"opendocument.presentation" not in blob.head(200)

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        with Package(blob, task.settings) as package:
            yield from package.facts()
        yield from read_sheets(blob)


class Xls:
    """Workbooks in an OLE container, and encrypted ones of any kind."""

    name = "xls"

    def sniff(self, blob: Blob) -> bool:
        return blob.head(8) == _OLE

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        kind, facts = olemeta.told(blob)
        yield from facts
        if kind == "encrypted":
            raise InputError("encrypted with a password; hand it over without one")
        if kind != "workbook":
            raise InputError("an OLE document that is no workbook")
        yield from read_sheets(blob)
