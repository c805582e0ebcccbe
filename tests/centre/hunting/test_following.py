"""Correlations over the lake find what live detection and a hunt over all files find."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import lakes
import orjson
import pytest
import workermade
from centrecast import Cast
from centremade import centre_at
from hypothesis import given, settings
from hypothesis import strategies as st
from workermade import logon, ndjson, process

from kulla.centre.alerts.models import Alert, AlertGroup
from kulla.centre.folder import Centre
from kulla.centre.hunting import actions, asked, following, jobs, retro
from kulla.centre.worker.ways import Ways
from kulla.centre.worker.work import Work
from kulla.detect.correlate import Correlator, Finding, Signal
from kulla.hunt.options import Options, Selection
from kulla.hunt.run import Hunt
from kulla.lake import Lake, replay
from kulla.settings import Settings

NOON = lakes.NOON
RULES = """\
title: a
logsource: {product: windows}
detection: {s: {kind: a}, condition: s}
---
title: b
logsource: {product: linux}
detection: {s: {kind: b}, condition: s}
"""


def correlation(title: str, kind: str, rules: str, condition: str, span: str = "10m") -> str:
    told = f"    condition: {{{condition}}}\n" if condition else ""
    return (
        f"---\ntitle: {title}\ncorrelation:\n    type: {kind}\n    rules: [{rules}]\n    group-by: [User]\n"
        f"    timespan: {span}\n{told}"
    )


ALL = (
    RULES
    + correlation("count", "event_count", "a", "gte: 3")
    + correlation("values", "value_count", "a, b", "gte: 2, field: n")
    + correlation("both", "temporal", "a, b", "")
    + correlation("order", "temporal_ordered", "a, b", "")
    + correlation("sum", "value_sum", "a", "gt: 5, field: n")
    + correlation("chain", "temporal_ordered", "count, b", "", "30m")
)
Made = tuple[int | None, str, str, int]
EVENTS = st.lists(
    st.tuples(
        st.none() | st.sampled_from([-9_000 * 1440, 400 * 1440]) | st.integers(0, 90) | st.integers(1400, 1480),
        st.sampled_from("aab"), st.sampled_from("uUv"), st.integers(0, 4),
    ), max_size=12,
)  # fmt: skip


def at(minute: int | None) -> datetime | None:
    return None if minute is None else NOON + timedelta(minutes=minute)


def told(found: Sequence[Finding]) -> list[tuple[Any, ...]]:
    return sorted(
        (each.correlation.meta.title, tuple(map(str.lower, each.key)), each.first, each.last, each.count, each.value)
        for each in found
    )


def whole(asks: asked.Asked, files: Sequence[Sequence[Made]]) -> tuple[list[Finding], int]:
    """The findings when all hits are judged at once, and how many bear no time."""
    ids = {rule.meta.title: rule.meta.id for rule in asks.rules}
    correlator, untimed = Correlator(asks.correlations), 0
    for number, file in enumerate(files):
        for position, (minute, kind, user, n) in enumerate(file, 1):
            time = at(minute)
            if time is None:
                untimed += 1
                continue
            micros = (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
            values = {"User": (user,), "n": (str(n),)}
            correlator.add([Signal(micros, (number, position), f"{number}-{position}", ids[kind], values, {})])
    return correlator.advance(), untimed


def stored(lake: Lake, files: Sequence[Sequence[Made]], constituent: str = "mof") -> None:
    for number, file in enumerate(files):
        rows = [
            {"time": at(minute), "product": "windows" if kind == "a" else "linux", "raw": f"{number}",
             "source_sha256": f"{number:064x}", "fields": {"kind": kind, "User": user, "n": str(n)}}
            for minute, kind, user, n in file
        ]  # fmt: skip
        if rows:
            table = lakes.table(rows, constituent, ingest=NOON + timedelta(days=2))
            lake.append(table, f"{number:064x}", 0)


def followed(lake: Lake, asks: asked.Asked, since: datetime | None = None) -> list[retro.Step]:
    scope = frozenset([("civil", "mof"), ("civil", "tax")])
    return list(retro.by_rules(lake, lambda _: asks, scope, since, None, lambda _, sha256: int(sha256, 16)))


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENTS, max_size=4), st.booleans())
def test_the_lake_in_order_of_time_gives_what_all_at_once_gives(files: list[list[Made]], compacted: bool) -> None:
    asks = asked.read(ALL)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        lakes.small_blocks(patch, 2)
        patch.setattr(replay, "_TOGETHER", 2)
        patch.setattr(following, "_FEW", 0)
        with Lake(Path(folder)) as lake:
            stored(lake, files)
            stored(lake, files[:1], "tax")  # another constituent's hits join no group of this one's
            if compacted:
                lake.compact(every=True)
            steps = followed(lake, asks)
    found = [one for step in steps for place, each in step.found.items() if place == ("civil", "mof") for one in each]
    wanted, untimed = whole(asks, files)
    silent = {each.meta.id for each in asks.correlations} & asks.quiet
    assert told(found) == told([each for each in wanted if each.correlation.meta.id not in silent])
    other = files[0] if files else []
    assert sum(step.untimed for step in steps) == untimed + sum(minute is None for minute, *_ in other)
    assert sum(step.done for step in steps) == sum(map(len, files)) + len(other)


def test_memory_holds_windows_and_not_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lakes.small_blocks(monkeypatch)
    monkeypatch.setattr(replay, "_TOGETHER", 1)
    monkeypatch.setattr(following, "_FEW", 10)
    held: list[int] = []
    real = following.Following.settle

    def settle(self: following.Following, settled: int | None) -> list[Finding]:
        held.append(self._correlator.held)
        return real(self, settled)

    monkeypatch.setattr(following.Following, "settle", settle)
    minutes = list(range(0, 1200, 2))
    files = [[(minute, "a", "u", 1) for minute in minutes[number::3]] for number in range(3)]
    with Lake(tmp_path) as lake:
        stored(lake, files)
        steps = followed(lake, asked.read(RULES + correlation("count", "event_count", "a", "gte: 3")))
    (found,) = [one for step in steps for each in step.found.values() for one in each]
    assert found.count == 600
    assert max(held) < 60
    assert {step.evicted for step in steps} == {0}


def test_what_had_to_be_dropped_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LIMIT", 10)
    with Lake(tmp_path) as lake:
        stored(lake, [[(minute, "a", "u", 1) for minute in range(25)]])
        steps = followed(lake, asked.read(ALL))
    assert sum(step.evicted for step in steps) > 10


def test_a_run_that_began_before_the_span_keeps_its_beginning(tmp_path: Path) -> None:
    asks = asked.read(RULES + correlation("count", "event_count", "a", "gte: 3"))
    early = [(minute, "a", "u", 1) for minute in range(0, 60, 2)]
    with Lake(tmp_path) as lake:
        stored(lake, [[*early, *((minute, "a", "v", 1) for minute in range(10))]])
        steps = followed(lake, asks, at(30))
    found = [one for step in steps for each in step.found.values() for one in each]
    assert told(found) == told(whole(asks, [early])[0])
    assert [step.hits for step in steps if step.hits] == []


BRUTE = "33333333-3333-4333-8333-333333333333"
OWN = """\
title: One account on many hosts
id: 44444444-4444-4444-8444-444444444444
level: high
correlation:
    type: value_count
    rules: [Failed logon]
    group-by: [TargetUserName]
    timespan: 1h
    condition: {gte: 3, field: Computer}
---
title: Logons fail, then shadow copies go
id: 55555555-5555-4555-8555-555555555555
level: high
correlation:
    type: temporal_ordered
    rules: [11111111-1111-4111-8111-111111111111, 22222222-2222-4222-8222-222222222222]
    group-by: [Computer]
    timespan: 30m
    generate: true
"""


@pytest.fixture
def centre(tmp_path: Path, people: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Centre:
    made = centre_at(tmp_path)
    settings.CENTRE = made.path
    rules = workermade.rules(tmp_path / "rules")
    (rules / "own.yml").write_text(OWN, "utf-8")
    monkeypatch.setenv("KULLA_RULES", str(rules))
    for name in people.places:
        made.inbox_of(name)
    monkeypatch.setattr("kulla.centre.worker.work.connections.close_all", lambda: None)
    return made


def delivered(centre: Centre, seed: int) -> list[Path]:
    """Files of two constituents, not in the order of their events, within the hours that live detection looks back."""
    draw = random.Random(seed)
    events = [logon(draw.uniform(0, 90) + 1440 * draw.randrange(2), draw.choice(("arta", "besa")), draw.choice("ABCD"))
              for _ in range(120)]  # fmt: skip
    events += [process(draw.uniform(0, 90), host=draw.choice("AB")) for _ in range(10)]
    paths = []
    for number in range(4):
        for place in ("tax", "health"):
            path = centre.inbox / place / f"{number}.json"
            path.write_bytes(ndjson(events[number::4]) + ndjson([{**logon(0), "TimeCreated": None, "n": number}]))
            paths.append(path)
    return paths


def alerts(*rules: str) -> dict[str, tuple[Any, ...]]:
    """What tells alerts apart; not the greatest value, of which live detection keeps that of the first judgement."""
    rows = Alert.objects.filter(rule_id__in=rules) if rules else Alert.objects.all()
    return {row.uid: (row.rule_id, row.constituent_id, row.first, row.last, row.events, row.host, row.account,
                      {**row.detail["facts"], "value": ""}, {each["id"] for each in row.evidence})
            for row in rows}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_alerts_are_those_of_live_detection_and_of_a_hunt(
    centre: Centre, people: Cast, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_FEW", 0)
    paths = delivered(centre, seed)
    hunted = batch_hunt([str(path) for path in paths if path.parent.name == "tax"])
    Work(centre, Ways(quiet=0, jobs=0), Settings(), once=True).run()
    ids = (BRUTE, "44444444-4444-4444-8444-444444444444", "55555555-5555-4555-8555-555555555555")
    live, everything = alerts(*ids), Alert.objects.count()
    pasted = workermade.BRUTE + "---\n" + OWN
    with Lake(centre.lake) as lake:
        job = actions.ask(people["analyst-civil"], "rules", pasted, "civil")
        jobs.run_pending(lake)
        job.refresh_from_db()
        assert (job.state, job.error, job.found, job.evicted) == ("done", "", 0, 0)
        assert job.untimed == 2 * 4
        assert Alert.objects.count() == everything
        assert alerts(*ids) == live
        Alert.objects.all().delete()
        AlertGroup.objects.all().delete()
        actions.ask(people["analyst-civil"], "rules", pasted, "civil")
        jobs.run_pending(lake)
    again = alerts(*ids)
    assert {each[0] for each in again.values()} == set(ids)
    assert again == {uid: live[uid] for uid in again}
    for rule in ids:
        mine = [each for each in again.values() if each[:2] == (rule, people.places["tax"].pk)]
        theirs = [each for each in hunted if each["rule_id"] == rule]
        assert sum(each[4] for each in mine) == sum(int(each["count"]) for each in theirs)
        assert max(each[3] for each in mine) == max(each["time"] for each in theirs)


def batch_hunt(paths: list[str]) -> list[dict[str, Any]]:
    """The correlations that a hunt over the same files finds."""
    options = Options(tuple(paths), (os.environ["KULLA_RULES"],), Selection("low"), jobs=0, settings=Settings())
    with Hunt(options) as hunt:
        rows = [row for table in hunt.run().hits for row in table.to_pylist() if row["kind"] == "correlation"]
    return [{**row, **orjson.loads(row["event"])} for row in rows]
