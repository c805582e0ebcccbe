"""Money and bank accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said, scored
from kulla.registers.normalmoney import minor

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]+)?", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_ALBANIAN_LENGTH = 28


class Money:
    """Amounts. Numbers alone could be anything: without a telling name or decimals they are left to be asked."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called(
            *("salary", "wage", "gross", "net", "pay", "amount", "income", "pension", "tax", "price", "balance"),
            *("paga", "page", "bruto", "neto", "shuma", "vlera", "te ardhura", "pensioni", "tatimi", "lek", "eur"),
        )
        amounts = sample.count(lambda v: minor(v) is not None and (_NUMBER.fullmatch(v) or not v[:1].isalpha()))
        decimals = sample.count(re.compile(r".*[0-9][.,][0-9]{1,2}", re.ASCII).fullmatch)
        share, marked = sample.share(amounts), sample.share(decimals)
        if share >= 0.8 and (named or (marked >= 0.5 and len(sample.values) > 20)):
            parts = [of(amounts, sample, "are amounts"), f"{decimals} with decimals"]
            yield Proposal("money", scored(share, named, 0.75 if sample.numeric else 0.6), said(parts, named))


class Ibans:
    """International bank account numbers, with their check (ISO 13616, modulo 97)."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        bare = [re.sub(r"\s", "", value).upper() for value in sample.values]
        form = sum(1 for v in bare if _IBAN.fullmatch(v))
        checked = sum(1 for v in bare if valid_iban(v))
        if sample.share(checked) >= 0.4:
            named = sample.called("iban", "llogari", "account")
            parts = [of(form, sample, "have the form"), f"{checked} the right check digits"]
            yield Proposal("iban", scored(sample.share(checked), named), said(parts, named))


def valid_iban(text: str) -> bool:
    """Whether text (capitals, no blanks) is an IBAN whose check digits are right and, for Albania, its length.

    >>> valid_iban("AL47212110090000000235698741"), valid_iban("AL48212110090000000235698741")
    (True, False)
    """
    if not _IBAN.fullmatch(text) or (text.startswith("AL") and len(text) != _ALBANIAN_LENGTH):
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1
