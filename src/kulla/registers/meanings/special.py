"""Special categories of personal data (GDPR article 9): shown by the column's name, or by words that tell them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from kulla.registers.meanings._api import Proposal, Sample, of, said

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "politics": ("preference", "preferenca", "party", "partia", "politik", "political", "vote", "vota", "patronazh"),
    "religion": ("religion", "feja", "besimi", "faith"),
    "ethnic origin": ("ethnic", "ethnicity", "etnia", "kombesia", "race", "minoritet"),
    "health": (
        "health",
        "diagnos",
        "diagnoz",
        "disease",
        "semundje",
        "blood",
        "disab",
        "invalid",
        "paaftesi",
        "medic",
        "icd",
    ),
    "trade union": ("union", "sindikat"),
    "biometrics": ("biometric", "fingerprint", "gjurme", "face", "iris"),
    "genetics": ("genetic", "genome", "adn", "dna"),
    "sexual orientation": ("orientation", "orientim"),
}
_VALUES: Final[Mapping[str, re.Pattern[str]]] = {
    "politics": re.compile(
        r"ps|pd|lsi|pl|pdiu|psd|pr|sp|dp|socialist\w*|demokrat\w*|democrat\w*|undecided|i pavendosur|pavendosur"
    ),
    "religion": re.compile(
        r"m[uy]sliman\w*|muslim|katolik\w*|catholic|ortodoks\w*|orthodox|bektashi\w*|ate?ist|atheist|hebre\w*|jewish"
    ),
    "health": re.compile(r"(?:a|b|ab|0|o) ?(?:rh)?[+-]|[a-z][0-9]{2}(?:\.[0-9]{1,2})"),
    "ethnic origin": re.compile(
        r"shqiptar\w*|albanian|grek\w*|greek|roma?|egjiptian\w*|egyptian|vllah\w*|maqedonas\w*|arumun\w*"
    ),
}


class SpecialCategories:
    """Health, politics, religion, origin and the rest. Wrongly proposed it costs a question; missed it costs more."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        for category, names in _NAMES.items():
            named = sample.called(*names)
            pattern = _VALUES.get(category)
            telling = sum(1 for value in sample.folded if pattern.fullmatch(value)) if pattern else 0
            share = sample.share(telling)
            if named or (share >= 0.6 and len(sample.values) > 1):
                parts = [of(telling, sample, f"are words of {category}")]
                score = 0.85 + 0.15 * share if named else 0.7 * share
                yield Proposal("special", score, said(parts, named), category)
