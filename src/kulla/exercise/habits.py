"""How the registers of the exercise change: rates and hours, a part of a profile.

Rates are per month and subject (a household, a person, a vehicle, an employed person), shares are parts of one, hours
are local hours of the working day. A profile's `[registers]` table may set any of them by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from kulla.errors import ConfigError


@dataclass(frozen=True, slots=True)
class RegisterHabits:
    """What changes in the four registers, how often, and at which hours it is committed.

    Attributes:
        moves: households that move to another address; `far_moves` of them to another municipality.
        renames: women who take another family name.
        deaths: persons who die, on average over all ages.
        raises: employed persons whose salary changes for good.
        job_moves: employed persons who change the employer.
        job_ends: employed persons who stop working; `hires`: persons of working age without work who start.
        phone_changes: persons whose phone in the payroll changes; `phone_missing`, `phone_shared`: shares of persons.
        second_jobs: share of the employed who have two employers at once.
        late_corrections: share of declarations that are corrected months later.
        employer_corrections: share of (employer, month) whose declarations are all corrected in one late transaction.
        past_months: months before the start whose declarations the payroll holds.
        vehicles: vehicles for each person; `sales`, `scrapped`, `registered`: monthly, for each vehicle.
        voter_phones, preferences: voters whose phone or noted preference changes.
        plain_names: share of persons whose name one register writes without diacritics.
        from_hour, to_hour: when clerks commit changes.
        month_start: share of a month's changes committed in its first `month_start_days` working days.
        weekend: share of changes committed on weekends.
        long_share: share of changes made inside long transactions, all visible at their commit.
        long_per_month, long_hours: how many of these a register has in a month, and how long at most each lasts.
        seasons: weight of each calendar month, January first.
    """

    moves: float = 0.004
    far_moves: float = 0.3
    renames: float = 0.0006
    deaths: float = 0.0007
    raises: float = 0.012
    job_moves: float = 0.006
    job_ends: float = 0.003
    hires: float = 0.003
    phone_changes: float = 0.004
    phone_missing: float = 0.12
    phone_shared: float = 0.05
    second_jobs: float = 0.03
    late_corrections: float = 0.02
    employer_corrections: float = 0.004
    past_months: int = 3
    vehicles: float = 0.27
    sales: float = 0.009
    scrapped: float = 0.002
    registered: float = 0.005
    voter_phones: float = 0.006
    preferences: float = 0.01
    plain_names: float = 0.15
    from_hour: int = 8
    to_hour: int = 16
    month_start: float = 0.5
    month_start_days: int = 5
    weekend: float = 0.02
    long_share: float = 0.12
    long_per_month: int = 4
    long_hours: float = 3.0
    seasons: tuple[float, ...] = (1.2, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8, 0.6, 1.1, 1.1, 1.0, 1.3)

    def __post_init__(self) -> None:
        if not 0 <= self.from_hour < self.to_hour <= 23:
            raise ConfigError("registers: from_hour must lie before to_hour, both within 0 to 23")
        if len(self.seasons) != 12 or min(self.seasons) < 0 or not sum(self.seasons):
            raise ConfigError("registers: seasons must be 12 numbers, not negative and not all 0")
        if self.past_months > 60:
            raise ConfigError("registers: past_months: give at most 60")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"registers: {name} is a share: give 0 to 1")


_SHARES = (
    "far_moves", "phone_missing", "phone_shared", "second_jobs", "late_corrections", "employer_corrections",
    "plain_names", "month_start", "weekend", "long_share",
)  # fmt: skip
