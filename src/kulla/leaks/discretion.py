"""What may be said outside a register's own site, so that a trace is no oracle for single cells.

Whoever may run traces could craft files: persons they know everything about, and one row with a guess. So, away from
the owner's site,

- nothing is told about fewer than `FEWEST` distinct records, and a record counts once however often it is in the file;
- counts, log-likelihoods and powers of ten are told as multiples of `FEWEST`, rounded up or down by a draw that depends
  on the whole file: any change of the file draws anew, so the change of a count by one is lost in ±100; shares get the
  noise of as many records;
- a window of extraction is told only for pieces of at least `FEWEST` distinct records, in whole hours, widened by about
  what one telling row adds; neither its likelihood's curve nor its best moment is told;
- runs are few a day for each register, each with a case, a purpose and a second person (`desk.runs`).

At the owner's site (`at_owner`) everything is told as it is. bench/oracle.py attacks this with crafted files. What is
left: filler crafted to put a window's boundary on the edge can make one row decide it; the runs it takes are few. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from kulla.leaks.trace import FEWEST


@dataclass(frozen=True, slots=True)
class Discretion:
    """What may be told of one file against one register.

    Attributes:
        at_owner: whether this runs at the register's own site.
        key: 32 secret bytes of the centre's; seed: what the draw depends on (the files' hashes).
    """

    at_owner: bool
    key: bytes = field(repr=False)
    seed: bytes

    def enough(self, records: int) -> bool:
        """Whether something resting on so many distinct records may be told at all."""
        return self.at_owner or records >= FEWEST

    def count(self, records: int, what: str) -> int | None:
        """A count of distinct records as it may be told; None below FEWEST (0 too, when it might be 99).

        what: names the statement. Each has a draw of its own: were equal counts told alike, whether two counts are
        equal would show, and with it single rows. So two statements of one thing may differ by FEWEST.
        """
        if self.at_owner:
            return records
        if records < FEWEST:
            return None
        whole, rest = divmod(records, FEWEST)
        return FEWEST * (whole + (self._draw(what) * FEWEST < rest))

    def share(self, value: float, records: int, what: str) -> float | None:
        """A share as it may be told: with noise of ±FEWEST/2 records, in whole per cent; None when of fewer records."""
        if self.at_owner:
            return value
        if records < FEWEST:
            return None
        noise = (self._draw(what) - 0.5) * FEWEST / records
        return round(min(max(value + noise, 0.0), 1.0), 2)

    def size(self, value: float, what: str) -> float:
        """A log-likelihood or a power of ten as it may be told: a multiple of FEWEST."""
        if self.at_owner:
            return value
        whole, rest = divmod(abs(value), FEWEST)
        told = FEWEST * (whole + (self._draw(what) * FEWEST < rest))
        return told if value >= 0 else -told

    def _draw(self, what: str) -> float:
        digest = hmac.digest(self.key, hashlib.sha256(self.seed).digest() + what.encode(), "sha256")
        return int.from_bytes(digest[:8], "big") / 2**64
