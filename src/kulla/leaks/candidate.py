"""What could explain a piece of a leak: candidates, and what may be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

OUTCOMES: Final = ("episode", "set", "tie", "copy", "none")
"""A single episode explains it; several together do; several explain it equally; a known copy without a read log does;
nothing in this log does."""

Outcome = Literal["episode", "set", "tie", "copy", "none"]


@dataclass(frozen=True, slots=True)
class Line:
    """An audit line that an episode rests on: the log's hash, its lines, the hash of the line. Never the line."""

    file_sha256: str
    line_from: int
    line_to: int
    line_hash: str


@dataclass(frozen=True, slots=True)
class Ratio:
    """How much more probable the findings are if this episode was the source than under one named alternative.

    log10: of the likelihood ratio. alternative: `pasted` (rows from anywhere at any time), `unlogged copy` (a copy of
    one state, taken at the best time), `copy <name>` (a known copy), `episode <id>` (the next best one).
    """

    alternative: str
    log10: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """One episode that was considered: reads of one account that belong together.

    Attributes:
        episode: its id, hexadecimal, from its reads' ids.
        account: as the log names it; an account is not a person. pooled: whether several people act behind it.
        kind: `statement`, `session` or `crawl`.
        first, last: microseconds UTC of its reads' snapshots.
        reads: how many; lines: of at most 20 of them, the rest counted.
        extent: the worst of its reads; sealed: the worst of its reads.
        size: records it returned, or an upper bound; None when unknown.
        explained: rows of the piece that it can explain; contradicted: rows of its records that it cannot, being of
            another time; outside: rows whose record it did not return.
        missing_columns: columns of the piece that it did not read.
        weight: its share in the sparse mixture, 0 when not in it.
        nats: log-likelihood of the piece under it, above the best null.
        ratios: against each named alternative.
        end_user: the hint at who acted behind the account, with its grade (see registers.schema); graded, forgeable.
        against: findings that speak against it, in words; exonerating: what would clear it.
    """

    episode: str
    account: str
    pooled: bool
    kind: Literal["statement", "session", "crawl"]
    first: int
    last: int
    reads: int
    lines: tuple[Line, ...]
    client: str
    application: str
    end_user: str
    end_user_grade: str
    extent: str
    sealed: str
    size: int | None
    explained: int
    contradicted: int
    outside: int
    missing_columns: tuple[str, ...]
    weight: float
    nats: float
    ratios: tuple[Ratio, ...] = ()
    against: tuple[str, ...] = ()
    exonerating: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CopyMatch:
    """A known copy that a piece is consistent with: frozen at the piece's time, or following the register.

    kind: as the manifest has it, or `extract` for a marked copy whose marks are in the file; then its recipient is in
    `reachable_by`, and log10 counts the marks too.
    """

    name: str
    kind: str
    frozen_at: int | None
    reachable_by: tuple[str, ...]
    read_log: bool
    log10: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Margin:
    """What calibration says of naming: the score an innocent episode reaches at most in 1 of 1,000 null runs.

    valid: whether it fits these reads and this history; reason: why not.
    """

    valid: bool
    nats: float
    runs: int
    inputs_sha256: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What explains one piece.

    Attributes:
        piece: its place among the leak's pieces.
        outcome: one of OUTCOMES. For `episode` and `set` the named ones, for `tie` those that tie, are in `named`, as
            places in `candidates`; empty when no account may be named.
        unexplained: share of the piece's rows that no candidate of the mixture explains.
        candidates: all that were considered and scored above the worst null, best first, at most 50.
        considered: how many episodes were scored in all; reads: how many reads they came from.
        copies: known copies the piece is consistent with.
        withheld: why accounts that score best are not named, in words; empty when they are.
        log_from, log_to: what the read log covers; covered: the share of the window that it covers.
        disagreement: whether ranking and mixture put different episodes first.
    """

    piece: int
    outcome: Outcome
    named: tuple[int, ...]
    unexplained: float
    candidates: tuple[Candidate, ...]
    considered: int
    reads: int
    copies: tuple[CopyMatch, ...]
    margin: Margin
    withheld: tuple[str, ...]
    log_from: int | None
    log_to: int | None
    covered: float
    disagreement: bool
