"""What the staff of the exercise does all day: a part of a profile.

Counts are per working day of one account unless said otherwise, shares are parts of one, `spread` is the standard
deviation of the natural logarithm of a rate between accounts: 1.0 puts two thirds of the accounts between 0.37 and 2.7
times the median, and one in 40 above 7 times. A profile's `[staff]` table may set any of them by name; `[[staff.role]]`
tables replace the roles as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Remit = Literal["office", "region", "whole"]


@dataclass(frozen=True, slots=True)
class RoleHabits:
    """The habits of one role.

    Attributes:
        name: the role's name in the staff list.
        share: of the accounts of people.
        look_ups: median over the role's accounts of the mean number of persons looked up by id.
        spread: of that mean between accounts.
        burst: negative binomial's excess: a day's count has variance mean + burst × mean²; itself spread by ln 2.
        remit: what belongs to the account's work: its office's municipality, that of a region, or the whole register.
        outside: mean share of look-ups outside the remit; between accounts by a Beta of concentration `outside_like`
            (small: most have nearly none, some a great deal).
        families: share of look-ups that ask for a whole household in one statement.
        lists: lists of one employer's persons; pages: sessions of paged screens; both with the account's spread.
        walkers: share of accounts that now and then walk through ids in order for a good reason (archive checks, data
            quality, moving files), on `walk_days` share of their days, `walk_length` persons in the median.
        samples: batches of random ids in one statement (audits, checks by lot).
        scans: statements over a whole municipality or register, aggregates included.
        late: share of accounts that often work in the evening or at weekends.
        shifts: share of accounts that work in shifts round the clock.
        pooled: share of accounts that read through a pooled application account.
        case: whether reads of this role should name a case.
        tools: share of statements written by hand in a tool of the account's own choice.
        growth: yearly trend of the mean, in ln, as standard deviation between accounts.
    """

    name: str
    share: float
    look_ups: float
    spread: float = 0.9
    burst: float = 0.35
    remit: Remit = "office"
    outside: float = 0.05
    outside_like: float = 6.0
    families: float = 0.06
    lists: float = 0.1
    pages: float = 0.1
    walkers: float = 0.02
    walk_days: float = 0.1
    walk_length: int = 120
    samples: float = 0.0
    scans: float = 0.0
    late: float = 0.06
    shifts: float = 0.0
    pooled: float = 0.35
    case: bool = True
    tools: float = 0.01
    growth: float = 0.25


ROLES: tuple[RoleHabits, ...] = (
    RoleHabits("clerk", 0.50, 13.0),
    RoleHabits("call-centre", 0.09, 42.0, spread=0.5, remit="whole", shifts=0.3, pooled=0.9, lists=0.0, pages=0.02),
    RoleHabits("inspector", 0.13, 8.0, spread=1.1, burst=0.8, remit="region", lists=1.6, pages=0.3, walkers=0.1,
               outside=0.09, pooled=0.1, tools=0.05),
    RoleHabits("debt-collector", 0.06, 24.0, burst=0.9, remit="region", outside=0.12, walkers=0.15, walk_days=0.2),
    RoleHabits("archivist", 0.03, 5.0, walkers=0.7, walk_days=0.45, walk_length=220, pages=0.8, case=False),
    RoleHabits("auditor", 0.03, 3.0, spread=1.2, burst=1.6, remit="whole", samples=0.25, lists=0.5, pooled=0.0,
               case=False, tools=0.2),
    RoleHabits("analyst", 0.02, 1.0, spread=1.3, burst=2.0, remit="whole", scans=0.9, samples=0.1, pooled=0.0,
               case=False, tools=0.6),
    RoleHabits("manager", 0.09, 1.2, spread=1.2, burst=1.2, remit="region", outside=0.1, lists=0.15, late=0.25),
    RoleHabits("support", 0.05, 2.5, spread=1.2, burst=2.0, remit="whole", pages=0.15, walkers=0.05, late=0.3,
               pooled=0.2, case=False, tools=0.25),
)  # fmt: skip
"""Clerks at counters, telephone agents, tax inspectors with employers' lists, collectors who work through lists of
debtors, archivists who walk whole shelves, auditors by lot, analysts over everything, managers and user support."""


@dataclass(frozen=True, slots=True)
class StaffHabits:
    """The habits of all staff.

    Attributes:
        role: the roles; their shares are scaled to one.
        volume: factor on every count: busy and quiet registers. registers: its further factor by register.
        seasons: factor of each calendar month, January first; weekdays: of Monday to Sunday for people in office hours.
        month_start: factor of the first five working days of a month.
        holidays: month-day (`MM-DD`) without office hours; bridge: share of staff absent beside a holiday.
        drift: standard deviation of an account's log rate around its mean over weeks (a mean-reverting walk).
        projects: projects a year of an account, `project_days` long in the median, with `project_factor` times the
            look-ups in the median and ln-spread 0.6.
        role_changes, office_moves, newcomers, leavers: share of accounts a year.
        list_lag_days: mean days by which the staff list lags behind a change.
        vacation_days, sick_days: mean working days off a year.
        reorganisations: month-days on which an area is reorganised; `reorganised` share of municipalities each time.
        handover_days: how long a reorganised office works through the files it took over, at `handover_factor` times
            its look-ups.
        revisits: share of look-ups that go back to a person of an earlier case; `case_days` its life in the mean.
        on_file: mean share of cases with a case file or appointment on record, Beta with concentration `on_file_like`
            between accounts; late_files: share of those opened only after the first read.
        case_named: mean share of reads, where the role asks for it, that name the case; Beta, `case_named_like`.
        no_record: share of look-ups of persons without a record in the register.
        failing: share of reads that fail or are cancelled for innocent reasons; failing_like: Beta's concentration.
        jobs: nightly jobs; pools: pooled application accounts; administrators: accounts with administrator's rights.
        administration: statements that an administrator runs over the register on a day.
        upgrade_days: mean days between new versions of the client application, which reach offices one by one.
        own_tool: accounts that start to use a new tool a year.
    """

    role: tuple[RoleHabits, ...] = ROLES
    volume: float = 1.0
    registers: tuple[tuple[str, float], ...] = (("payroll", 1.0), ("civil", 0.5), ("voter", 0.02))
    seasons: tuple[float, ...] = (1.25, 1.1, 1.3, 1.1, 1.0, 0.95, 0.8, 0.6, 1.0, 1.05, 1.0, 0.9)
    weekdays: tuple[float, ...] = (1.15, 1.05, 1.0, 1.0, 0.85, 0.03, 0.01)
    month_start: float = 1.25
    holidays: tuple[str, ...] = (
        "01-01", "01-02", "03-14", "03-22", "04-06", "05-01", "09-05", "11-22", "11-28", "11-29", "12-08", "12-25",
    )  # fmt: skip
    bridge: float = 0.3
    drift: float = 0.25
    projects: float = 1.0
    project_days: int = 6
    project_factor: float = 3.0
    role_changes: float = 0.05
    office_moves: float = 0.07
    newcomers: float = 0.10
    leavers: float = 0.08
    list_lag_days: float = 9.0
    vacation_days: float = 22.0
    sick_days: float = 7.0
    reorganisations: tuple[str, ...] = ()
    reorganised: float = 0.15
    handover_days: int = 15
    handover_factor: float = 2.0
    revisits: float = 0.35
    case_days: float = 12.0
    on_file: float = 0.85
    on_file_like: float = 8.0
    late_files: float = 0.08
    case_named: float = 0.85
    case_named_like: float = 5.0
    no_record: float = 0.03
    failing: float = 0.004
    failing_like: float = 0.5
    jobs: int = 4
    pools: int = 3
    administrators: int = 6
    administration: float = 0.6
    upgrade_days: int = 75
    own_tool: float = 0.05

    def factor(self, register: str) -> float:
        """The factor on all counts of reads of that register; 0 when nobody reads it."""
        return self.volume * dict(self.registers).get(register, 0.0)
