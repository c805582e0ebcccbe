"""Values for placeholders: what `|expand` puts in the place of `%name%`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from kulla.errors import RuleError

_PLACEHOLDER = re.compile(r"%([^%\\]+)%")
MAX_EXPANSIONS = 10_000


@dataclass(slots=True)
class Expansion:
    """The values at hand for one rule, and the names asked for in vain, in order.

    A value is put in as if the author had written it there: in text its wildcards and escapes count, in `re` it is
    part of the expression, in `cidr` a network.

    >>> Expansion({"Admins": ["adm_a", "adm_b"]}).expand("CORP\\\\%Admins%")
    ['CORP\\\\adm_a', 'CORP\\\\adm_b']
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def expand(self, text: str) -> list[str]:
        """Every text that the placeholders make of `text`; itself when a value is missing.

        Raises `RuleError` when they are too many.
        """
        names = [match[1] for match in _PLACEHOLDER.finditer(text)]
        absent = [name for name in names if not self.values.get(name)]
        if absent:
            self.missing += [name for name in absent if name not in self.missing]
            return [text]
        count = 1
        for name in names:
            count *= len(self.values[name])
        if count > MAX_EXPANSIONS:
            raise RuleError(f"the placeholders make more than {MAX_EXPANSIONS:,} values: shorten their lists")
        pieces = _PLACEHOLDER.split(text)
        literals, result = pieces[::2], []
        for chosen in product(*(self.values[name] for name in names)):
            filled = [part for pair in zip(literals, chosen, strict=False) for part in pair]
            result.append("".join([*filled, literals[-1]]))
        return result
