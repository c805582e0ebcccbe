"""Text from outside made safe to look at: what could deceive a reader or break a page becomes visible."""

from __future__ import annotations

import re
from typing import Final

# C0 and C1 controls, line and paragraph separators, bidirectional controls (Unicode Technical Report 36), zero-width
# characters, interlinear marks, non-characters, tags, and surrogates (which cannot be encoded).
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e0fff]"
)
LONGEST: Final = 400
"""Characters of a text from outside that a document shows."""


def clean(text: str) -> str:
    r"""The text with each control, bidirectional or invisible character written as an escape.

    >>> clean("a\x1b[31mb\u202e")
    'a\\x1b[31mb\\u202e'
    """
    return _HIDDEN.sub(_escape, text)


def shown(text: str) -> str:
    """A text from outside as a document shows it: clean, and cut when it is long.

    >>> shown("x" * 500)[-12:]
    'xxxxx… (500)'
    """
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)})"
    return clean(cut)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
