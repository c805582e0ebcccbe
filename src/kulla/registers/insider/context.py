"""What is known of accounts and persons besides reads: staff, explanations, watched persons, decoys, case rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.registers.insider.explained import Cover, cover
from kulla.registers.insider.reads import BEHIND, day_number
from kulla.registers.manifest import Manifest
from kulla.registers.schema import EXPLANATIONS, STAFF

UNLISTED = "(not on the staff list)"
_FOREVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Post:
    """What an account was on one day. `since`: the day number from which it holds this role and office.

    `changes`: role, office or remit changed on or before the day; `job`, `pooled`, `administrator` as STAFF has them.
    """

    role: str = UNLISTED
    office: str = ""
    since: int = 0
    job: bool = False
    pooled: bool = False
    administrator: bool = False


@dataclass(frozen=True, slots=True)
class _Span:
    first: int
    last: int
    post: Post


@dataclass(frozen=True, slots=True)
class Context:
    """Everything besides the reads.

    Attributes:
        spans: an account's posts in order of time.
        cover: explanations, indexed.
        watched, decoys: record numbers, sorted.
        case_roles: roles or accounts whose every read must name a case.
    """

    spans: Mapping[str, tuple[_Span, ...]] = field(default_factory=dict)
    cover: Cover = field(default_factory=lambda: cover(EXPLANATIONS.empty_table(), None))
    watched: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    decoys: npt.NDArray[np.uint32] = field(default_factory=lambda: np.zeros(0, np.uint32))
    case_roles: frozenset[str] = frozenset()

    @property
    def pooled(self) -> frozenset[str]:
        """The pooled accounts."""
        return frozenset(name for name, spans in self.spans.items() if any(span.post.pooled for span in spans))

    @property
    def jobs(self) -> frozenset[str]:
        """The accounts declared as jobs."""
        return frozenset(name for name, spans in self.spans.items() if any(span.post.job for span in spans))

    def post(self, subject: str, day: int) -> Post:
        """The post of a subject; of the account itself where the subject is an end user not on the staff list."""
        account, _, person = subject.partition(BEHIND)
        spans = self.spans.get(subject) or self.spans.get(person) or self.spans.get(account, ())
        held = [span.post for span in spans if span.first <= day <= span.last]
        if held:
            return held[-1]
        return spans[-1].post if spans and day > spans[-1].last else Post()

    def on_list(self, subject: str, day: int) -> bool:
        """Whether the staff list has the subject on that day."""
        account, _, person = subject.partition(BEHIND)
        spans = self.spans.get(subject) or self.spans.get(person) or self.spans.get(account, ())
        return any(span.first <= day <= span.last for span in spans)

    def cleared(self, account: str, moment: datetime) -> bool:
        """Whether an explanation covers whatever the account did at a moment: an audit, a job, of it or its office."""
        day = day_number(moment.date())
        return self.cover.anything(account, self.post(account, day).office, int(moment.timestamp() * 1_000_000))

    def case_required(self, subject: str, post: Post) -> bool:
        """Whether each of the subject's reads must name a case."""
        return bool({post.role, subject} & self.case_roles)


def context(
    manifest: Manifest,
    staff: pa.Table | None = None,
    explanations: pa.Table | None = None,
    groups: pa.Table | None = None,
    watched: Iterable[int] = (),
    decoys: Iterable[int] = (),
) -> Context:
    """The context of a register. Tables are in schemas STAFF, EXPLANATIONS and GROUPS; None: there is none."""
    return Context(
        spans=_spans(staff if staff is not None else STAFF.empty_table(), manifest.administrators),
        cover=cover(explanations if explanations is not None else EXPLANATIONS.empty_table(), groups),
        watched=_numbers(watched),
        decoys=_numbers(decoys),
        case_roles=case_roles(manifest),
    )


def case_roles(manifest: Manifest) -> frozenset[str]:
    """Roles every purpose of which demands a case: a role with another purpose may read without one."""
    demand = {role for purpose in manifest.purposes if purpose.case_required for role in purpose.roles}
    free = {role for purpose in manifest.purposes if not purpose.case_required for role in purpose.roles}
    return frozenset(demand - free)


def _numbers(numbers: Iterable[int]) -> npt.NDArray[np.uint32]:
    return np.unique(np.fromiter(numbers, np.uint32))


def _spans(staff: pa.Table, administrators: Collection[str]) -> dict[str, tuple[_Span, ...]]:
    found: dict[str, list[_Span]] = {}
    rows = sorted(staff.to_pylist(), key=lambda row: (row["account"], _day(row["valid_from"], 0)))
    for row in rows:
        spans = found.setdefault(row["account"], [])
        first, last = _day(row["valid_from"], 0), _day(row["valid_to"], _FOREVER)
        before = spans[-1].post if spans else None
        role, office = row["role"] or UNLISTED, row["office"] or ""
        same = before is not None and (before.role, before.office) == (role, office)
        since = before.since if same and before is not None else first
        post = Post(role, office, since, bool(row["job"]), bool(row["pooled"]), bool(row["administrator"]))
        spans.append(_Span(first, last, post))
    for account in administrators:
        if account not in found:
            found[account] = [_Span(0, _FOREVER, Post("administrator", administrator=True))]
    return {account: tuple(spans) for account, spans in found.items()}


def _day(moment: datetime | date | None, missing: int) -> int:
    if moment is None:
        return missing
    return day_number(moment.date() if isinstance(moment, datetime) else moment)
