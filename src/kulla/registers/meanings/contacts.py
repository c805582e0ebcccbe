"""Telephone numbers and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said, scored

_ALBANIAN = re.compile(r"(?:\+355|00355|355|0)(?:6[6-9][0-9]{7}|[2-58][0-9]{6,7})", re.ASCII)
_INTERNATIONAL = re.compile(r"(?:\+|00)[1-9][0-9]{7,14}", re.ASCII)
_PLAIN = re.compile(r"[0-9]{8,12}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]{2,}")


class Phones:
    """Albanian numbers, international ones, and bare digits when the column's name says phone."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("phone", "telefon", "tel", "mobile", "celular", "cel", "gsm", "msisdn")
        bare = [re.sub(r"[\s()/.'-]|\.0$", "", value) for value in sample.values]
        albanian = sum(1 for v in bare if _ALBANIAN.fullmatch(v))
        foreign = sum(1 for v in bare if _INTERNATIONAL.fullmatch(v) and not _ALBANIAN.fullmatch(v))
        plain = sum(1 for v in bare if _PLAIN.fullmatch(v) and not _ALBANIAN.fullmatch(v)) if named else 0
        share = sample.share(albanian + foreign + plain)
        if share >= 0.4:
            parts = [of(albanian, sample, "are Albanian numbers"), f"{foreign} international, {plain} bare digits"]
            yield Proposal("phone", scored(share, named, 0.9), said(parts, named))


class Emails:
    """E-mail addresses."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("email", "mail", "posta")
        count = sample.count(_EMAIL.fullmatch)
        if sample.share(count) >= 0.4:
            yield Proposal(
                "email", scored(sample.share(count), named), said([of(count, sample, "are addresses")], named)
            )
