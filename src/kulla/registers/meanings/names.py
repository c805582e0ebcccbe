"""Names of persons: full, given and family."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said
from kulla.registers.meanings.namewords import FAMILY, GIVEN

_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ \-.,]+[^\W\d_]+){0,4}\.?")


class Names:
    """Words of letters, some of them common names; how many words tell full from single names, lists and name which."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        lettered = [v for v in sample.folded if _WORDS.fullmatch(v)]
        if sample.share(len(lettered)) < 0.7 or len(sample.values) < 2:
            return
        words = [re.split(r"[ \-.,]+", value) for value in lettered]
        several = sum(1 for parts in words if len([p for p in parts if p]) > 1)
        given = sum(1 for parts in words if GIVEN.intersection(parts))
        family = sum(1 for parts in words if FAMILY.intersection(parts))
        counts = [of(len(lettered), sample, "are words of letters"), f"{several} of two and more"]
        counts.append(f"{given} hold a common given name, {family} a common family name")
        fits = sample.share(len(lettered))
        whose = sample.called("name", "emri", "emer", "owner", "pronari", "nome", "full", "qytetar", "person")
        first = sample.called(
            "given", "first", "father", "atesi", "babai", "emri", "emer", "forename", "mother", "nena"
        )
        last = sample.called("family", "last", "surname", "mbiemri", "mbiemer", "cognome")
        whole = sample.called("full", "fullname", "fullemri")
        if several >= len(lettered) / 2:
            known = sample.share(max(given, family))
            yield Proposal("name", fits * _strength(known, whose or whole), said(counts, whose or whole))
        else:
            first = first and not last
            yield Proposal("given_name", fits * _strength(sample.share(given), first), said(counts, first))
            yield Proposal("family_name", fits * _strength(sample.share(family), last), said(counts, last))


def _strength(known: float, named: bool) -> float:
    """0.4 for mere words of letters, up to 0.85 by common names among them; a telling column name adds 0.4."""
    return min(1.0, 0.3 + min(known * 2, 1.0) * 0.5 + (0.4 if named else 0.0))
