"""What a page says: the texts that a person sees or hears, apart from its mark-up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

TOLD: Final = frozenset({"alt", "aria-label", "placeholder", "title"})
"""Attributes that are read to people. Of a button that is an input, its value too."""
UNSEEN: Final = frozenset({"script", "style"})
DATA: Final = frozenset({"code", "pre", "samp", "kbd", "bdi", "textarea", "time"})
"""Elements that hold data as it is: events, numbers, names of fields, what somebody wrote. So does the class `mono`."""
VOID: Final = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
WORD: Final = re.compile(r"[^\W\d_]{2,}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given[name] or "" for name in TOLD & given.keys()]
        if tag == "input" and given.get("type") in {"submit", "button", "reset"}:
            self.found.append(given.get("value") or "")
        if tag not in VOID:
            # A text in another language than the page's says so.
            foreign = "lang" in given and tag != "html"
            data = foreign or tag in UNSEEN | DATA or "mono" in (given.get("class") or "").split()
            self._open.append((tag, data))

    def handle_endtag(self, tag: str) -> None:
        while self._open and tag not in VOID:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not any(kept for _tag, kept in self._open):
            self.found.append(data)


def texts(page: str) -> Iterator[str]:
    """Every text of `page`, blanks made one, without data as it is."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    for each in reader.found:
        text = " ".join(each.split())
        if WORD.search(text):
            yield text
