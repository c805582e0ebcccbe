"""Errands, and what they tell."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest
from centrecast import Cast
from django.utils import timezone

from kulla.centre.audit.anchors import NAME, read_heads
from kulla.centre.audit.chain import record
from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import Centre
from kulla.centre.worker import watching
from kulla.centre.worker.errands import Errand, Errands, of_apps
from kulla.centre.worker.models import Health, Kind, SourceFile
from kulla.centre.worker.ways import ways
from kulla.errors import ConfigError, InputError

pytestmark = pytest.mark.django_db


def test_one_errand_s_failure_is_told_and_does_not_end_the_others(centre: Centre) -> None:
    done: list[str] = []

    def fails(_: Centre) -> None:
        raise InputError("the mailbox does not answer")

    def breaks(_: Centre) -> None:
        raise RuntimeError("a value nobody should read")

    errands = Errands(centre, [Errand("mail", 1, fails), Errand("odd", 1, breaks)])
    assert [errands.once(each) for each in errands.errands] == [False, False]
    texts = set(Health.objects.filter(zone="civil").values_list("text", flat=True))
    assert texts == {"mail: the mailbox does not answer", "odd: failed (RuntimeError)"}
    assert errands.once(Errand("mail", 1, lambda _: done.append("x")))
    assert done == ["x"]
    assert set(Health.objects.filter(zone="civil", until=None).values_list("key", flat=True)) == {"odd"}


def test_a_rare_errand_remembers_when_it_last_ran(centre: Centre) -> None:
    nightly = Errand("nightly", 86_400, lambda _: None)
    often = Errand("often", 30, lambda _: None)
    first = Errands(centre, [nightly, often])
    for each in first.errands:
        first.once(each)
    told = json.loads((centre.state / "errands.json").read_text())
    assert set(told) == {"nightly"}
    (centre.state / "errands.json").write_text("{broken")
    assert Errands(centre, [nightly])._read() == {}


def test_apps_errands_are_callable() -> None:
    for each in of_apps():
        assert callable(each.run)
        assert each.seconds > 0


def test_silence_is_told_per_constituent_and_ends_with_an_event(centre: Centre, people: Cast) -> None:
    now, tax = timezone.now(), people.places["tax"]
    row = SourceFile.objects.create(
        zone="civil",
        constituent=tax,
        sha256="0" * 64,
        name="a",
        state="done",
        events=5,
        ended=now - timedelta(hours=30),
    )
    watching.silent(centre)
    silent = Health.objects.filter(kind=Kind.SILENT, until=None)
    assert {each.constituent.name for each in silent if each.constituent} == {"tax", "health", "navy", "border"}
    assert "no event since" in silent.get(constituent=tax).text
    row.ended = now
    row.save()
    watching.silent(centre)
    assert not silent.filter(constituent=tax).exists()


def test_heads_are_signed_here_and_elsewhere(centre: Centre, people: Cast, tmp_path: Path) -> None:
    record(people["analyst-civil"], "test.act", "x")
    away = tmp_path / "away"
    away.mkdir()
    told = centre.rewritten(CentreToml("Qendra", "kulla.example.al", id=centre.told.id, anchors=(str(away),)))
    watching.heads(told)
    key = centre.keys.audit().public_key()
    assert read_heads(away / NAME, key) == read_heads(centre.state / NAME, key)


def test_the_inbox_s_strangers_and_the_disk(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    told = centre.rewritten(
        CentreToml("Q", "q.example.al", id=centre.told.id, more={"worker": {"quiet": 0, "backlog_hours": 0}})
    )
    (centre.inbox / "stranger").mkdir()
    (centre.inbox / "stranger" / "a.log").write_text("a")
    (centre.inbox / "tax" / "a.log").write_text("a")
    watching.backlog(told)
    assert "no constituent of this name" in Health.objects.filter(kind=Kind.FOLDER)[0].text
    assert Health.objects.get(kind=Kind.BACKLOG).constituent is not None
    os.remove(centre.inbox / "stranger" / "a.log")
    watching.backlog(told)
    assert not Health.objects.filter(kind=Kind.FOLDER, until=None).exists()
    full = told.rewritten(CentreToml("Q", "q.example.al", id=centre.told.id, more={"worker": {"disk_free": 1.0}}))
    watching.disk(full)
    assert Health.objects.filter(kind=Kind.DISK, until=None).count() == 3
    watching.disk(
        centre.rewritten(CentreToml("Q", "q.example.al", id=centre.told.id, more={"worker": {"disk_free": 0}}))
    )
    assert not Health.objects.filter(kind=Kind.DISK, until=None).exists()


@pytest.mark.parametrize(
    "table", [{"quiett": 1}, {"quiet": "soon"}, {"jobs": -1}, {"done": "burn"}, {"tlp": "PINK"}, {"level": "dire"}]
)
def test_a_wrong_way_is_told(table: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"\[worker\]"):
        ways(CentreToml("Q", "q.example.al", more={"worker": table}))


def test_tlp_by_constituent() -> None:
    found = ways(CentreToml("Q", "q.example.al", more={"worker": {"tlp": {"": "GREEN", "navy": "RED"}}}))
    assert (found.tlp_of("navy"), found.tlp_of("tax"), ways(CentreToml("Q", "q")).tlp_of("tax")) == (
        "RED", "GREEN", "AMBER",
    )  # fmt: skip
