"""A few words in a lot of raw text, by Hyperscan. The only file here that meets it.

Over whole records (2 KB an event) Hyperscan takes 0.3 to 0.6 ns a byte and matches are rare, so that its call back
into Python for each does not matter; for rules' literals in fields, where matches abound, see `literals`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import hyperscan
import numpy as np
import numpy.typing as npt

from kulla.detect.fast.literals import Ints


class Words:
    r"""Distinct words of ASCII to look for, ignoring the case of ASCII.

    >>> places, ends = Words([b"kiwi"], [rb"\xc4\xb0"]).scan(memoryview("a Kiwi, İ".encode()))
    >>> places.tolist(), ends.tolist()
    ([0, 1], [6, 10])
    """

    def __init__(self, words: Sequence[bytes], expressions: Sequence[bytes] = ()) -> None:
        """`expressions` are regular expressions of bytes, looked for beside the words and numbered after them."""
        patterns = [*map(re.escape, words), *expressions]
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=patterns, ids=list(range(len(patterns))), elements=len(patterns),
            flags=[hyperscan.HS_FLAG_CASELESS] * len(patterns),
        )  # fmt: skip

    def scan(self, text: memoryview) -> tuple[Ints, Ints]:
        """The number of each word or expression found, and where it ends; in order of ends."""
        found: list[int] = []
        put = found.extend

        def met(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            put((number, end))

        self._database.scan(text, match_event_handler=met)  # type: ignore[type-var]
        pairs: npt.NDArray[np.int64] = np.array(found, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]
