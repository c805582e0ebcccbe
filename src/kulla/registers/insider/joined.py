"""One subject for a person: what they read behind a pool and what they read by their own login.

Kept apart, each is half a past: an account of the front office that logs in directly for the first time would be new,
and an export would be held against nothing. A name behind a pool can be forged, so only names on the staff list are
joined, and findings say which reads came through a pool.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kulla.registers.insider.context import Context
from kulla.registers.insider.reads import BEHIND, DayReads


def joined(reads: DayReads, context: Context) -> DayReads:
    """The same reads in the same order, each `pool/person` counted for `person` where the staff list has them."""
    known: dict[str, int] = {}
    place = [known.setdefault(_whom(subject, context), len(known)) for subject in reads.subjects]
    return replace(reads, subjects=tuple(known), subject=np.array(place, np.int64)[reads.subject])


def _whom(subject: str, context: Context) -> str:
    person = subject.partition(BEHIND)[2]
    return person if person in context.spans else subject
