"""Employers: their tax number (NIPT) and their names."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said, scored
from kulla.registers.nationalid import well_formed

_NIPT = re.compile(r"[A-Z][0-9]{8}[A-Z]", re.ASCII)
_FORMS = re.compile(
    r"\b(shpk|sh p k|sha|sh a|sh\.? ?p\.? ?k|sh\.a|llc|ltd|inc|gmbh|srl|spa|person fizik|bashkia|ministria|drejtoria|"
    r"universiteti|spitali|shkolla|gjykata|prokuroria|policia|agjencia|instituti|fondi|banka|group|company)\b"
)


class EmployerIds:
    """NIPTs: a letter, eight digits, a letter. A national id looks alike, but has a day and a check letter."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("employer", "nipt", "nuis", "punedhenes", "subjekt", "company", "firma", "vat")
        bare = [re.sub(r"[\s.-]", "", value).upper() for value in sample.values]
        form = sum(1 for v in bare if _NIPT.fullmatch(v))
        persons = sum(1 for v in bare if well_formed(v))
        share = sample.share(form) - 2 * sample.share(persons)
        if share >= 0.5:
            parts = [of(form, sample, "have the form of a NIPT"), f"{persons} of them would be national ids"]
            most = 0.5 if sample.called("nid", "national", "personal") else 0.9
            yield Proposal("employer_id", scored(share, named, most), said(parts, named))


class Employers:
    """Names of employers: legal forms and kinds of institutions in them, or a telling column name over words."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("employer", "punedhenes", "company", "firma", "subjekt", "institucion", "kompania")
        forms = sum(1 for value in sample.folded if _FORMS.search(value))
        words = sample.count(lambda v: sum(c.isalpha() for c in v) > len(v) / 2 and not _NIPT.fullmatch(v))
        share = max(sample.share(forms), 0.75 * sample.share(words) if named else 0.0)
        if share >= 0.4:
            parts = [of(forms, sample, "hold a legal form or kind of institution")]
            yield Proposal("employer", scored(share, named, 0.85), said(parts, named))
