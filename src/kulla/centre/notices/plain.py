"""HTML as plain text, without a browser: nothing is fetched, run or rendered. Pure.

One pass with str.find, so that time grows with the length alone, whatever is not closed. Where a link or an image
leads stands behind its text in brackets: in a report of phishing that is what matters.
"""

from __future__ import annotations

import html
import re
from typing import Final

_NAME: Final = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_WHERE: Final = re.compile(r"""\s(?:href|src|action)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))""", re.IGNORECASE)
_SILENT: Final = frozenset({"script", "style", "head", "template", "title"})
_LEADS: Final = frozenset({"a", "img", "form", "iframe"})
_BREAKS: Final = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre"}
)
_TAG: Final = 20_000
"""Characters of a tag that are looked at: an image that is written into the tag itself is longer."""


def plain(markup: str) -> str:
    """The text of `markup`. Never raises.

    >>> plain('<p>Pay <a href="http://evil.example/x">here</a> &amp; now<br>Bye<script>x()</script>')
    'Pay here [http://evil.example/x] & now\\nBye'
    """
    lower = markup.lower() if len(markup.lower()) == len(markup) else markup
    out: list[str] = []
    at, links = 0, [""]
    while at < len(markup):
        start = markup.find("<", at)
        if start < 0:
            out.append(markup[at:])
            break
        out.append(markup[at:start])
        if markup.startswith("<!--", start):
            at = _behind(markup, "-->", start)
            continue
        end = markup.find(">", start)
        name = _NAME.match(markup, start + 1)
        if end < 0 or name is None:
            out.append("<")
            at = start + 1
            if end < 0:
                out.append(markup[at:])
                break
            continue
        at = end + 1
        word, closing = name[1].lower(), markup[start + 1] == "/"
        if word in _SILENT and not closing:
            at = _behind(lower, f"</{word}", at)
            at = _behind(markup, ">", at) if at < len(markup) else at
        _tag(word, closing, markup[start : min(end, start + _TAG)], out, links)
    return tidy(html.unescape("".join(out)))


def _tag(word: str, closing: bool, text: str, out: list[str], links: list[str]) -> None:
    """What a tag leaves in the text."""
    if word in _BREAKS:
        out.append("\n")
    if word not in _LEADS:
        return
    found = _WHERE.search(text)
    where = next((each for each in found.groups() if each), "") if found else ""
    if word == "a":
        if links[0]:
            out.append(f" [{links[0]}]")
        links[0] = "" if closing else where[:2000]
    elif where and not closing:
        out.append(f" [{where[:2000]}] ")


def _behind(text: str, wanted: str, start: int) -> int:
    """The place behind `wanted`, or the end."""
    found = text.find(wanted, start)
    return len(text) if found < 0 else found + len(wanted)


def tidy(text: str) -> str:
    """Lines without blanks at their ends, never two empty ones in a row, no control or direction characters."""
    lines: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").split("\n"):
        clean = "".join(ch for ch in line if ch == "\t" or ch.isprintable()).strip()
        if clean or (lines and lines[-1]):
            lines.append(clean)
    return "\n".join(lines).strip()
