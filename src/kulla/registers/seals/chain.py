"""What a chain of seals, with the heads that the centre countersigned, proves and what it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kulla.registers.seals.seal import FIRST, Head, Seal, holds

Problem = Literal[
    "forged", "broken", "gap", "rewritten", "truncated", "silence", "clock", "shrunk", "altered", "gone", "overlap",
    "restarted", "future",
]  # fmt: skip
"""forged: a signature that is not the agent's; broken: a link that does not fit the one before; gap: numbers or bytes
missing; rewritten, truncated: a countersigned head that the chain does not hold; silence: no seal for too long; clock:
the clock went back, or was not synchronised; shrunk, altered, gone: as the agent saw it; overlap: bytes sealed twice;
restarted: the agent began anew; future: a seal later than now, or later than the centre received it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a chain. `seq`: the seal at which it shows; `since`: the time before, from which on nothing
    is proven; None where that is the whole chain."""

    problem: Problem
    seq: int
    time: datetime | None
    since: datetime | None
    told: str


def verify(
    seals: Sequence[Seal],
    public: Ed25519PublicKey,
    heads: Sequence[Head] = (),
    centre: Ed25519PublicKey | None = None,
    now: datetime | None = None,
    silence: timedelta = timedelta(minutes=15),
) -> list[Fault]:
    """Everything that is wrong, in the chain's order. `silence`: how long the agent may say nothing.

    Heads count only when `centre` signed them. Without `now` the chain's end cannot be late.
    """
    faults = list(_links(seals, public, silence))
    faults += _segments(seals)
    faults += _anchors(seals, heads, centre)
    if now is not None and seals:
        last = seals[-1]
        if now - last.time > silence:
            told = f"no seal since the last one: the agent has been silent for {_lasting(now - last.time)}"
            faults.append(Fault("silence", last.seq, now, last.time, told))
        if last.time - now > timedelta(minutes=5):
            faults.append(Fault("future", last.seq, last.time, None, "the last seal is later than now"))
    return sorted(faults, key=lambda fault: fault.seq)


def _links(seals: Sequence[Seal], public: Ed25519PublicKey, silence: timedelta) -> Iterator[Fault]:
    before: Seal | None = None
    for seal in seals:
        since = before.time if before else None
        if not holds(seal, public):
            yield Fault("forged", seal.seq, seal.time, since, "the signature is not the agent's")
        if seal.previous != (before.hash if before else FIRST):
            yield Fault("broken", seal.seq, seal.time, since, "does not follow from the seal before")
        if seal.seq != (before.seq + 1 if before else 1):
            told = f"seal {before.seq + 1 if before else 1} was expected: seals are missing"
            yield Fault("gap", seal.seq, seal.time, since, told)
        if before and seal.time < before.time:
            told = f"the agent's clock went back by {_lasting(before.time - seal.time)}"
            yield Fault("clock", seal.seq, seal.time, since, told)
        if seal.clock == "unsynchronised" and (before is None or before.clock != seal.clock):
            yield Fault("clock", seal.seq, seal.time, since, "the machine's clock is not synchronised from here on")
        if before and seal.time - before.time > silence:
            told = f"silent for {_lasting(seal.time - before.time)} before this seal"
            yield Fault("silence", seal.seq, seal.time, since, told)
        if before and seal.kind == "start":
            yield Fault("restarted", seal.seq, seal.time, since, "the agent was started again")
        before = seal


def _segments(seals: Sequence[Seal]) -> Iterator[Fault]:
    ends: dict[str, tuple[int, int]] = {}
    last: dict[str, datetime] = {}
    for seal in seals:
        since = last.get(seal.file)
        stop, line = ends.get(seal.file, (0, 0))
        if seal.kind == "segment":
            if seal.start > stop or (seal.start == stop and seal.line_from != line + 1):
                yield Fault("gap", seal.seq, seal.time, since, f"{seal.name}: bytes before this segment bear no seal")
            elif seal.start < stop:
                yield Fault("overlap", seal.seq, seal.time, since, f"{seal.name}: bytes sealed before are sealed again")
            ends[seal.file] = (seal.stop, seal.line_to)
            last[seal.file] = seal.time
        elif seal.kind == "shrunk":
            yield Fault("shrunk", seal.seq, seal.time, since, f"{seal.name}: has fewer bytes than were sealed")
        elif seal.kind == "altered":
            yield Fault("altered", seal.seq, seal.time, since, f"{seal.name}: bytes that were sealed have changed")
        elif seal.kind == "gone":
            told = f"{seal.name}: gone; what it held after its last seal is not known"
            yield Fault("gone", seal.seq, seal.time, since, told)


def _anchors(seals: Sequence[Seal], heads: Sequence[Head], centre: Ed25519PublicKey | None) -> Iterator[Fault]:
    by_number = {seal.seq: seal for seal in seals}
    for head in heads:
        if centre is None or not holds(head, centre):
            yield Fault("forged", head.seq, head.received, None, "a head that the centre did not sign")
            continue
        seal = by_number.get(head.seq)
        if seal is None:
            told = "the centre has a head that this chain does not reach: seals were cut off its end"
            yield Fault("truncated", head.seq, head.received, None, told)
        elif seal.hash != head.hash:
            told = "the centre has another seal of this number: the chain was rewritten"
            yield Fault("rewritten", head.seq, head.received, None, told)
        elif seal.time - head.received > timedelta(minutes=5):
            yield Fault("future", head.seq, seal.time, None, "a seal later than the centre received it")


def _lasting(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
