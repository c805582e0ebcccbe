"""Retro-hunts: found whole, once, within their author's places, through any interruption."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from centrecast import Cast
from centremade import centre_at
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone
from huntlake import events
from lakes import table

from kulla.centre.alerts.models import Alert, AlertGroup
from kulla.centre.audit.models import Entry
from kulla.centre.hunting import actions, jobs, retro
from kulla.centre.hunting.models import Job
from kulla.centre.people.models import Membership
from kulla.lake import Lake

pytestmark = pytest.mark.django_db

RULE = """title: Shell
id: 5f4a4a4e-0000-4000-8000-000000000001
level: medium
tags: [attack.t1059]
logsource: {product: windows, category: process_creation}
detection: {s: {Image|endswith: '\\cmd.exe'}, condition: s}
"""


def test_rules_over_the_whole_lake(people: Cast, lake: Lake, enter: Callable[[str], Client]) -> None:
    job = actions.ask(people["analyst-civil"], "rules", RULE, "civil")
    assert jobs.run_pending(lake) == 1
    job.refresh_from_db()
    assert (job.state, job.error, job.hits, job.done, job.total) == ("done", "", 12, 12, 12)
    rows = Alert.objects.all()
    assert set(rows.values_list("constituent__name", flat=True)) == {"tax", "health"}
    assert sum(rows.values_list("events", flat=True)) == 12
    assert {row.retro for row in rows} == {True}
    assert {group.retro for group in AlertGroup.objects.all()} == {True}
    row = rows.filter(constituent__name="tax").latest("last")
    assert (row.level, row.kind, row.tags, row.account, row.host) == (
        "medium", "detection", ["attack.t1059"], "tax-user", "tax-srv",
    )  # fmt: skip
    assert lake.event(bytes.fromhex(row.evidence[0]["id"]), frozenset([("civil", "tax")])) is not None
    assert (job.found, job.again) == (rows.count(), 0)
    page = enter("analyst-civil").get(f"/hunting/retro/{job.uid}").content.decode()
    assert "12 events met." in page
    assert "tax-srv" in page


CORRELATION = """
---
title: Several shells
level: high
correlation: {type: event_count, rules: [Shell], group-by: [User], timespan: 12h, condition: {gte: 4}}
"""


def test_a_correlation_over_the_whole_lake(people: Cast, lake: Lake, enter: Callable[[str], Client]) -> None:
    untimed = [{**each, "time": None} for each in events("tax")]
    lake.append(table(untimed, "tax", "civil", timezone.now()), "f" * 64, 0)
    job = actions.ask(people["analyst-civil"], "rules", RULE + CORRELATION, "civil")
    assert job.title == "Several shells"
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert (job.state, job.error, job.hits, job.found, job.untimed, job.done) == ("done", "", 12, 2, 6, 18)
    rows = Alert.objects.all()
    assert {(row.title, row.level, row.events, row.retro) for row in rows} == {("Several shells", "high", 6, True)}
    assert set(rows.values_list("constituent__name", "account")) == {("tax", "tax-user"), ("health", "health-user")}
    page = enter("analyst-civil").get(f"/hunting/retro/{job.uid}").content.decode()
    assert "6 events that a correlation asks for bear no time" in page
    assert "dropped" not in page
    Job.objects.update(evicted=3)
    assert "3 events were dropped" in enter("analyst-civil").get(f"/hunting/retro/{job.uid}").content.decode()


def test_filters_of_tuning_hold_in_their_place_alone(people: Cast, lake: Lake, tmp_path: Path) -> None:
    place = tmp_path / "rules" / "filters" / "civil" / "tax"
    place.mkdir(parents=True)
    (place / "f.yml").write_text(
        "title: F\nlogsource: {product: windows, category: process_creation}\n"
        "filter: {rules: [Shell], s: {User: tax-user}, condition: not s}\n", "utf-8",
    )  # fmt: skip
    for text in (RULE, RULE + CORRELATION):
        Alert.objects.all().delete()
        job = actions.ask(people["analyst-civil"], "rules", text, "civil")
        jobs.run_pending(lake)
        job.refresh_from_db()
        assert (job.state, job.hits) == ("done", 6)
        assert set(Alert.objects.values_list("constituent__name", flat=True)) == {"health"}


def test_events_of_several_files_are_one_alert(people: Cast, lake: Lake) -> None:
    for chunk in range(1, 4):
        lake.append(table(events("tax"), "tax", "civil", timezone.now()), "0" * 64, chunk)
    job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
    jobs.run_pending(lake)
    job.refresh_from_db()
    rows = Alert.objects.all()
    assert (job.hits, sum(rows.values_list("events", flat=True))) == (24, 24)
    assert rows.count() == len({row.last.date() for row in rows if row.last})


def test_a_job_asks_its_own_place_whatever_its_author_may(people: Cast, lake: Lake) -> None:
    actions.ask(people["everything"], "rules", RULE, "civil")
    job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
    Membership.objects.create(user=people["analyst-tax"], role="analyst", zone="civil")
    Membership.objects.create(user=people["analyst-tax"], role="analyst", zone="military")
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert job.hits == 6
    assert set(Alert.objects.values_list("constituent__name", flat=True)) == {"tax", "health"}


def test_what_is_known_stays_as_it_is(people: Cast, lake: Lake) -> None:
    for _ in range(2):
        job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
        jobs.run_pending(lake)
        Alert.objects.update(status="closed", reason="false")
    job.refresh_from_db()
    assert (job.found, job.again) == (0, Alert.objects.count())
    assert set(Alert.objects.values_list("status", "reason", "grown")) == {("closed", "false", None)}
    assert sum(Alert.objects.values_list("events", flat=True)) == 6


def test_indicators_stand_on_their_own(people: Cast, lake: Lake) -> None:
    text = "198.51.100[.]7\n198.51.100.70 # longer\n51.100.7\ntax-value\nnavy-value\n"
    job = actions.ask(people["analyst-civil"], "indicators", text, "civil", level="critical")
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert (job.state, job.hits, job.done, job.total) == ("done", 18, 5, 5)
    named = set(Alert.objects.values_list("title", "constituent__name"))
    assert named == {
        ("Indicator seen: 198.51.100.7", "tax"), ("Indicator seen: 198.51.100.7", "health"),
        ("Indicator seen: tax-value", "tax"),
    }  # fmt: skip
    row = Alert.objects.filter(title__endswith="tax-value").latest("last")
    assert row.level == "critical"
    assert [test["field"] for test in row.detail["events"][0]["why"]["selections"][0]["tests"]] == ["Onlytax"]


def test_a_span_limits_it(people: Cast, lake: Lake) -> None:
    since = timezone.now() - timedelta(hours=2, minutes=30)
    actions.ask(people["analyst-tax"], "rules", RULE, "civil", since=since)
    jobs.run_pending(lake)
    assert sum(Alert.objects.values_list("events", flat=True)) == 3


def test_who_lost_a_role_asks_nothing_any_more(people: Cast, lake: Lake) -> None:
    job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
    Membership.objects.filter(user=people["analyst-tax"]).delete()
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert (job.state, job.hits, job.total) == ("done", 0, 0)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("rules", ""), ("rules", "title: x"), ("rules", "["), ("indicators", " \n#only"), ("indicators", "abc"),
     ("rules", RULE + "\n---\ntitle: C\ncorrelation: {type: event_count, rules: [Shel], group-by: [User], timespan: 1h"
      ", condition: {gte: 2}}")],
)  # fmt: skip
def test_what_cannot_be_asked(people: Cast, kind: str, text: str) -> None:
    with pytest.raises(ValidationError):
        actions.ask(people["analyst-civil"], kind, text, "civil")
    assert not Job.objects.exists()


def test_another_zone_is_refused(people: Cast) -> None:
    for who in ("analyst-civil", "liaison-military", "nobody"):
        with pytest.raises(PermissionDenied):
            actions.ask(people[who], "rules", RULE, "military")


def test_a_job_whose_process_died_begins_anew_and_counts_once(people: Cast, lake: Lake) -> None:
    job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
    Job.objects.update(state="running", beat=timezone.now(), done=3, hits=3, found=1)
    assert jobs.run_pending(lake) == 0
    Job.objects.update(beat=timezone.now() - jobs.DEAD - timedelta(seconds=1))
    assert jobs.run_pending(lake) == 1
    job.refresh_from_db()
    assert (job.state, job.hits, job.found) == ("done", 6, Alert.objects.count())


def test_what_was_there_already_is_listed(people: Cast, lake: Lake, enter: Callable[[str], Client]) -> None:
    for _ in range(2):
        job = actions.ask(people["analyst-tax"], "indicators", "198.51.100.7", "civil")
        jobs.run_pending(lake)
    job.refresh_from_db()
    assert (job.found, job.hits) == (0, 6)
    assert set(job.keys) == set(Alert.objects.values_list("uid", flat=True))
    page = enter("analyst-tax").get(f"/hunting/retro/{job.uid}").content.decode()
    assert "tax-srv" in page
    assert "Nothing was found" not in page
    Alert.objects.update(constituent=people.places["health"])
    page = enter("analyst-tax").get(f"/hunting/retro/{job.uid}").content.decode()
    assert "tax-srv" not in page
    assert "Nothing was found" not in page


def test_what_a_job_stored_before_its_process_died_is_listed(
    people: Cast, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = actions.ask(people["analyst-civil"], "rules", RULE, "civil")
    real = jobs._tell

    def dies(*args: Any) -> None:
        real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "BEAT", 0)
        patch.setattr(jobs, "_tell", dies)
        with pytest.raises(KeyboardInterrupt):
            jobs.run_pending(lake)
    stored = set(Alert.objects.values_list("uid", flat=True))
    assert stored
    Job.objects.update(beat=timezone.now() - jobs.DEAD - timedelta(seconds=1))
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert (job.state, job.hits) == ("done", 12)
    assert stored < set(job.keys) == set(Alert.objects.values_list("uid", flat=True))


def test_a_stopped_job_ends_and_says_so(people: Cast, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
    monkeypatch.setattr(jobs, "_total", lambda *_: actions.stop(people["analyst-tax"], job) and 6)
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert job.state == "stopped"
    assert list(Entry.objects.order_by("seq").values_list("action", flat=True)) == [
        "hunting.retro-ask", "hunting.retro-stop", "hunting.retro-end",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_the_workers_errand_runs_it_in_a_thread_of_its_own(people: Cast, lake: Lake, tmp_path: Path) -> None:
    centre = centre_at(tmp_path / "made")
    ((_name, seconds, run),) = jobs.JOBS
    job = actions.ask(people["analyst-tax"], "rules", RULE, "civil")
    run(centre)
    jobs.background.wait(30)
    job.refresh_from_db()
    assert (job.state, job.hits) == ("done", 6)
    assert seconds < 60


def test_too_much_is_said(people: Cast, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retro, "MOST", 1)
    job = actions.ask(people["analyst-civil"], "rules", RULE, "civil")
    jobs.run_pending(lake)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "more than 1 alerts" in job.error
