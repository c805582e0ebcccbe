"""Small pieces of HTML, escaped in one place."""

from __future__ import annotations

import html
from collections.abc import Iterable
from urllib.parse import quote, urlencode

from kulla.hunt.visible import visible
from kulla.hunt.words import MARKS

CUT = 2_000
"""Characters of a text from the input shown in the page's own markup."""


def esc(text: object) -> str:
    """Text for an element or a quoted attribute; controls and bidirectional characters become visible.

    >>> esc("<b>\\x00")
    '&lt;b&gt;\\\\x00'
    """
    plain = str(text)
    if len(plain) > CUT:
        plain = f"{plain[:CUT]}… ({len(plain) - CUT:,} characters more)"
    return html.escape(visible(plain, breaks=True))


def level(name: str) -> str:
    """A level as mark and word; its colour comes from the class."""
    return f'<span class="level l-{esc(name)}"><b aria-hidden="true">{MARKS.get(name, "?")}</b> {esc(name)}</span>'


def link(url: str) -> str:
    """A reference: a link when it is one to the web, else its text."""
    if url.lower().startswith(("https://", "http://")):
        return f'<a href="{esc(url)}" rel="noopener noreferrer" target="_blank">{esc(url)}</a>'
    return esc(url)


def filtered(**wanted: str | int) -> str:
    """The fragment that sets the filters, as an attribute's value.

    >>> filtered(host="a b", level="high")
    '#f?host=a%20b&amp;level=high'
    """
    pairs = {key: str(value).encode("utf-8", "replace").decode() for key, value in wanted.items()}
    return html.escape(f"#f?{urlencode(pairs, quote_via=quote)}")


def items(parts: Iterable[str], kind: str = "") -> str:
    """An unordered list of finished markup; nothing for none."""
    body = "".join(f"<li>{part}</li>" for part in parts)
    return f'<ul class="{kind}">{body}</ul>' if body else ""


def fold(title: str, body: str, name: str = "", opened: bool = False) -> str:
    """A part that opens. `title` and `body` are finished markup."""
    label = f' id="{name}"' if name else ""
    return f"<details{label}{' open' if opened else ''}><summary>{title}</summary>{body}</details>"
