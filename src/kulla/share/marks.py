"""Marks: who may see a thing (TLP 2.0), what may be done with it (PAP), whose it is, and under which caveats.

TLP is FIRST's Traffic Light Protocol, version 2.0 (August 2022, https://www.first.org/tlp/). PAP is the Permissible
Actions Protocol of MISP's taxonomies. Neither is a classification: THREAT_MODEL.md says what this is meant for.

Marks only ever become stricter by themselves. Whoever originated a thing may mark it anew; nothing here does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Literal, get_args

from kulla.errors import InputError

Tlp = Literal["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"]
Pap = Literal["CLEAR", "GREEN", "AMBER", "RED"]
Audience = Literal["recipients", "organisation", "clients", "community", "public"]
Action = Literal["passive", "third party", "active", "any"]

TLPS: Final[tuple[Tlp, ...]] = get_args(Tlp)
"""From the laxest to the strictest."""
PAPS: Final[tuple[Pap, ...]] = get_args(Pap)
"""From the laxest to the strictest."""
AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
"""From the narrowest to the widest: the individuals to whom the source itself gave it; their organisation; that and its
clients (a centre's constituents); the community of those who defend; everybody."""
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
"""From the least to the most that an opponent may notice: on own logs only; checks at third parties that do not touch
the target; against the target (block, ping, honeypot); whatever."""

_WIDEST: Final[Mapping[Tlp, Audience]] = dict(zip(TLPS, reversed(AUDIENCES), strict=True))
_MOST: Final[Mapping[Pap, Action]] = dict(zip(PAPS, reversed(ACTIONS), strict=True))
_NEED_TO_KNOW: Final = frozenset({"AMBER", "AMBER+STRICT"})
_STRICT: Final = re.compile(r"[\s_+-]+")
_LABEL: Final = re.compile(
    r"\b(TLP|PAP)\s*[:=]\s*(\"?)(CLEAR|WHITE|GREEN|AMBER(?:[\s_+-]+STRICT)?|RED|[A-Z+_-]+)(?![A-Z+_-])\2", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether something may go to an audience.

    Attributes:
        allowed: by its TLP label alone.
        need_to_know: only those of the audience who need it to act.
        ask: the originators whose word is needed when it is not allowed; empty when nobody is known to be asked.
        caveats: what a person has to read before it goes; a machine alone may send only when there is none.
    """

    allowed: bool
    need_to_know: bool
    ask: tuple[str, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of one thing. Equal whatever the order in which originators and caveats were given.

    Attributes:
        tlp, pap: labels; what bears none is taken as AMBER.
        originators: who must be asked before it goes further; several after a merge.
        caveats: further limits in words ("not to suppliers", "until 2026-03-01 10:00 UTC").

    Raises ValueError for a label that is none.
    """

    tlp: Tlp = "AMBER"
    pap: Pap = "AMBER"
    originators: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.tlp not in TLPS or self.pap not in PAPS:
            raise ValueError(f"TLP is one of {', '.join(TLPS)}; PAP one of {', '.join(PAPS)}")
        object.__setattr__(self, "originators", _clean(self.originators))
        object.__setattr__(self, "caveats", _clean(self.caveats))

    def merge(self, *others: Marks) -> Marks:
        """The strictest of all, with every originator and every caveat: what holds for a thing made of these.

        >>> Marks("GREEN", "RED").merge(Marks("AMBER+STRICT", "GREEN")).label
        'TLP:AMBER+STRICT PAP:RED'
        """
        return reduce(_two, others, self)

    def may_go_to(self, audience: Audience) -> Ruling:
        """What the marks say of an audience. RED leaves the persons to whom the source gave it never.

        >>> Marks("AMBER").may_go_to("clients").allowed, Marks("AMBER+STRICT").may_go_to("clients").allowed
        (True, False)
        """
        allowed = AUDIENCES.index(audience) <= AUDIENCES.index(_WIDEST[self.tlp])
        return Ruling(allowed, self.tlp in _NEED_TO_KNOW, () if allowed else self.originators, self.caveats)

    def may_be_used(self, action: Action) -> bool:
        """Whether PAP permits an action.

        >>> Marks(pap="AMBER").may_be_used("third party"), Marks(pap="AMBER").may_be_used("active")
        (True, False)
        """
        return ACTIONS.index(action) <= ACTIONS.index(_MOST[self.pap])

    def at_least_as_strict_as(self, other: Marks) -> bool:
        """Whether nothing that `other` forbids is permitted by these."""
        return (
            TLPS.index(self.tlp) >= TLPS.index(other.tlp)
            and PAPS.index(self.pap) >= PAPS.index(other.pap)
            and set(self.originators) >= set(other.originators)
            and set(self.caveats) >= set(other.caveats)
        )

    @property
    def label(self) -> str:
        """Both labels as they are written: in capitals, without blanks inside, in every language."""
        return f"TLP:{self.tlp} PAP:{self.pap}"

    def plain(self) -> dict[str, Any]:
        """As stored: JSON's values."""
        return {"tlp": self.tlp, "pap": self.pap, "originators": [*self.originators], "caveats": [*self.caveats]}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Marks:
        """From `plain`; labels in any spelling that `tlp` and `pap` read. Raises InputError for one that is none."""
        return cls(
            tlp(str(plain.get("tlp", "AMBER"))),
            pap(str(plain.get("pap", "AMBER"))),
            tuple(map(str, plain.get("originators", ()))),
            tuple(map(str, plain.get("caveats", ()))),
        )


def merged(marks: Iterable[Marks]) -> Marks | None:
    """The strictest of several; None of none, so that nothing becomes lax for want of marks."""
    found = tuple(marks)
    return found[0].merge(*found[1:]) if found else None


def tlp(text: str) -> Tlp:
    """A TLP label as the field writes it: with or without `TLP:`, in any case, `+`, `-`, `_` or a blank before STRICT.

    TLP 1's WHITE is CLEAR. Raises InputError for anything else: an unknown label never becomes a lax one.

    >>> tlp("TLP:AMBER+STRICT"), tlp("tlp:amber_strict"), tlp("White")
    ('AMBER+STRICT', 'AMBER+STRICT', 'CLEAR')
    """
    word = _word(text, "TLP")
    for label in TLPS:
        if word == label:
            return label
    raise InputError(f"no label of TLP 2.0: write one of {', '.join(f'TLP:{label}' for label in TLPS)}")


def pap(text: str) -> Pap:
    """A PAP label, read as `tlp` reads. Raises InputError for anything else.

    >>> pap("PAP:WHITE"), pap("amber")
    ('CLEAR', 'AMBER')
    """
    word = _word(text, "PAP")
    for label in PAPS:
        if word == label:
            return label
    raise InputError(f"no label of PAP: write one of {', '.join(f'PAP:{label}' for label in PAPS)}")


def marks_in(text: str) -> Marks | None:
    """The marks that a line, a subject or tags of a stranger bear: the strictest of all labels in it; None without any.

    Only the labels of one kind given, the other is AMBER. Raises InputError for a label that is none.

    >>> marks_in("[TLP:GREEN] phishing wave, PAP:GREEN").label
    'TLP:GREEN PAP:GREEN'
    """
    found = [(match[1].upper(), match[3]) for match in _LABEL.finditer(text)]
    if not found:
        return None
    whose = [tlp(label) for kind, label in found if kind == "TLP"]
    how = [pap(label) for kind, label in found if kind == "PAP"]
    return Marks(max(whose, key=TLPS.index, default="AMBER"), max(how, key=PAPS.index, default="AMBER"))


def _two(one: Marks, other: Marks) -> Marks:
    return Marks(
        max(one.tlp, other.tlp, key=TLPS.index),
        max(one.pap, other.pap, key=PAPS.index),
        one.originators + other.originators,
        one.caveats + other.caveats,
    )


def _clean(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({" ".join(text.split()) for text in texts} - {""}))


def _word(text: str, kind: str) -> str:
    word = text.strip().upper()
    word = word.removeprefix(kind).lstrip(" :=").strip('" ') if word.startswith(kind) else word
    return {"WHITE": "CLEAR"}.get(word, _STRICT.sub("+", word))
