"""Vehicle registration plates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from kulla.registers.meanings._api import Proposal, Sample, of, said, scored

_ALBANIAN = re.compile(r"[A-Z]{2}[0-9]{3}[A-Z]{2}|[A-Z]{2}[0-9]{4}[A-Z]", re.ASCII)
_GENERIC = re.compile(r"(?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{4,9}", re.ASCII)


class Plates:
    """Albanian plates (AA 123 BB, and XX 1234 X as before 2011), and short mixed codes of one build when named so."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("plate", "targa", "targe", "registration", "reg", "kennzeichen", "immatriculation")
        bare = [re.sub(r"[\s.-]", "", value).upper() for value in sample.values]
        albanian = sum(1 for v in bare if _ALBANIAN.fullmatch(v))
        if sample.share(albanian) >= 0.5:
            parts = [of(albanian, sample, "have the form of Albanian plates")]
            yield Proposal("plate", scored(sample.share(albanian), named, 0.95), said(parts, named))
        elif named:
            generic = [v for v in bare if _GENERIC.fullmatch(v)]
            builds = Counter(re.sub("[A-Z]", "A", re.sub("[0-9]", "0", v)) for v in generic)
            alike = sum(count for _, count in builds.most_common(3))
            if sample.share(alike) >= 0.5:
                parts = [of(len(generic), sample, "are short codes of letters and digits"), f"{alike} of three builds"]
                yield Proposal("plate", 0.7 * sample.share(alike), said(parts, named))
