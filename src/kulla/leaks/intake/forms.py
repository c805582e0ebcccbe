"""All forms of files, in the order in which they are tried. To add one: its file, and a line here."""

from __future__ import annotations

from typing import Final

from kulla.leaks.intake._api import Blob, Form
from kulla.leaks.intake.access import Access
from kulla.leaks.intake.archive import Archive
from kulla.leaks.intake.chats import Chat
from kulla.leaks.intake.delimited import Delimited
from kulla.leaks.intake.htmlfile import Html
from kulla.leaks.intake.jsonfile import Json, Ndjson
from kulla.leaks.intake.parquetfile import Parquet
from kulla.leaks.intake.pdftables import Pdf
from kulla.leaks.intake.spreadsheets import Ods, Xls, Xlsb, Xlsx
from kulla.leaks.intake.sqlitefile import Sqlite
from kulla.leaks.intake.xml2003 import Xml2003

FORMS: Final[tuple[Form, ...]] = (
    Xlsx(), Xlsb(), Ods(), Xls(), Xml2003(), Chat(), Archive(), Parquet(), Sqlite(), Access(), Pdf(), Html(), Ndjson(),
    Json(), Delimited(),
)  # fmt: skip


def form_of(blob: Blob) -> Form | None:
    """The form that the bytes are of; None when none is known."""
    return next((form for form in FORMS if form.sniff(blob)), None)
