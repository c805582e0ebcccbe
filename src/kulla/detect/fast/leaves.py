"""What a leaf can be asked for ahead of time: the literals by which values that may satisfy it are found.

All on folded text: a literal that a value must hold to match case-sensitively is, folded, held by the folded value,
since folding goes code point by code point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from kulla.detect.fast.literals import SEPARATOR, SHORTEST
from kulla.detect.fast.required import required
from kulla.detect.rule import Match, Regex, Test, Text, Wild
from kulla.events.text import fold

_LONGEST = 4096
"""Of a longer literal only the beginning is looked for, so that no rule makes the scanner large."""
_RARE = b"`^{}$&|~#%@;+*<>!?"
"""Signs that few enough values hold for one alone to tell something."""
_MOST_HINTS = 4
"""To look for more short literals costs as much as the regular expression."""


@dataclass(frozen=True, slots=True)
class Handle:
    """How a leaf's values are found. `equal`: by equality with this folded text. `literals`: by holding one of these
    (folded, 0xFF at an anchored end). `foreign`: by not being ASCII when folded. `exact`: every value found
    satisfies the leaf; else it is only a candidate."""

    equal: str | None = None
    literals: tuple[bytes, ...] = ()
    foreign: bool = False
    exact: bool = True


def handle(leaf: Match) -> Handle | None:
    r"""How to find the values of a leaf, or None when each value must be asked.

    >>> handle(Match("Image", Text((Wild.MANY, "\\CMD.exe"))))
    Handle(equal=None, literals=(b'\\cmd.exe\xff',), foreign=False, exact=True)
    """
    test = leaf.test
    if isinstance(test, Text):
        return _text(test)
    if isinstance(test, Regex):
        found = tuple(dict.fromkeys(fold(text).encode()[:_LONGEST] for text in required(test)))
        if found and min(map(len, found)) >= SHORTEST:
            return Handle(literals=found, exact=False)
        return Handle(foreign=True, exact=False) if found and not any(map(bytes.isascii, found)) else None
    return None


def _text(test: Text) -> Handle | None:
    try:
        literals = [fold(part).encode() for part in test.parts if isinstance(part, str)]
    except UnicodeEncodeError:  # an unpaired surrogate: no value in UTF-8 holds it, the kernel says so
        return None
    if Wild.MANY not in test.parts and Wild.ONE not in test.parts:
        return Handle(equal=fold("".join(part for part in test.parts if isinstance(part, str))), exact=not test.cased)
    anchored = list(literals)
    if isinstance(test.parts[0], str):
        anchored[0] = SEPARATOR + anchored[0]
    if isinstance(test.parts[-1], str):
        anchored[-1] = anchored[-1] + SEPARATOR
    best = max(anchored, key=len, default=b"")
    if len(best) < SHORTEST:
        return Handle(foreign=True, exact=False) if any(not literal.isascii() for literal in literals) else None
    exact = len(literals) == 1 and Wild.ONE not in test.parts and not test.cased and len(best) <= _LONGEST
    return Handle(literals=(best[:_LONGEST],), exact=exact)


def short(test: Test) -> bytes:
    """The one short literal (0xFF at an anchored end) that a folded value must hold, and need not more; empty: the test
    is another. Such literals are too common to be looked for ahead of time."""
    if not isinstance(test, Text) or test.cased or Wild.ONE in test.parts or Wild.MANY not in test.parts:
        return b""
    inner = [part for part in test.parts if isinstance(part, str)]
    if len(inner) != 1 or not inner[0].isascii():
        return b""
    before = b"" if test.parts[0] is Wild.MANY else SEPARATOR
    after = b"" if test.parts[-1] is Wild.MANY else SEPARATOR
    literal = before + fold(inner[0]).encode() + after
    return literal if len(literal) < SHORTEST else b""


@lru_cache(maxsize=4096)
def hint(test: Test) -> tuple[bytes, ...]:
    r"""Short literals (folded) of which a folded value must hold one to satisfy the test; none: not known.

    >>> from kulla.detect.rule import Wild
    >>> hint(Regex(r"\w+`\w")), hint(Text((Wild.MANY, "Reg", Wild.MANY)))
    ((b'`',), (b'reg',))
    """
    if isinstance(test, Text):
        return (literal,) if (literal := short(test)) else ()
    if not isinstance(test, Regex):
        return ()
    found = tuple(dict.fromkeys(fold(text).encode() for text in required(test)))
    telling = all(literal in _RARE or 1 < len(literal) < SHORTEST for literal in found)
    return found if telling and len(found) <= _MOST_HINTS and all(map(bytes.isascii, found)) else ()
