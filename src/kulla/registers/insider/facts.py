"""What each account did on one day, in numbers: the counts that baselines are made of and signals look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kulla.registers import bitmap
from kulla.registers.insider.bulk import Bulk, bulk, not_in
from kulla.registers.insider.context import Context, Post
from kulla.registers.insider.joined import joined
from kulla.registers.insider.reads import BEHIND, DayReads, Flags, Ints, Records, code

Floats = npt.NDArray[np.float64]

STEP = 3
"""Record numbers at most so far apart, one look-up after the other, count as a step of an enumeration."""

FEW = 5
"""Records at most of a read that asked for somebody; of more it is a list, whoever is on it."""

LIST = 10
"""Persons from which a read is a list or a page: one decision, however many persons it brings."""

DUMPS = ("pg_dump", "pg_dumpall", "pg_basebackup", "pg_receivewal", "pg_recvlogical", "mysqldump", "mariadb-dump")
"""Names under which tools that copy whole databases connect."""

DUMP_CODES = np.array([code(name) for name in DUMPS], np.uint64)

HOURS = 48
"""Bins of an account's clock: 24 hours of working days, then 24 of Saturdays and Sundays."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One day's counts, one figure for each of S subjects; what an explanation covers is counted in `explained` alone.

    Attributes:
        posts: each subject's post.
        reads: reads of any kind.
        persons: distinct persons read without an explanation, and rows of persons that nobody can name; explained:
            distinct persons with one.
        singles: of `persons`, those looked up one by one. A day's lists say little: one more makes hundreds of persons.
        lookups: reads of one record or none, explained ones included; missed: of these, those that found nobody.
        lists: reads of LIST persons and more without an explanation.
        outside: persons outside the subject's remit looked up one by one, and other reads with persons outside it.
        inside: reads with persons all of whom lie inside the remit, explained ones included.
        steps: look-ups of single records whose number lies 1 to STEP beside the one before.
        hours: reads with persons by bin of the clock, shape (S, HOURS).
        watched: distinct watched persons in reads of at most FEW records; decoys: distinct decoys; both without an
            explanation.
        broken: reads that ended by error or cancellation, of unknown extent.
        unknown: other reads of which nobody knows what they took, cursors and COPY included.
        without_case: reads with persons without a case reference though the role demands one.
        acts: reads by a tool or protocol that copies whole databases, jobs left out.
        pair_subject, pair_record: distinct (subject, person) pairs without explanation, sorted; not those in `large`.
        large: what was read in bulk.
        read_template, read_tool, read_client, read_pool, read_persons: of each read its codes, and how many unexplained
            persons it touched; read_hidden: nobody knows how many.
    """

    day: int
    subjects: tuple[str, ...]
    posts: tuple[Post, ...]
    reads: Floats
    persons: Floats
    explained: Floats
    singles: Floats
    lookups: Floats
    missed: Floats
    lists: Floats
    outside: Floats
    inside: Floats
    steps: Floats
    hours: Floats
    watched: Floats
    decoys: Floats
    broken: Floats
    unknown: Floats
    without_case: Floats
    acts: Floats
    pair_subject: Ints
    pair_record: Records
    read_subject: Ints
    read_template: npt.NDArray[np.uint64]
    read_tool: npt.NDArray[np.uint64]
    read_client: npt.NDArray[np.uint64]
    read_pool: npt.NDArray[np.uint64]
    read_persons: Ints
    read_hidden: Flags
    cleared: Flags
    """Of each read: covered whole by an explanation."""
    large: Bulk


def facts(reads: DayReads, context: Context) -> Facts:
    """Count one day's reads, those of a person behind a pool and by their own login together."""
    reads = joined(reads, context)
    count = len(reads.subjects)
    posts = tuple(context.post(subject, reads.day) for subject in reads.subjects)
    accounts = [subject.partition(BEHIND)[2] or subject for subject in reads.subjects]
    offices = [post.office for post in posts]
    explained = context.cover.touches(reads, accounts, offices)
    cleared = context.cover.whole_reads(reads, accounts, offices)
    who = reads.subject[reads.touch_read]
    open_who, open_record, open_read = who[~explained], reads.touch_record[~explained], reads.touch_read[~explained]
    large = bulk(reads, cleared)
    pair_subject, pair_record = _beside(large.open, open_who, open_record)
    known_who, _ = _beside(large.cleared, who[explained], reads.touch_record[explained])
    left = ~cleared
    persons_of_read = np.bincount(open_read, minlength=len(reads))
    persons_of_read[large.read] += np.where(left[large.read], large.persons, 0)
    persons_of_read = persons_of_read + (loose := np.where(left, reads.loose, 0))
    caseless = left & (persons_of_read > 0) & ~reads.case & _demanded(reads, posts, context)
    touched = np.bincount(reads.touch_read, minlength=len(reads))
    aimed = (touched <= FEW)[open_read]
    return Facts(
        day=reads.day,
        subjects=reads.subjects,
        posts=posts,
        reads=_total(reads.subject, count),
        persons=_total(pair_subject, count) + _sizes(large.open, count) + _total(reads.subject, count, loose),
        explained=_total(known_who, count) + _sizes(large.cleared, count),
        singles=_singles(open_who, open_record, (touched == 1)[open_read], count),
        lookups=_total(reads.subject[left & ((touched == 1) | reads.missed)], count),
        missed=_total(reads.subject[left & reads.missed], count),
        lists=_total(reads.subject[left & (persons_of_read >= LIST)], count),
        outside=_outside(reads, open_read, persons_of_read, count),
        inside=_total(reads.subject[(touched > 0) & (reads.outside == 0)], count),
        steps=_steps(reads, explained, count),
        hours=_hours(reads, persons_of_read, count),
        watched=_named(open_who[aimed], open_record[aimed], context.watched, count),
        decoys=_among(pair_subject, pair_record, large, context.decoys, count),
        broken=_total(reads.subject[reads.broken & left], count),
        unknown=_total(reads.subject[(reads.unknown | reads.whole) & ~reads.broken & left], count),
        without_case=_total(reads.subject[caseless], count),
        acts=_total(reads.subject[left & copies(reads) & ~_jobs(posts)[reads.subject]], count),
        pair_subject=pair_subject,
        pair_record=pair_record,
        read_persons=persons_of_read,
        read_hidden=reads.unknown | (reads.whole & (persons_of_read == 0)),
        cleared=cleared,
        large=large,
        **_codes(reads),
    )


def _beside(large: Mapping[int, bytes], subject: Ints, record: Records) -> tuple[Ints, Records]:
    """The distinct pairs that are not in their subject's bulk."""
    subject, record = distinct_pairs(subject, record)
    new = not_in(large, subject, record)
    return subject[new], record[new]


def _codes(reads: DayReads) -> dict[str, Any]:
    return {"read_subject": reads.subject, "read_template": reads.template, "read_tool": reads.tool,
            "read_client": reads.client, "read_pool": reads.pool}  # fmt: skip


def _singles(subject: Ints, record: Records, alone: Flags, count: int) -> Floats:
    return _total(distinct_pairs(subject[alone], record[alone])[0], count)


def copies(reads: DayReads) -> Flags:
    """Reads by a dump or backup tool, as it names itself, or over a replication connection."""
    return np.asarray(np.isin(reads.tool, DUMP_CODES) | reads.stream, bool)


def _demanded(reads: DayReads, posts: Sequence[Post], context: Context) -> Flags:
    """Reads by subjects whose every read must name a case."""
    demanded = [context.case_required(s, p) for s, p in zip(reads.subjects, posts, strict=True)]
    return np.array(demanded, bool)[reads.subject]


def _jobs(posts: Sequence[Post]) -> Flags:
    return np.array([post.job for post in posts], bool)


def distinct_pairs(subject: Ints, record: Records) -> tuple[Ints, Records]:
    """The distinct (subject, record) pairs, sorted."""
    keys = np.sort(_keys(subject, record))  # several times faster here than np.unique, which hashes
    keys = keys[np.diff(keys, prepend=-1) != 0]
    return keys >> 32, (keys & 0xFFFFFFFF).astype(np.uint32)


def _keys(subject: Ints, record: Records) -> Ints:
    return subject << 32 | record.astype(np.int64)


def _total(subject: Ints, count: int, weights: npt.NDArray[np.number] | None = None) -> Floats:
    return np.bincount(subject, weights, minlength=count).astype(np.float64)


def _sizes(unions: Mapping[int, bytes], count: int) -> Floats:
    found = np.zeros(count)
    for subject, data in unions.items():
        found[subject] = bitmap.count(data)
    return found


def _among(subject: Ints, record: Records, large: Bulk, wanted: Records, count: int) -> Floats:
    if not len(wanted):
        return np.zeros(count)
    found = _total(subject[np.isin(record, wanted)], count)
    for who, data in large.open.items():
        found[who] += np.isin(wanted, bitmap.unpack(data)).sum()
    return found


def _named(subject: Ints, record: Records, wanted: Records, count: int) -> Floats:
    """How many distinct wanted records each subject read."""
    some = np.isin(record, wanted)
    return _total(distinct_pairs(subject[some], record[some])[0], count)


def _outside(reads: DayReads, open_read: Ints, persons_of_read: Ints, count: int) -> Floats:
    """A single look-up outside counts its person once; another read with records outside, unexplained, counts once."""
    outside = np.minimum(np.maximum(reads.outside, 0), persons_of_read)
    single = reads.single & (outside > 0)
    one = single[open_read]
    subject, _ = distinct_pairs(reads.subject[open_read[one]], _records_of(reads, open_read[one]))
    return _total(subject, count) + _total(reads.subject[~single & (outside > 0)], count)


def _records_of(reads: DayReads, read: Ints) -> Records:
    return reads.touch_record[np.searchsorted(reads.touch_read, read)]


def _steps(reads: DayReads, explained: Flags, count: int) -> Floats:
    alone = reads.single[reads.touch_read] & ~explained
    read, record = reads.touch_read[alone], reads.touch_record[alone].astype(np.int64)
    subject = reads.subject[read]
    order = np.lexsort((reads.time[read], subject))
    subject, record = subject[order], record[order]
    gap = np.abs(np.diff(record))
    step = (np.diff(subject) == 0) & (gap >= 1) & (gap <= STEP)
    return _total(subject[1:][step], count)


def _hours(reads: DayReads, persons_of_read: Ints, count: int) -> Floats:
    # 2000-01-01, day 0, was a Saturday.
    weekend = reads.day % 7 in (0, 1)
    bins = reads.subject * HOURS + reads.minute // 60 + (24 if weekend else 0)
    some = bins[persons_of_read > 0]
    return np.bincount(some, minlength=count * HOURS).reshape(count, HOURS).astype(np.float64)
