from __future__ import annotations

import pyarrow as pa
from synthetic_hits import DAY, MINUTE, START, Step, Week, facts, table

from kulla.alert import Level
from kulla.hunt.findings import Findings, findings
from kulla.hunt.summary import Facts

FRAME = Facts(time_first=START, time_last=START + 7 * DAY, by_host={f"host-{n}": 1 for n in range(9)})


def ranked(made: Week, frame: Facts | None = None) -> Findings:
    rows = sorted(made.rows, key=lambda row: (str(row["time"]), str(row["record"])))
    tables: list[pa.Table] = [table(rows)]
    return findings(tables, frame or facts(made))


def step(name: str, level: Level, number: int) -> Step:
    return Step(name, level, (f"attack.t10{number}",))


def test_many_rules_on_one_act_give_way_to_another_act() -> None:
    made = Week(1)
    for n in range(12):
        made.hit(step(f"same {n}", "high", 40 + n), "host-0", None, START)
    for n in range(3):
        made.hit(step(f"other {n}", "medium", 60 + n), "host-1", None, START + DAY + n * 5 * MINUTE)
    result = ranked(made, FRAME)
    titles = [scored.group.title for scored in result.ranked]
    assert max(titles.index(f"other {n}") for n in range(3)) < 8
    assert [scored.score for scored in result.ranked] == sorted((s.score for s in result.ranked), reverse=True)
    assert sum(scored.told.count == 0 for scored in result.ranked) == 4
    told = next(at for at, scored in enumerate(result.ranked) if scored.told.count == 2)
    assert "− 8 told by 2 better groups of the same minute" in result.why[told]


def test_one_burst_that_nobody_told_makes_a_group_news() -> None:
    made = Week(1)
    made.hit(step("first", "critical", 40), "host-0", None, START)
    made.hit(step("again", "low", 41), "host-0", None, START)
    made.hit(step("again", "low", 41), "host-0", None, START + DAY)
    assert all(scored.told.count == 0 for scored in ranked(made, FRAME).ranked)


def test_the_same_minute_on_another_host_is_no_repeat() -> None:
    made = Week(1)
    for n in range(3):
        made.hit(step(f"S{n}", "high", 40 + n), f"host-{n}", "user:root", START)
    assert all(scored.told.count == 0 for scored in ranked(made, FRAME).ranked)


def company(days: int, hosts: int) -> list[float]:
    made = Week(1)
    for day in range(days):
        for host in range(hosts):
            for n in range(4):
                when = START + day * DAY + host * 20 * MINUTE + n * 2 * MINUTE
                made.hit(step(f"S{n}", "medium", 40 + n), f"host-{host}", None, when)
    return [scored.company.bits for scored in ranked(made, FRAME).ranked]


def test_what_meets_every_day_is_habit_and_what_strikes_in_one_night_is_not() -> None:
    assert all(bits == 0 for bits in company(days=5, hosts=1))
    assert any(bits > 4 for bits in company(days=1, hosts=5))
    assert any(bits > 4 for bits in company(days=2, hosts=1))


def test_the_same_technique_told_again_loses_twice_as_much() -> None:
    made = Week(1)
    made.hit(step("first", "critical", 40), "host-0", None, START)
    made.hit(step("same technique", "high", 40), "host-0", None, START)
    made.hit(step("other technique", "high", 41), "host-1", None, START)
    made.hit(step("first again", "critical", 40), "host-1", None, START)
    lost = {(s.group.title, s.group.key.host): s.told.points for s in ranked(made, FRAME).ranked}
    assert lost["same technique", "host-0"] == 8
    assert lost["other technique", "host-1"] == 4
    assert lost["first", "host-0"] == 0


def test_what_is_seen_day_after_day_loses_a_point_a_day_up_to_four() -> None:
    made = Week(1)
    for days in range(1, 8):
        for day in range(days):
            made.hit(step(f"seen on {days}", "high", 40 + days), f"host-{days}", None, START + day * DAY)
    result = ranked(made, FRAME)
    lost = {scored.days: scored.routine for scored in result.ranked}
    assert lost == {1: 0, 2: 0, 3: 1, 4: 2, 5: 3, 6: 4, 7: 4}
    said = next(why for scored, why in zip(result.ranked, result.why, strict=True) if scored.days == 5)
    assert "− 3 seen on 5 days" in said
