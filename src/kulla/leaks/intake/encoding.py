"""How a text's characters are written in bytes. The only file that knows charset_normalizer."""

from __future__ import annotations

import codecs
from typing import Final

import charset_normalizer

_SAMPLE: Final = 1 << 16
_STEP: Final = 1 << 24
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_PAGES: Final = (
    "cp1252",
    "cp1250",
    "iso8859_2",
    "cp1251",
    "cp1253",
    "cp1254",
    "iso8859_16",
    "cp852",
    "cp437",
    "mac_roman",
)
"""Single-byte encodings of the region. Albanian's ë and ç are the same bytes in the first three."""

_BINARY: Final = frozenset([*range(9), 11, *range(14, 27), *range(28, 32), 127])
_MOST_BINARY: Final = 0.02
_MOST_NULS: Final = 0.1


def encoding(data: bytes | memoryview) -> str | None:
    """The name of a text's encoding, as Python has it; None when it is no text.

    By its byte order mark, as UTF-8 where all of it is, as UTF-16 where every other byte is 0, else the single-byte
    encoding of the region that makes most sense of its words.
    """
    head = bytes(data[:_SAMPLE])
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name if _is_text(head.decode(name, "replace")) else None
    if wide := _wide(head):
        return wide if _is_text(head.decode(wide, "replace")) else None
    if head.count(0) > _MOST_NULS * len(head) or not _is_text(head.decode("latin-1")):
        return None
    return "utf-8" if _is_utf8(data) else _page(data)


def _is_text(sample: str) -> bool:
    """Whether control characters and what could not be decoded are rare; NULs, which some programs leave, aside."""
    text = sample.rstrip("\ufffd").replace("\0", "")
    odd = sum(1 for c in text if ord(c) in _BINARY or c == "\ufffd")
    return bool(text.strip()) and odd <= _MOST_BINARY * len(text)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: most characters of tables are of the first 256, so every other byte is 0."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if half >= 2 and max(even, odd) > 0.6 * half and min(even, odd) < 0.1 * half:
        return "utf-16-be" if even > odd else "utf-16-le"
    return ""


def _is_utf8(data: bytes | memoryview) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _STEP):
            decoder.decode(bytes(data[start : start + _STEP]))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # The last character of a file that was cut off is no reason to read all others wrongly.
        return error.reason == "unexpected end of data" and start + _STEP >= len(data) > 4
    return True


def _page(data: bytes | memoryview) -> str:
    sample = _marked(data)
    found = charset_normalizer.from_bytes(sample, cp_isolation=list(_PAGES), preemptive_behaviour=False).best()
    return found.encoding if found else "cp1252"


def _marked(data: bytes | memoryview) -> bytes:
    """Lines that hold bytes beyond ASCII, as many as a sample takes, from all over the text."""
    lines: list[bytes] = []
    size = 0
    for start in range(0, len(data), max(_SAMPLE, len(data) // 64)):
        for line in bytes(data[start : start + _SAMPLE]).splitlines():
            if not line.isascii():
                lines.append(line[:1000])
                size += len(lines[-1])
        if size >= _SAMPLE:
            break
    return b"\n".join(dict.fromkeys(lines))[:_SAMPLE]
