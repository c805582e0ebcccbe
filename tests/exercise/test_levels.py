from __future__ import annotations

import numpy as np
from exercise.worlds import SEED, START, country, profile

from kulla.exercise.staff import Roster, roster


def year(name: str) -> Roster:
    return roster(country(), profile(name), 400, 364, START, SEED)


def test_weekends_are_quiet_but_for_shifts() -> None:
    staff = year("busy")
    weekend = np.array([day.weekend for day in staff.calendar])
    share = staff.level[:, weekend].mean(axis=1) / staff.level[:, ~weekend].mean(axis=1)
    assert np.median(share[~staff.traits.shifts]) < 0.1
    assert np.median(share[staff.traits.shifts]) > 0.7


def test_seasons_bursts_and_drift_show() -> None:
    staff = year("seasonal")
    months = np.array([day.date.month for day in staff.calendar])
    worked = np.array([day.worked for day in staff.calendar])
    monthly = [np.median(staff.level[:, worked & (months == month)]) for month in (3, 8)]
    assert monthly[0] > 4 * monthly[1]
    days = staff.level[:, worked] / np.median(staff.level[:, worked], axis=0)
    assert np.quantile(days.max(axis=1) / np.median(days, axis=1), 0.5) > 1.8


def test_vacations_are_taken_in_summer() -> None:
    staff = year("steady")
    months = np.array([day.date.month for day in staff.calendar])
    there = [np.mean([staff.present[:, months == month].mean()]) for month in (5, 8)]
    assert there[0] - there[1] > 0.1
