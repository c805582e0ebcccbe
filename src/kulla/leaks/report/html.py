"""A document as one HTML file: no script, no request, its style allowed by hash."""

from __future__ import annotations

import base64
import hashlib
import html
from importlib.resources import files

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


def page(document: Document) -> bytes:
    """The document in UTF-8. Equal documents give equal bytes."""
    style = (files("kulla.leaks.report") / "page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    body = "\n".join(_block(block) for block in document.blocks)
    return (
        f'<!DOCTYPE html>\n<html lang="{_esc(document.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_esc(document.title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<footer>{_esc(document.footer)}</footer>\n</body>\n</html>\n"
    ).encode()


def _esc(text: str) -> str:
    return html.escape(clean(text))


def _text(text: Text) -> str:
    return "".join(
        f'<bdi class="code">{html.escape(shown(run.text))}</bdi>' if isinstance(run, Code) else _esc(run)
        for run in runs(text)
    )


def _block(block: Block) -> str:
    match block:
        case Heading(level, text):
            return f"<h{level}>{_text(text)}</h{level}>"
        case Para(text, tone):
            return f'<p class="{tone}">{_text(text)}</p>'
        case Items(texts, ordered):
            tag = "ol" if ordered else "ul"
            return f"<{tag}>" + "".join(f"<li>{_text(text)}</li>" for text in texts) + f"</{tag}>"
        case Facts(pairs):
            return "<dl>" + "".join(f"<dt>{_esc(k)}</dt><dd>{_text(v)}</dd>" for k, v in pairs) + "</dl>"
        case Table():
            return _table(block)
        case Box(kind, title, blocks):
            inner = "".join(map(_block, blocks))
            head = f"<h3>{_esc(title)}</h3>" if title else ""
            return f'<section class="box {kind}">{head}{inner}</section>'
        case Figure(svg, alt, caption):
            # The picture is our own markup: its texts were escaped where it was drawn.
            return f'<figure role="img" aria-label="{_esc(alt)}">{svg}<figcaption>{_esc(caption)}</figcaption></figure>'
        case NewPage():
            return '<div class="newpage"></div>'


def _table(table: Table) -> str:
    kinds = [' class="n"' if at in table.numbers else "" for at in range(len(table.head))]
    head = "".join(f'<th scope="col"{kind}>{_esc(text)}</th>' for kind, text in zip(kinds, table.head, strict=True))
    top = f"<thead><tr>{head}</tr></thead>" if any(table.head) else ""
    rows = "".join(
        "<tr>" + "".join(f"<td{kind}>{_text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)) + "</tr>"
        for row in table.rows
    )
    return f'<div class="wide"><table>{top}<tbody>{rows}</tbody></table></div>'
