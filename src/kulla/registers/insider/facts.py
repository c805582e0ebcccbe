"""What each account did on one day, in numbers: the counts that baselines are made of and signals look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kulla.registers import bitmap
from kulla.registers.insider.bulk import Bulk, bulk, not_in
from kulla.registers.insider.context import Context, Post
from kulla.registers.insider.reads import BEHIND, DayReads, Flags, Ints, Records, code

Floats = npt.NDArray[np.float64]

STEP = 3
"""Record numbers at most so far apart, one look-up after the other, count as a step of an enumeration."""

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
        outside: of `persons`, those outside the subject's remit (upper_bound where a read mixes both).
        steps: look-ups of single records whose number lies 1 to STEP beside the one before.
        hours: persons by bin of the clock, shape (S, HOURS).
        watched, decoys: distinct watched persons and decoys read without an explanation.
        broken: reads that ended by error or cancellation, of unknown extent.
        unknown: other reads of which nobody knows what they took, cursors and COPY included.
        without_case: persons read without a case reference though the role demands one.
        acts: reads by a tool or protocol that copies whole databases, jobs left out.
        pair_subject, pair_record: distinct (subject, person) pairs without explanation, sorted; not those in `large`.
        large: what was read in bulk.
        read_template, read_tool, read_client, read_persons: of each read its codes, and how many unexplained persons it
            touched; read_hidden: nobody knows how many.
    """

    day: int
    subjects: tuple[str, ...]
    posts: tuple[Post, ...]
    reads: Floats
    persons: Floats
    explained: Floats
    outside: Floats
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
    read_persons: Ints
    read_hidden: Flags
    cleared: Flags
    """Of each read: covered whole by an explanation."""
    large: Bulk


def facts(reads: DayReads, context: Context) -> Facts:
    """Count one day's reads."""
    count = len(reads.subjects)
    posts = tuple(context.post(subject, reads.day) for subject in reads.subjects)
    accounts = [subject.partition(BEHIND)[2] or subject for subject in reads.subjects]
    offices = [post.office for post in posts]
    explained = context.cover.touches(reads, accounts, offices)
    cleared = context.cover.whole_reads(reads, accounts, offices)
    who = reads.subject[reads.touch_read]
    open_who, open_record, open_read = who[~explained], reads.touch_record[~explained], reads.touch_read[~explained]
    large = bulk(reads, cleared)
    pair_subject, pair_record = distinct_pairs(open_who, open_record)
    new = not_in(large.open, pair_subject, pair_record)
    pair_subject, pair_record = pair_subject[new], pair_record[new]
    known_who, known_record = distinct_pairs(who[explained], reads.touch_record[explained])
    known_who = known_who[not_in(large.cleared, known_who, known_record)]
    left = ~cleared
    demanded = np.array([context.case_required(s, p) for s, p in zip(reads.subjects, posts, strict=True)], bool)
    persons_of_read = np.bincount(open_read, minlength=len(reads))
    persons_of_read[large.read] += np.where(left[large.read], large.persons, 0)
    loose = np.where(left, reads.loose, 0)
    persons_of_read = persons_of_read + loose
    caseless = left & ~reads.case & demanded[reads.subject] if count else left
    return Facts(
        day=reads.day,
        subjects=reads.subjects,
        posts=posts,
        reads=_total(reads.subject, count),
        persons=_total(pair_subject, count) + _sizes(large.open, count) + _total(reads.subject, count, loose),
        explained=_total(known_who, count) + _sizes(large.cleared, count),
        outside=_outside(reads, open_read, persons_of_read, count),
        steps=_steps(reads, explained, count),
        hours=_hours(reads, persons_of_read, count),
        watched=_among(pair_subject, pair_record, large, context.watched, count),
        decoys=_among(pair_subject, pair_record, large, context.decoys, count),
        broken=_total(reads.subject[reads.broken & left], count),
        unknown=_total(reads.subject[(reads.unknown | reads.whole) & ~reads.broken & left], count),
        without_case=_total(reads.subject[caseless], count, persons_of_read[caseless]),
        acts=_total(reads.subject[left & copies(reads) & ~_jobs(posts)[reads.subject]], count),
        pair_subject=pair_subject,
        pair_record=pair_record,
        read_subject=reads.subject,
        read_template=reads.template,
        read_tool=reads.tool,
        read_client=reads.client,
        read_persons=persons_of_read,
        read_hidden=reads.unknown | (reads.whole & (persons_of_read == 0)),
        cleared=cleared,
        large=large,
    )


def copies(reads: DayReads) -> Flags:
    """Reads by a dump or backup tool, as it names itself, or over a replication connection."""
    return np.asarray(np.isin(reads.tool, DUMP_CODES) | reads.stream, bool)


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


def _outside(reads: DayReads, open_read: Ints, persons_of_read: Ints, count: int) -> Floats:
    """A single look-up outside counts its person once; of a list, its outside records, as far as unexplained."""
    outside = np.minimum(np.maximum(reads.outside, 0), persons_of_read)
    single = reads.single & (outside > 0)
    one = single[open_read]
    subject, _ = distinct_pairs(reads.subject[open_read[one]], _records_of(reads, open_read[one]))
    return _total(subject, count) + _total(reads.subject[~single], count, outside[~single])


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
    return np.bincount(bins, persons_of_read, minlength=count * HOURS).reshape(count, HOURS).astype(np.float64)
