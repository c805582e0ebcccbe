from __future__ import annotations

import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_hits import CONSTANT, DAY, INTRUSION, MINUTE, START, Row, Step, Week, facts, table, week

from kulla.detect import attack
from kulla.hunt.company import tail
from kulla.hunt.findings import Findings, findings
from kulla.hunt.groups import GAP
from kulla.hunt.summary import Facts
from kulla.hunt.tactics import TACTICS, tactics_of, techniques_of

STEPS = {step.title for *_, step in INTRUSION}


def sorted_hits(made: Week) -> list[pa.Table]:
    rows = sorted(made.rows, key=lambda row: (row["time"] is None, row["time"] or 0, row["file"], row["record"]))
    return [table(rows)]


def found(made: Week) -> Findings:
    return findings(sorted_hits(made), facts(made))


@pytest.mark.parametrize("seed", range(4))
def test_all_ten_steps_of_an_intrusion_stand_among_the_first_twenty_groups(seed: int) -> None:
    result = found(week(seed))
    first = [scored.group.title for scored in result.ranked[:20]]
    assert set(first) >= STEPS
    story = {result.ranked[at].group.title for at in result.incidents[0].members}
    assert story >= STEPS
    assert result.incidents[0].tactics[-1] == "exfiltration"


def test_a_high_rule_that_fires_all_the_time_sinks_below_rare_medium_ones() -> None:
    result = found(week(3))
    constant = [at for at, s in enumerate(result.ranked) if s.group.title == CONSTANT[0].title]
    medium = [at for at, s in enumerate(result.ranked) if s.group.level == "medium" and s.rarity > 9]
    assert min(constant) > max(medium)
    assert "ordinary here" in result.why[constant[0]] or result.ranked[constant[0]].rarity < 2


def test_company_raises_and_noise_on_another_host_does_not_change_it() -> None:
    alone, together = Week(1), Week(1)
    steps = [Step(f"S{n}", "medium", (f"attack.t10{40 + n}",)) for n in range(4)]
    for n, step in enumerate(steps):
        alone.hit(step, f"host-{n}", None, START + n * DAY)
        together.hit(step, "host-0", None, START + n * 5 * MINUTE)
    frame = Facts(time_first=START, time_last=START + 7 * DAY, by_host={f"host-{n}": 1 for n in range(9)})
    apart = findings(sorted_hits(alone), frame).ranked
    near = findings(sorted_hits(together), frame).ranked
    assert all(scored.company.bits == 0 for scored in apart)
    assert all(scored.company.bits > 4 for scored in near)
    assert "3 other techniques within 15 min on this host" in findings(sorted_hits(together), frame).why[0]


def test_the_same_names_on_every_host_are_no_link() -> None:
    made = Week(1)
    for n in range(4):
        step = Step(f"S{n}", "medium", (f"attack.t10{40 + n}",))
        made.hit(step, f"host-{n}", "user:root", START + n * MINUTE)
    assert all(scored.company.bits == 0 for scored in found(made).ranked)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_ranking_is_deterministic_and_loses_no_hit(seed: int) -> None:
    chance, made = random.Random(seed), Week(seed)
    steps = [Step(f"S{n}", chance.choice(("low", "medium", "high")), (f"attack.t10{40 + n}",)) for n in range(6)]
    for _ in range(chance.randrange(80)):
        when = None if chance.random() < 0.1 else START + chance.randrange(3 * DAY)
        made.hit(chance.choice(steps), f"h{chance.randrange(3)}", chance.choice((None, "user:a", "user:b")), when)
    one, two = found(made), found(made)
    assert one.ranked == two.ranked
    assert one.incidents == two.incidents
    assert one.count == len(made.rows)
    assert sorted(at for incident in one.incidents for at in incident.members) == list(range(len(one.ranked)))
    for scored in one.ranked:
        assert sum(burst.count for burst in scored.group.bursts) + scored.group.undated == scored.group.count
        assert all(b.start - a.end > GAP for a, b in zip(scored.group.bursts, scored.group.bursts[1:], strict=False))


def test_poisson_tail_against_the_sum() -> None:
    import math

    for count in range(1, 12):
        for expected in (0.01, 0.4, 1.0, 3.0, 9.0):
            below = sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(count))
            assert tail(count, expected) == pytest.approx(1 - below, abs=1e-9) or expected > count


def test_tactics_are_those_of_the_table() -> None:
    assert tuple(short for short, _ in TACTICS) == attack.tactics()
    assert [item.id for item in techniques_of(["attack.T1059.001", "attack.execution", "car.2013"])] == ["T1059.001"]
    assert tactics_of(["attack.t1059.001"]) == ("execution",)
    assert tactics_of(["attack.defense_evasion", "attack.execution"]) == ("execution", "defense-evasion")


def test_hits_without_time_or_host_are_ranked_and_told() -> None:
    row: Row = {**week(1).rows[0], "time": None, "host": None, "entity": None}
    result = findings([table([row, row])], Facts())
    assert result.ranked[0].group.count == 2
    assert result.incidents[0].first is None
