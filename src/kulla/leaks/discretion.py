"""What may be said outside a register's own site, so that a trace is no oracle for single cells.

Whoever may run traces could craft files: persons they know everything about, and one row with a guess. So, away from
the owner's site,

- nothing is told about fewer than `FEWEST` distinct records; whether a larger number is told is itself decided with
  noise (see `_some`), so that no row can be the one that lifts a count over an edge;
- counts, shares and sizes of logarithms are told with Laplace noise (Dwork and others, 2006), rounded to hundreds: one
  record more or less changes the chance of anything that is told by a factor of at most e^(1/50) for its number and
  e^(1/25) for whether it is told. Rounding alone would not do: of 200 known records and one guess, 300 would be told
  only if the guess is right;
- the noise depends on the file, the centre's key and the statement alone: running a file again tells nothing more, and
  gives the same statements;
- a person's row counts a few times at most, in all tables of a run together (`desk.thinning`);
- what is decided from rows is decided with noise too: of how many pieces a table is, and which rows are in which, is
  drawn by lot (`date.drawn`); a window of extraction is where fewer than about that many rows contradict
  (`date.counted`); a name needs what STAKE rows weigh (`stake`); a column is taken when it is FEWEST rows from not
  being taken (`clear`);
- a record is heard in a few leaks a year only (`desk.hearing`), so noise cannot be averaged out against one person;
- runs are few a day for each register, each with a case, a purpose and a second person (`desk.runs`).

At the owner's site (`at_owner`) everything is told as it is. bench/oracle.py attacks this with crafted files;
THREAT_MODEL.md tells what is left. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from kulla.leaks.trace import FEWEST

NOISE: Final = FEWEST / 2
"""Scale of the noise of a count, in records: in half of the cases it is below 35, in 1 of 100 above 230."""
EDGE: Final = FEWEST / 4
"""Scale of the noise by which it is decided whether a number is told at all."""
ROW: Final = 7.0
"""Nats: about what one row adds to the likelihood of a moment, ln((1 − ε) / (ε·q)) with 5 % of rows stale and intervals
of a fiftieth of the history; of a source, a little less."""
STAKE: Final = FEWEST / 5
"""Rows by whose weight a name must be ahead besides what calibration asks for, with noise of a sixth of it. A crawl of
2,000 persons in a register of 6,700 is ahead by 330 nats: what 50 rows weigh would leave it unnamed."""
PLAIN: Final = FEWEST / 5
"""Rows by which a column of nearly one value must be clear: it agrees in nine of ten rows or is not taken, so of 1,000
rows no more than 100 can tell."""


@dataclass(frozen=True, slots=True)
class Discretion:
    """What may be told of one file against one register.

    Attributes:
        at_owner: whether this runs at the register's own site.
        key: 32 secret bytes of the centre's; seed: what the noise depends on (the files' hashes).
    """

    at_owner: bool
    key: bytes = field(repr=False)
    seed: bytes

    def enough(self, records: int, what: str) -> bool:
        """Whether something resting on so many distinct records may be told at all. what: names it."""
        return self.at_owner or self._some(records, what)

    def count(self, records: int, what: str) -> int | None:
        """A count of distinct records as it may be told; None for few, or what might be few.

        what: names the statement. Each has noise of its own: were equal counts told alike, whether two counts are
        equal would show, and with it single rows. So two statements of one thing may differ.
        """
        if self.at_owner:
            return records
        if not self._some(records, what):
            return None
        return FEWEST * max(round((records + self._noise(what, NOISE)) / FEWEST), 1)

    def share(self, value: float, records: int, what: str) -> float | None:
        """A share as it may be told: with the noise of a count, in whole per cent; None when of few records."""
        if self.at_owner:
            return value
        if not self._some(records, what):
            return None
        return round(min(max(value + self._noise(what, NOISE) / records, 0.0), 1.0), 2)

    def size(self, value: float, what: str) -> float:
        """A log-likelihood or a power of ten as it may be told: FEWEST (or −FEWEST) if it is larger by far, else 0.

        A single row changes it by up to a dozen, so no figure could be told; but what is told holds: a ratio told as
        10^100 is larger than that.
        """
        if self.at_owner:
            return value
        sure = abs(value) >= FEWEST and abs(value) + self._noise(what, FEWEST) >= 5 * FEWEST
        return math.copysign(FEWEST, value) if sure else 0.0

    def stake(self, what: str) -> float:
        """Nats by which something must be ahead to be told: what STAKE rows weigh, with noise; 0 at the owner's."""
        return 0.0 if self.at_owner else ROW * max(STAKE + self._noise(what, STAKE / 6), 0.0)

    def wobble(self, what: str) -> float:
        """Nats of noise around a bound of a log-likelihood; 0 at the owner's."""
        return 0.0 if self.at_owner else self._noise(what, ROW * STAKE / 6)

    def clear(self, rows: float, what: str, least: float = FEWEST) -> bool:
        """Whether something is told that would be told no longer if so many rows said otherwise. least: if more."""
        return self.at_owner or rows + self._noise(what, least / 4) >= least

    def blurs(self, what: str, count: int) -> npt.NDArray[np.float64]:
        """Draws of Laplace noise of scale 1: a statement's own."""
        draw = self.lots(what, count) - 0.5
        return np.asarray(-np.copysign(np.log(np.maximum(1 - 2 * np.abs(draw), 2.0**-64)), draw))

    def lots(self, what: str, count: int) -> npt.NDArray[np.float64]:
        """Numbers drawn evenly from (0, 1): a statement's own."""
        raw = hashlib.shake_256(self._digest(what)).digest(8 * count)
        # 52 bits: with more, a number next to 1 would be rounded to it.
        return np.asarray(((np.frombuffer(raw, "<u8") >> np.uint64(12)) + 0.5) / 2.0**52)

    def chance(self, what: str, seed: int) -> int:
        """The seed of what is drawn of a file's rows: the one given at the owner's site, else one that nobody knows.

        Whoever knows which rows are looked at can write others where they are looked for, if one row less moves them.
        """
        return seed if self.at_owner else int.from_bytes(self._digest(f"{what}/{seed}")[:8], "big")

    def _some(self, records: int, what: str) -> bool:
        """Whether a number of records is told: never of fewer than FEWEST, and else if with noise it is twice that.

        At FEWEST itself the noise would have to be four times its scale: in 1 of 110 files.
        """
        return records >= FEWEST and records + self._noise(f"{what}?", EDGE) >= 2 * FEWEST

    def _noise(self, what: str, scale: float) -> float:
        """Laplace noise of mean 0."""
        digest = self._digest(what)
        draw = (int.from_bytes(digest[:8], "big") + 0.5) / 2**64 - 0.5
        return -math.copysign(scale * math.log(max(1 - 2 * abs(draw), 2.0**-64)), draw)

    def _digest(self, what: str) -> bytes:
        return hmac.digest(self.key, hashlib.sha256(self.seed).digest() + what.encode(), "sha256")
