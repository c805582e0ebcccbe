"""A document as a PDF, set by Typst with the fonts that its wheel carries.

The bytes depend on the document alone: its date is the document's, fonts of the machine are left out, and nothing is
read from disk: the layout imports nothing, and what varies is data that is never parsed as markup. The PDF is of the
archival kind PDF/A-2a (ISO 19005-2): tagged, fonts embedded.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import orjson
import typst

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
from kulla.leaks.report.typstpage import LAYOUT

_INLINE: Final = 48
"""A name of at most so many characters keeps to its line, apart from its neighbours."""
_CHUNK: Final = 8
"""After so many characters a longer one may break. Nothing is put in: what is copied out of the PDF is the name."""


def pages(document: Document) -> bytes:
    """The document as a PDF. Equal documents give equal bytes."""
    made = datetime.fromtimestamp(document.made // 1_000_000, UTC)
    data = {
        "title": clean(document.title),
        "language": document.language,
        "made": {name: getattr(made, name) for name in ("year", "month", "day", "hour", "minute", "second")},
        "header": clean(document.header),
        "footer": clean(document.footer),
        "page": document.page,
        "blocks": [_block(block) for block in document.blocks],
    }
    return typst.compile(
        LAYOUT.encode(),
        font_paths=typst.Fonts(include_system_fonts=False),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"document": orjson.dumps(data).decode()},
        timestamp=made,
        pdf_standards=["a-2a"],
    )


def _text(text: Text, cell: bool = False) -> list[dict[str, Any]]:
    alone = cell and not isinstance(text, tuple)
    return [
        _code(run.text, alone) if isinstance(run, Code) else {"code": None, "text": clean(run)} for run in runs(text)
    ]


def _code(text: str, alone: bool) -> dict[str, Any]:
    """A name from outside. What is long may break anywhere."""
    safe = shown(text)
    if not alone and len(safe) <= _INLINE:
        return {"code": "inline", "text": safe}
    return {"code": "broken", "parts": [safe[at : at + _CHUNK] for at in range(0, len(safe), _CHUNK)] or [""]}


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Heading(level, text):
            return {"kind": "heading", "level": level, "text": _text(text)}
        case Para(text, tone):
            return {"kind": "para", "tone": tone, "text": _text(text)}
        case Items(texts, ordered):
            return {"kind": "items", "ordered": ordered, "texts": [_text(each) for each in texts]}
        case Facts(pairs):
            return {"kind": "facts", "pairs": [{"name": clean(k), "text": _text(v, cell=True)} for k, v in pairs]}
        case Table():
            return _table(block)
        case Box(kind, title, blocks):
            return {"kind": "box", "look": kind, "title": clean(title), "blocks": [_block(each) for each in blocks]}
        case Figure(svg, alt, caption):
            drawn = svg.replace("<svg ", '<svg font-family="Libertinus Serif" ', 1)
            return {"kind": "figure", "svg": drawn, "alt": clean(alt), "caption": clean(caption)}
        case NewPage():
            return {"kind": "newpage"}


def _table(table: Table) -> dict[str, Any]:
    return {
        "kind": "table",
        "head": [clean(text) for text in table.head],
        "rows": [[{"runs": _text(cell, cell=True)} for cell in row] for row in table.rows],
        "widths": list(table.widths or (1,) * len(table.head)),
        "numbers": sorted(table.numbers),
    }
