"""One exercise watched day by day: who scored how high on which day, and what the misdeeds really did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.exercise import simulate
from kulla.exercise.frame import Frame, frame
from kulla.exercise.misdeeds import Done, Misdeed
from kulla.exercise.profile import shipped
from kulla.registers.insider.combine import ranked
from kulla.registers.insider.context import context
from kulla.registers.insider.reads import BEHIND, by_day, day_number
from kulla.registers.insider.state import State
from kulla.registers.insider.watch import Watched, close_day, watch_day
from kulla.registers.manifest import Column, Manifest, Purpose

START = date(2026, 1, 5)
ZONE = "Europe/Tirane"
LOWEST = 2.5
"""Scores from here on are kept, so that thresholds can be compared without watching again."""

BUSY = 25
"""Persons a day from which a day is kept for the volume threshold."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is watched."""

    profile: str
    seed: int
    accounts: int = 2000
    days: int = 120
    persons: int = 100_000


@dataclass(slots=True)
class Truth:
    """A misdeed: its name with its rate, the accounts, and by day the persons it had read that it had not before."""

    name: str
    accounts: list[str]
    forged: list[str]
    daily: list[tuple[int, int, int]]
    persons: int
    logged: bool
    median_day: float = 0.0


@dataclass(slots=True)
class Run:
    """One exercise watched. Days are numbers from its start.

    Attributes:
        scores: (day, subject, score, whether certain, strongest signal) of each score from LOWEST on.
        volumes: (day, subject, distinct persons, explained ones included) of each from BUSY on, jobs left out.
    """

    plan: Plan
    scores: list[tuple[int, str, float, bool, str]] = field(default_factory=list)
    volumes: list[tuple[int, str, int]] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    accounts: int = 0
    people: int = 0
    reads: int = 0


def orders(days: int) -> list[Misdeed]:
    """The misdeeds of an exercise, begun after some two months, each by an account of its own."""
    left = days - 62
    some = [
        Misdeed("bulk_export", rate=0), Misdeed("bulk_export", rate=300), Misdeed("bulk_export", rate=1000),
        Misdeed("paged_crawl", days=5), Misdeed("cursor_evasion"), Misdeed("copy_evasion"), Misdeed("error_after_read"),
        Misdeed("two_colluders", days=20), Misdeed("sequential_enumeration", days=20),
        Misdeed("watched_person_snooping", days=30), Misdeed("off_hours", days=10),
        Misdeed("forged_application_name", days=20),
        *(Misdeed("low_and_slow", days=left, rate=rate) for rate in (5, 10, 20, 50) for _ in range(2)),
        Misdeed("pg_dump"), Misdeed("base_backup"), Misdeed("replication_connection"),
    ]  # fmt: skip
    first = [60 if each.name == "low_and_slow" else 55 + 3 * at % 25 for at, each in enumerate(some)]
    return [replace(each, start=start) for each, start in zip(some, first, strict=True)]


def manifest(profile: str) -> Manifest:
    """The register's manifest: roles that must name a case, as the profile has them."""
    roles = shipped(profile).staff.role
    return Manifest(
        "payroll", "exercise", "exercise", "civil", "exercise", "files", "reads", "", ("nid",),
        (Column("nid", "national_id"),), timezone=ZONE,
        purposes=(
            Purpose("cases", tuple(role.name for role in roles if role.case), case_required=True),
            Purpose("other", tuple(role.name for role in roles if not role.case)),
        ),
    )  # fmt: skip


def run(plan: Plan) -> Run:
    """Make the exercise and watch it, a day at a time."""
    profile, people = shipped(plan.profile), frame(plan.persons, plan.seed)
    staff = simulate.staff(people, profile, plan.accounts, plan.days, START, plan.seed)
    told = context(
        manifest(plan.profile), staff, simulate.explanations(people, staff, profile, plan.seed, plan.days, START),
        simulate.groups(people), _watched(people),
    )  # fmt: skip
    some = orders(plan.days)
    kept = Run(plan, people=plan.accounts, truths=_truths(
        some, simulate.truth(people, staff, profile, plan.seed, plan.days, START, some)))  # fmt: skip
    state, usual = State(), _Usual(kept.truths)
    made = simulate.days(people, staff, profile, plan.seed, plan.days, START, some)
    for reads in _whole_days(made):
        for day in by_day(reads, ZONE, told.pooled):
            watched = watch_day(state, day, told)
            _keep(kept, watched)
            usual.see(watched)
            close_day(watched)
            kept.reads += len(day)
    usual.tell()
    kept.accounts = len(state.names)
    return kept


def _whole_days(made: Iterable[tuple[date, pa.Table]]) -> Iterator[pa.Table]:
    """Each day's reads by the time they ended; those that ended after midnight go to the day after."""
    late: list[pa.Table] = []
    for day, reads in made:
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(ZONE)).astimezone(UTC)
        whole = pa.concat_tables([*late, reads], promote_options="permissive") if late else reads
        over = pc.greater_equal(whole["snapshot_to"], pa.scalar(midnight, whole["snapshot_to"].type))
        late = [whole.filter(over)]
        yield whole.filter(pc.invert(over))


def kept_run(plan: Plan, folder: Path) -> Run:
    """The run from `folder`, watched and put there if it is not there yet."""
    path = folder / f"{plan.profile}-{plan.seed}.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(asdict(run(plan))))
    plain = orjson.loads(path.read_bytes())
    return Run(
        Plan(**plain["plan"]), [(d, s, v, c, n) for d, s, v, c, n in plain["scores"]],
        [(d, s, v) for d, s, v in plain["volumes"]], [Truth(**each) for each in plain["truths"]],
        plain["accounts"], plain["people"], plain["reads"],
    )  # fmt: skip


def account_of(subject: str) -> str:
    """The account of a subject: the end user behind a pool."""
    return subject.partition(BEHIND)[2] or subject


def _keep(kept: Run, watched: Watched) -> None:
    today = watched.today
    day = today.day - day_number(START)
    kept.scores += [
        (day, each.subject, round(each.score, 3), each.certain, each.surprises[0][0] if each.surprises else "")
        for each in ranked(today, watched.measured, LOWEST)
    ]
    total = today.facts.persons + today.facts.explained
    kept.volumes += [
        (day, today.facts.subjects[at], int(total[at]))
        for at in np.flatnonzero((total >= BUSY) & today.judged).tolist()
    ]


def _watched(people: Frame) -> list[int]:
    return (np.flatnonzero(people.is_watched) + 1).tolist()


def _truths(some: Sequence[Misdeed], done: Sequence[Done]) -> list[Truth]:
    return [
        Truth(
            f"{order.name} +{order.rate}" if order.rate else order.name, list(each.accounts), list(each.forged),
            [((day - START).days, acts, new) for day, acts, _, new in each.daily], each.persons, each.logged,
        )
        for order, each in zip(some, done, strict=True) if each.first is not None
    ]  # fmt: skip


class _Usual:
    """The median day of misusing accounts before their misdeed, explained persons included."""

    def __init__(self, truths: Sequence[Truth]) -> None:
        self._of = [(truth, truth.accounts[0], truth.daily[0][0], list[float]()) for truth in truths if truth.daily]

    def see(self, watched: Watched) -> None:
        today = watched.today
        day = today.day - day_number(START)
        total = dict(zip(map(account_of, today.facts.subjects),
                         (today.facts.persons + today.facts.explained).tolist(), strict=True))  # fmt: skip
        for _, account, first, days in self._of:
            if day < first and account in total:
                days.append(total[account])

    def tell(self) -> None:
        for truth, _, _, days in self._of:
            truth.median_day = median(days) if days else 0.0
