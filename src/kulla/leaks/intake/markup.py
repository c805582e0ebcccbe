"""XML and HTML through lxml, with nothing looked up: no entities, no DTD, no network. The only file that knows lxml."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree, html

from kulla.errors import InputError

_SPAN: Final = 1000
"""HTML lets a cell span so many columns at most."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of an XML document, in its order. `name` and the attributes' names are without namespaces."""

    name: str
    attributes: dict[str, str]
    text: str


def elements(xml: bytes) -> Iterator[Element]:
    """All elements of a small XML document. Raises InputError when it is none, or declares entities."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError("XML that cannot be read") from error
    if root.getroottree().docinfo.doctype:
        raise InputError("XML with a document type declaration, which no spreadsheet has; refused")
    for each in root.iter(etree.Element):
        attributes = {str(key).rpartition("}")[2]: str(value) for key, value in each.attrib.items()}
        yield Element(str(each.tag).rpartition("}")[2], attributes, str(each.text or ""))


@dataclass(frozen=True, slots=True)
class HtmlTable:
    """A table of a page: rows of texts, cells that span several repeated as merged ranges (see `Grid.merged`)."""

    name: str
    rows: list[list[str | None]]
    merged: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page: its tables that hold no others, its title and the `meta` names that say who made it."""

    title: str
    meta: dict[str, str]
    tables: list[HtmlTable]


def page(text: str, widest: int) -> Page:
    """An HTML page, however broken. Raises InputError when nothing of it can be read."""
    parser = html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, recover=True)
    try:
        root = html.document_fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise InputError("HTML that cannot be read") from error
    title = root.findtext(".//title") or ""
    meta = {
        str(each.get("name", "")).lower(): str(each.get("content", ""))
        for each in root.iter("meta")
        if each.get("name") and each.get("content")
    }
    inner = [table for table in root.iter("table") if table.find(".//table") is None]
    return Page(title, meta, [_table(table, number, widest) for number, table in enumerate(inner, 1)])


def _table(table: html.HtmlElement, number: int, widest: int) -> HtmlTable:
    caption = table.findtext(".//caption") or str(table.get("id") or "")
    rows: list[list[str | None]] = []
    merged: list[tuple[int, int, int, int]] = []
    taken: dict[int, int] = {}
    """Column → the row up to which a cell above reaches into it."""
    for at, row in enumerate(table.iter("tr")):
        cells: list[str | None] = []
        for cell in row.iterchildren("td", "th"):
            while taken.get(len(cells), -1) >= at and len(cells) < widest:
                cells.append(None)
            left = len(cells)
            if left >= widest:
                break
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            across = min(across, widest - left)
            cells.append(" ".join("".join(cell.itertext()).split()))
            cells += [None] * (across - 1)
            if across > 1 or down > 1:
                merged.append((at, left, at + down - 1, left + across - 1))
            if down > 1:
                taken.update(dict.fromkeys(range(left, left + across), at + down - 1))
        rows.append(cells)
    return HtmlTable(" ".join(caption.split()) or f"table {number}", rows, tuple(merged))


def _span(cell: html.HtmlElement, name: str) -> int:
    text = str(cell.get(name) or "1").strip()
    return min(max(int(text), 1), _SPAN) if text.isascii() and text.isdigit() and len(text) < 8 else 1
