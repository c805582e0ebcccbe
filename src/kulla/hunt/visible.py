"""Text from events made safe to look at: what a terminal or a reader could be deceived by becomes visible."""

from __future__ import annotations

import re

# C0 and C1 controls (terminal sequences), line and paragraph separators, bidirectional controls (Unicode Technical
# Report 36: text that reads other than it is), zero-width characters, tags, and surrogates (not encodable).
HIDDEN = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f"
)
_HIDDEN = re.compile(f"[{HIDDEN}]")
_HIDDEN_BUT_BREAKS = re.compile(f"(?![\n\t])[{HIDDEN}]")


def visible(text: str, breaks: bool = False) -> str:
    r"""`text` with each control, bidirectional or invisible character written as an escape.

    With `breaks`, line feeds and tabs stay as they are (for HTML, which shows them harmlessly). The result can be
    encoded in UTF-8 and printed on a terminal without moving its cursor or changing its colours.

    >>> visible("a\x1b[31mb\u202e")
    'a\\x1b[31mb\\u202e'
    """
    return (_HIDDEN_BUT_BREAKS if breaks else _HIDDEN).sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
