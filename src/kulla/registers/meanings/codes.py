"""Codes: few short values that repeat. And what is left."""

from __future__ import annotations

from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample


class Codes:
    """Few different values in many rows (sex, position, make); weak, so that any other meaning goes before."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        filled = sum(1 for value in sample.rows if value)
        if not sample.values:
            yield Proposal("other", 0.2, "no value in the sample")
            return
        told = f"{len(sample.values)} different values in {filled} filled rows"
        few = len(sample.values) <= 200 and filled >= 5 * len(sample.values) and max(map(len, sample.values)) <= 40
        if few:
            binary = len(sample.values) <= 12
            yield Proposal("code", 0.75 if binary else 0.6, told)
        yield Proposal("other", 0.3, told)
