"""National identity numbers, with their check letter."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said
from kulla.registers.nationalid import well_formed

_FORM = re.compile(r"[0-9A-T][0-9]{8}[A-W]", re.ASCII)


class NationalIds:
    """Albanian NIDs: form, a day that exists, and the check letter; chance fits 1 of 23 letters."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("nid", "nuis", "idnumber", "personal", "leternjoftim", "national")
        bare = [re.sub(r"[\s'=\".-]", "", value).upper() for value in sample.values]
        form = sum(1 for value in bare if _FORM.fullmatch(value))
        checked = sum(1 for value in bare if well_formed(value))
        share = sample.share(checked)
        # A wrong letter is no proof against an id: the form with a telling name is enough to ask.
        score = max(share, 0.6 * sample.share(form) if named else 0.0)
        if score >= 0.3:
            parts = [of(form, sample, "have the form"), f"{checked} a day that exists and the right check letter"]
            yield Proposal("national_id", min(1.0, score + 0.05 * named), said(parts, named))
