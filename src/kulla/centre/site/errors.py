"""What an error of a room says, in the reader's language.

Rooms write plain English and know no language. An error's text is one of the templates of `errortexts` or `healthtexts`
with its values filled in; here it is found again and said with the same values, also long after it was stored. A text
of no template stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kulla.centre.site import errortexts, healthtexts

TEXTS: Final = (*errortexts.TEXTS, *healthtexts.TEXTS)

_PLACE: Final = re.compile(r"%\((\w+)\)s")
_NUMBER: Final = re.compile(r"\d{1,3}(,\d{3})+")
_JOINTS: Final = ("; ", ": ")
"""What stands between two texts that a room has joined: two faults; a place and its fault."""
_DEEPEST: Final = 6
_LONGEST: Final = 600
_MOST: Final = 60
"""A longer line stays as it is, and so does what is left when so many texts were looked at for one: an error repeats
what a person typed, and a query of colons alone would else be looked at in every way that it can be taken apart."""


def told(error: object) -> str:
    """The text of an error, line by line, in the reader's language.

    >>> from django.utils.translation import override
    >>> with override("sq"):
    ...     told("query, column 3: a field's name cannot be empty")
    'pyetja, shenja 3: emri i një fushe nuk mund të jetë bosh'
    """
    text = str(error)
    if (get_language() or "en")[:2] == "en":
        return text
    return "\n".join(_Line().said(line, _DEEPEST)[0] for line in text.splitlines())


@dataclass
class _Line:
    """A line that is being said. left: how many more texts may be looked at."""

    left: int = _MOST

    def said(self, text: str, depth: int) -> tuple[str, bool]:
        """The text as it is said, and whether a template of it was found. `depth` more texts may lie within it."""
        self.left -= 1
        if not depth or self.left < 0 or len(text) > _LONGEST:
            return text, False
        for shape, template in _shapes():
            if found := shape.fullmatch(text):
                return _(template) % {
                    name: self.value(value, depth - 1) for name, value in found.groupdict().items()
                }, True
        for joint in _JOINTS:
            for at in (each.start() for each in re.finditer(re.escape(joint), text)):
                if self.left < 0:
                    return text, False
                parts = [self.said(text[:at], 1), self.said(text[at + len(joint) :], depth - 1)]
                if parts[1][1] or (parts[0][1] and joint == "; "):
                    return joint.join(part for part, _known in parts), True
        return text, False

    def value(self, value: str, depth: int) -> str:
        """A value as it is said: a number with the separator of the language; a text that is itself of a template."""
        if _NUMBER.fullmatch(value):
            return value.replace(",", "\u00a0")
        return self.said(value, depth)[0] if " " in value else value


@cache
def _shapes() -> Sequence[tuple[re.Pattern[str], str]]:
    """What texts of each template look like; templates with more words of their own come first."""
    ordered = sorted(TEXTS, key=lambda each: len(_PLACE.sub("", each)), reverse=True)
    return [(re.compile(_shape(each), re.DOTALL), each) for each in ordered]


def _shape(template: str) -> str:
    """The pattern of a template's texts.

    >>> _shape("no. %(number)s of 100%%")
    'no\\\\.\\\\ (?P<number>.*?)\\\\ of\\\\ 100%'
    """
    plain = _PLACE.split(template)  # texts and names, by turns
    return "".join(
        f"(?P<{each}>.*?)" if number % 2 else re.escape(each.replace("%%", "%")) for number, each in enumerate(plain)
    )
