"""Archives (zip, tar) and compressed files (gzip, bzip2, xz, zstd): each member is read in its turn, under limits.

A zip that is a chat's export is not looked into (`chats`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, Final

from kulla.errors import InputError, UnsafeInput
from kulla.events import tar, unpack
from kulla.events.rejects import readable
from kulla.leaks.intake._api import Blob, Fact, Found, Member, Problem, Task
from kulla.leaks.intake.blobs import mapped

_TAR_HEAD: Final = 512
_OFFICE: Final = frozenset({"[Content_Types].xml", "mimetype", "META-INF/manifest.xml"})
"""Parts of documents that are zips: of Word, of OpenDocument, of e-books."""


class Archive:
    """Whatever holds other files."""

    name = "zip"

    def sniff(self, blob: Blob) -> bool:
        return unpack.container(blob.head(_TAR_HEAD)) is not None

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        kind = unpack.container(blob.head(_TAR_HEAD))
        budget = unpack.Budget(task.settings, len(blob))
        with open(blob.path, "rb") as file:
            if kind == "zip":
                yield from _zip(blob, file, task, budget)
            elif kind == "tar":
                yield from _tar(blob, file, task, budget)
            elif kind:
                stem = blob.name.rsplit(".", 1)[0]
                yield from _inside(stem, unpack.decompress(file, kind, budget), task)


def _zip(blob: Blob, file: BinaryIO, task: Task, budget: unpack.Budget) -> Iterator[Found]:
    with unpack.open_zip(file, task.settings) as archive:
        members = archive.infolist()
        if not _OFFICE.isdisjoint(info.filename for info in members):
            raise InputError("a document of an office program that is no workbook; save its tables as one")
        if len(members) > task.settings.archive_members:
            raise UnsafeInput(f"holds more than {task.settings.archive_members} members (archive_members)")
        for info in members:
            if info.is_dir():
                continue
            name = f"{blob.name}/{readable(info.filename)}"
            yield Fact("member_times", "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time))
            try:
                inner = unpack.zip_member(archive, info, budget)
            except InputError as error:
                yield Problem(f"{name}: {error}")
                continue
            yield from _inside(name, inner, task)


def _tar(blob: Blob, file: BinaryIO, task: Task, budget: unpack.Budget) -> Iterator[Found]:
    for number, (entry, body) in enumerate(tar.entries(file)):
        if number >= task.settings.archive_members:
            raise UnsafeInput(f"holds more than {task.settings.archive_members} members (archive_members)")
        if not entry.kind:
            yield from _inside(
                f"{blob.name}/{readable(entry.name)}", unpack.Unpacked(body.chunks(), budget, None), task
            )


def _inside(name: str, inner: unpack.Unpacked, task: Task) -> Iterator[Found]:
    """A member as a file without a name. Raises UnsafeInput when it would exceed a limit."""
    with io.BufferedReader(inner) as stream, unpack.spool(stream, task.settings) as spooled:
        fault = inner.fault
        if fault and fault.unsafe:
            raise UnsafeInput(f"{name}: {fault.reason}")
        if fault:
            yield Problem(f"{name}: {fault.reason}; what came before was read")
        with mapped(spooled, name) as blob:
            if len(blob):
                yield Member(blob)
