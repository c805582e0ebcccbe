"""A document as a Word file (Office Open XML), to be completed and signed. The only file that knows python-docx.

Blanks are highlighted, so that none is overlooked. Equal documents give equal bytes: dates are the document's, and the
archive bears none.
"""

from __future__ import annotations

import io
import re
import zipfile
from datetime import UTC, datetime
from typing import Any, Final

import docx as word_format
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_COLOR_INDEX
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from kulla.centre.law.drafts.words import TABLES
from kulla.leaks.report.blocks import (
    Block,
    Box,
    Code,
    Document,
    Facts,
    Figure,
    Heading,
    Items,
    NewPage,
    Para,
    Table,
    Text,
    runs,
)
from kulla.leaks.report.clean import clean, shown

_BLANK: Final = re.compile(
    "(" + "|".join(re.escape(table["blank"].partition("{")[0]) + r"[^\]]*\]" for table in TABLES.values()) + ")"
)
_SOFT: Final = RGBColor(0x57, 0x60, 0x6A)
_SHADES: Final = {"warning": "FDF5EF", "note": "F6F4EE", "result": "F6F4EE"}
# FIRST, TLP 2.0, table 3: the colours of the labels, on black.
_TLP: Final = {"RED": "FF2B2B", "AMBER": "FFC000", "GREEN": "33FF00", "CLEAR": "FFFFFF"}
_LOCALES: Final = {"en": "en-GB", "sq": "sq-AL"}
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def docx(document: Document) -> bytes:
    """The document as a .docx file."""
    word = word_format.Document()
    _layout(word, document)
    for block in document.blocks:
        _block(word, block)
    made = datetime.fromtimestamp(document.made // 1_000_000, UTC).replace(tzinfo=None)
    core = word.core_properties
    core.title, core.author, core.language = clean(document.title), "Kulla", document.language
    core.created = core.modified = made
    core.last_modified_by, core.comments = "Kulla", ""
    out = io.BytesIO()
    word.save(out)
    return _undated(out.getvalue())


def _layout(word: WordDocument, document: Document) -> None:
    normal: Any = word.styles["Normal"]
    normal.font.name, normal.font.size = "Calibri", Pt(10.5)
    normal.paragraph_format.space_after = Pt(5)
    tongue = OxmlElement("w:lang")
    tongue.set(qn("w:val"), _LOCALES.get(document.language, document.language))
    normal.element.get_or_add_rPr().append(tongue)
    for level, size in ((1, 18), (2, 14), (3, 12)):
        style: Any = word.styles[f"Heading {level}"]
        style.font.name, style.font.size, style.font.color.rgb = "Calibri", Pt(size), RGBColor(0x16, 0x43, 0x6F)
        style.element.rPr.rFonts.attrib.clear()
        style.font.name = "Calibri"
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin, section.bottom_margin = Cm(2), Cm(1.8)
    if document.header:
        _label(section.header.paragraphs[0], document.header)
    foot = section.footer.paragraphs[0]
    told = foot.add_run(f"{clean(document.footer)} · {document.page} ")
    told.font.size, told.font.color.rgb = Pt(8), _SOFT
    _number(foot)


def _label(paragraph: Any, text: str) -> None:
    """A TLP label as FIRST asks for it: in the header, to the right, 12 points or more, its colour on black."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(f" {text} ")
    run.bold, run.font.size = True, Pt(12)
    colour = text.removeprefix("TLP:").partition("+")[0]
    run.font.color.rgb = RGBColor.from_string(_TLP.get(colour, "FFFFFF"))
    run._r.get_or_add_rPr().append(_shade("000000"))


def _number(paragraph: Any) -> None:
    run = paragraph.add_run()
    run.font.size, run.font.color.rgb = Pt(8), _SOFT
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)


def _block(where: Any, block: Block) -> None:
    match block:
        case Heading(level, text):
            _write(where.add_paragraph(style=f"Heading {level}"), text)
        case Para(text, tone):
            paragraph = where.add_paragraph()
            _write(paragraph, text, quiet=tone == "quiet")
        case Items(texts, ordered):
            for at, text in enumerate(texts, 1):
                # Numbers are written out: Word's own would run on from one list to the next.
                paragraph = where.add_paragraph(style=None if ordered else "List Bullet")
                _write(paragraph, (f"{at}. ", *runs(text)) if ordered else text)
                paragraph.paragraph_format.space_after = Pt(2)
        case Facts(pairs):
            _grid(where, [(name, text) for name, text in pairs], (4.6, 12.4), soft_first=True)
        case Table(head, rows, widths):
            shares = widths or (1.0,) * len(head)
            sizes = tuple(17 * share / sum(shares) for share in shares)
            _grid(where, [*([head] if any(head) else []), *rows], sizes, head=any(head))
        case Box(kind, title, blocks):
            _boxed(where, kind, title, blocks)
        case Figure(_, _, caption):
            _write(where.add_paragraph(), caption, quiet=True)
        case NewPage():
            where.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def _write(paragraph: Any, text: Text, quiet: bool = False, bold: bool = False) -> None:
    for run in runs(text):
        if isinstance(run, Code):
            told = paragraph.add_run(shown(run.text))
            told.font.name, told.font.size = "Consolas", Pt(9)
            continue
        for at, part in enumerate(_BLANK.split(clean(run))):
            if not part:
                continue
            told = paragraph.add_run(part)
            told.bold = bold or None
            if at % 2:
                told.font.highlight_color = WD_COLOR_INDEX.YELLOW
            if quiet:
                told.font.size, told.font.color.rgb = Pt(9), _SOFT


def _grid(
    where: Any, rows: list[tuple[Text, ...]], sizes: tuple[float, ...], head: bool = False, soft_first: bool = False
) -> None:
    table = where.add_table(rows=0, cols=len(sizes))
    table.autofit = False
    if not soft_first:
        table.style = "Table Grid"
    for at, row in enumerate(rows):
        cells = table.add_row().cells
        for place, (cell, text, size) in enumerate(zip(cells, row, sizes, strict=True)):
            cell.width = Cm(size)
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.space_after = Pt(2)
            _write(paragraph, text, quiet=soft_first and place == 0, bold=head and at == 0)
    # Word goes by the cells' widths, others by the columns'.
    for column, size in zip(table.columns, sizes, strict=True):
        column.width = Cm(size)
    if head:
        repeated = OxmlElement("w:tblHeader")
        table.rows[0]._tr.get_or_add_trPr().append(repeated)
    where.add_paragraph().paragraph_format.space_after = Pt(2)


def _boxed(where: Any, kind: str, title: str, blocks: tuple[Block, ...]) -> None:
    table = where.add_table(rows=1, cols=1)
    cell = table.rows[0].cells[0]
    cell._tc.get_or_add_tcPr().append(_shade(_SHADES[kind]))
    first = cell.paragraphs[0]
    _write(first, title, bold=True)
    for block in blocks:
        _block(cell, block)
    where.add_paragraph().paragraph_format.space_after = Pt(2)


def _shade(colour: str) -> Any:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", colour)):
        shade.set(qn(f"w:{name}"), value)
    return shade


def _undated(packed: bytes) -> bytes:
    """The archive with one date for all members."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(name))
    return out.getvalue()
