from __future__ import annotations

import numpy as np
from exercise.worlds import SEED, country, profile, world

from kulla.exercise.cases import Cases
from kulla.exercise.explaining import explained
from kulla.exercise.honest import Honest


def test_a_case_is_about_the_same_person_whenever_it_is_asked() -> None:
    made = world()
    cases = Cases(made.roster, profile().staff, made.shelves, "payroll", SEED)
    cases.begin(made.roster.calendar[0])
    there = np.flatnonzero(cases.today >= 0)[:40]
    account = np.repeat(there, 30)
    stream = np.random.default_rng(1)
    case, person = cases.look_ups(account, np.full(account.size, 1.0), stream)
    assert (cases.person(account, case) == person).all()
    assert cases.count[there].sum() == np.unique(account << 32 | case).size
    again = cases.look_ups(account, np.full(account.size, 1.0), stream)[0]
    shared = np.isin(account << 32 | again, account << 32 | case).mean()
    assert 0.1 < shared < 0.5


def test_most_look_ups_have_a_case_on_file_before_they_are_made() -> None:
    made = world()
    on_file: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for table in explained(made.honest(), country().municipalities):
        kept = table.filter(table["record_no"].is_valid())
        since, until = (kept[name].cast("int64").to_pylist() for name in ("valid_from", "valid_to"))
        for key, span in zip(
            zip(kept["account"].to_pylist(), kept["record_no"].to_pylist(), strict=True),
            zip(since, until, strict=True), strict=True,
        ):  # fmt: skip
            on_file.setdefault(key, []).append(span)
    staff: Honest = made.honest()
    total = clear = 0
    for day in made.roster.calendar:
        stream = np.random.default_rng([SEED, 105, day.index, sum(b"payroll")])
        staff.cases.begin(day)
        acts = staff.look_up(day, staff.there(day), stream)
        for account, person, time in zip(acts.account.tolist(), acts.target.tolist(), acts.time.tolist(), strict=True):
            if person >= 0:
                total += 1
                spans = on_file.get((made.roster.names[account], person + 1), [])
                clear += any(since <= time < until for since, until in spans)
    assert 0.7 < clear / total < 0.95
