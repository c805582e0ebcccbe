"""JSON texts with their escapes undone, a whole run at a time, so that values can be searched for as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# Numbers that may not be written as their field's text is: exponents, and more digits than a double holds.
_NUMBER = r"[\[:,]\s*-?\d+(?:\.\d+)?[eE]|[\[:,]\s*-?\d+\.\d{15}"

_BACKSLASH = b"\0"
_END = b"\x1e"
"""Two bytes that JSON forbids inside strings and between tokens."""

_ESCAPES = ((b'\\"', b'"'), (b"\\/", b"/"), (b"\\n", b"\n"), (b"\\r", b"\r"), (b"\\t", b"\t"), (b"\\b", b"\b"),
            (b"\\f", b"\f"))  # fmt: skip


def unlike_their_text(raw: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Texts whose values `unescaped` does not show literally: with \\u escapes, or numbers not in short form."""
    found = pc.or_(pc.match_substring(raw, "\\u"), pc.match_substring_regex(raw, _NUMBER))
    mask: npt.NDArray[np.bool_] = found.to_numpy(zero_copy_only=False)
    return mask


def unescaped(raw: pa.LargeStringArray) -> pa.LargeStringArray:
    """The texts with the two-character escapes of RFC 8259 undone; each ends in U+001E. None may be null or empty.

    Runs of backslashes begin where an escape does, so pairs are taken first, from the left.
    """
    data = _END.join(text.as_buffer() for text in raw.cast(pa.large_binary())) + _END
    data = data.replace(b"\\\\", _BACKSLASH)
    for escape, meant in _ESCAPES:
        data = data.replace(escape, meant)
    data = data.replace(_BACKSLASH, b"\\")
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _END[0]) + 1
    offsets = np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])
    return pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
