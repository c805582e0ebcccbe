"""What an OLE container (xls, and encrypted xlsx) says of itself. The only file that knows olefile."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import olefile  # type: ignore[import-untyped]

from kulla.errors import InputError
from kulla.leaks.intake._api import Blob, Fact

_WORDS: Final = {
    "author": "author", "last_saved_by": "last_saved_by", "create_time": "created", "last_saved_time": "modified",
    "creating_application": "application", "company": "company", "manager": "manager", "template": "template",
    "title": "title", "subject": "subject", "keywords": "keywords", "comments": "description",
    "last_printed": "printed", "revision_number": "revision", "category": "category",
}  # fmt: skip


def told(blob: Blob) -> tuple[str, list[Fact]]:
    """The kind (workbook, encrypted, other), and the summary properties.

    Raises InputError when the container is damaged.
    """
    try:
        with olefile.OleFileIO(blob.path) as ole:
            if ole.exists("EncryptedPackage"):
                kind = "encrypted"
            else:
                kind = "workbook" if ole.exists("Workbook") or ole.exists("Book") else "other"
            return kind, _facts(ole)
    except Exception as error:  # noqa: BLE001 - olefile raises whatever its struct and index errors are
        raise InputError(f"a damaged OLE container ({type(error).__name__})") from None


def _facts(ole: olefile.OleFileIO) -> list[Fact]:
    try:
        properties = ole.get_metadata()
    except Exception:  # noqa: BLE001 - as above; the workbook itself may be sound
        return []
    page = properties.codepage or properties.codepage_doc
    return [
        Fact(word, _text(value, page))
        for name, word in _WORDS.items()
        if (value := getattr(properties, name, None)) not in (None, b"", "")
    ]


def _text(value: Any, page: int | None) -> str:
    if isinstance(value, bytes):
        codec = "utf-8" if page in (None, 65001) else f"cp{page}"
        try:
            return value.decode(codec, "replace").rstrip("\0")
        except LookupError:
            return value.decode("cp1252", "replace").rstrip("\0")
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
