"""Documents that are a zip of XML parts (Office Open XML, OpenDocument): their parts; what they tell."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import BinaryIO, Final

from kulla.errors import InputError
from kulla.events import unpack
from kulla.leaks.intake._api import Blob, Fact, Problem
from kulla.leaks.intake.markup import Element, elements
from kulla.settings import Settings

_SMALL: Final = 8 << 20
"""A part that is read whole may have so many bytes."""

_CORE: Final = {
    "creator": "author", "initial-creator": "author", "lastModifiedBy": "last_saved_by", "created": "created",
    "creation-date": "created", "modified": "modified", "Application": "application", "generator": "application",
    "AppVersion": "application_version", "Company": "company", "Manager": "manager", "Template": "template",
    "title": "title", "subject": "subject", "description": "description", "keywords": "keywords",
    "lastPrinted": "printed", "print-date": "printed", "printed-by": "printed_by", "revision": "revision",
    "editing-cycles": "revision", "category": "category", "TotalTime": "editing_time",
    "editing-duration": "editing_time", "HyperlinkBase": "embedded_paths",
}  # fmt: skip
_PATH: Final = re.compile(r"(?:[A-Za-z]:\\|\\\\|file:/|/home/|/Users/)[^\"'<>|\x00-\x1f]{1,300}")


class Package:
    """An open document. Use as a context manager."""

    def __init__(self, blob: Blob, settings: Settings) -> None:
        """Raises UnsafeInput when it would unpack to more than allowed, InputError when it is damaged."""
        self._file: BinaryIO = open(blob.path, "rb")  # noqa: SIM115 - closed by `__exit__`
        self._budget = unpack.Budget(settings, len(blob))
        try:
            self._zip = unpack.open_zip(self._file, settings)
            self.names = frozenset(self._zip.namelist())
            # The readers unpack the parts by themselves; no part may unpack to more than it declares.
            for info in self._zip.infolist():
                self._budget.charge(info.file_size)
                self._budget.compare(info.file_size, info.compress_size)
        except InputError:
            self._file.close()
            raise

    def __enter__(self) -> Package:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def stream(self, name: str) -> unpack.Unpacked:
        """A part, unpacked as it is read. Raises InputError when it is not there or is encrypted."""
        try:
            return unpack.zip_member(self._zip, self._zip.getinfo(name), self._budget)
        except KeyError:
            raise InputError("a part is missing") from None

    def elements(self, name: str) -> list[Element]:
        """The elements of a small part; none when it is not there. Raises InputError when it is no sound XML."""
        if name not in self.names:
            return []
        with io.BufferedReader(self.stream(name)) as stream:
            data = stream.read(_SMALL + 1)
        if len(data) > _SMALL:
            raise InputError("a part that should be small is not")
        return list(elements(data))

    def facts(self) -> Iterator[Fact | Problem]:
        """Who made the document, when, with what; names, links and paths that stand in it."""
        for name in ("docProps/core.xml", "docProps/app.xml", "meta.xml", "docProps/custom.xml", "xl/workbook.xml"):
            try:
                yield from _told(self.elements(name), name)
            except InputError as error:
                yield Problem(f"{name}: {error}")
        for name in sorted(self.names):
            if re.fullmatch(r"xl/externalLinks/_rels/[^/]+\.rels", name):
                try:
                    links = self.elements(name)
                except InputError:
                    continue
                yield from (Fact("external_links", each.attributes["Target"]) for each in links
                            if each.attributes.get("Target"))  # fmt: skip
        times = sorted({info.date_time for info in self._zip.infolist() if info.date_time[0] > 1980})
        for moment in {*times[:1], *times[-1:]}:
            yield Fact("parts_saved", "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*moment))


def _told(found: list[Element], part: str) -> Iterator[Fact]:
    custom = ""
    for each in found:
        match each.name:
            case "date" if part == "meta.xml":
                yield Fact("modified", each.text)
            case "property" | "user-defined":
                custom = each.attributes.get("name", "")
                if each.text.strip():
                    yield Fact("custom", f"{custom}={each.text}")
            case "definedName":
                yield Fact("defined_names", each.attributes.get("name", ""))
            case "absPath":
                yield Fact("embedded_paths", each.attributes.get("url", ""))
            case name if part == "docProps/custom.xml" and each.text.strip():
                yield Fact("custom", f"{custom}={each.text}")
            case "creator" if part == "meta.xml":
                yield Fact("last_saved_by", each.text)
            case name if name in _CORE and part != "xl/workbook.xml":
                yield Fact(_CORE[name], each.text)
        for text in (each.text, *each.attributes.values()):
            yield from (Fact("embedded_paths", path) for path in _PATH.findall(text[:10_000]))


def listed(blob: Blob) -> frozenset[str]:
    """The members' names of a zip; none when it is no zip that can be listed."""
    if blob.head(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
        return frozenset()
    try:
        with open(blob.path, "rb") as file, unpack.open_zip(file, Settings()) as archive:
            return frozenset(archive.namelist())
    except (InputError, zipfile.BadZipFile, OSError, ValueError):
        return frozenset()
