"""Errands, and what they tell."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from centrecast import Cast
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from lakes import files, table

from kulla.centre.audit.anchors import NAME, read_heads
from kulla.centre.audit.chain import record
from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import Centre
from kulla.centre.running.pulse import beat
from kulla.centre.worker import health, leaving, watching
from kulla.centre.worker.errands import Errand, Errands, of_apps, stopped
from kulla.centre.worker.models import AGAIN, Health, Kind, SourceFile
from kulla.centre.worker.ways import KEYS, Ways, ways
from kulla.centre.worker.work import _before
from kulla.errors import ConfigError, InputError, OutputError
from kulla.lake import Lake

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[3] / "docs" / "run-a-centre.md"


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


def test_a_fault_that_names_a_place_is_told_in_its_own_zone(centre: Centre, people: Cast) -> None:
    def fails(_: Centre) -> None:
        raise InputError("lake/zone=military/constituent=navy/day=2026-01-01/a.parquet: cannot be read")

    Errands(centre, []).once(Errand("retention", 1, fails))
    told = dict(Health.objects.values_list("zone", "text"))
    assert "navy" in told["military"]
    assert not [zone for zone in ("civil", "joint") if "navy" in told[zone] or "military" in told[zone]]
    assert told["civil"].endswith("see what kulla run says")


def test_what_breaks_because_it_was_told_to_end_is_no_fault(centre: Centre, people: Cast) -> None:
    """The lake is closed under an errand that did not end in time."""
    errands = Errands(centre, [])

    def cut(_: Centre) -> None:
        errands.stop()
        raise RuntimeError("cannot schedule new futures after shutdown")

    assert not errands.once(Errand("lake read whole", 1, cut))
    assert not Health.objects.exists()


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


def test_a_failed_errand_is_not_remembered_and_runs_again_after_a_start(centre: Centre) -> None:
    def fails(_: Centre) -> None:
        raise InputError("no")

    bad, good = Errand("bad", 86_400, fails), Errand("good", 86_400, lambda _: None, long=True)
    Errands(centre, [bad]).once(bad)
    both = Errands(centre, [bad, good])
    for each in both.errands:
        both.once(each)
    assert set(json.loads((centre.state / "errands.json").read_text())) == {"good"}


def test_threads_do_not_forget_each_other_s_errands(centre: Centre) -> None:
    one, two = Errand("one", 86_400, lambda _: None), Errand("two", 86_400, lambda _: None)
    first, second = Errands(centre, [one]), Errands(centre, [two])
    first.once(one)
    second.once(two)
    assert set(json.loads((centre.state / "errands.json").read_text())) == {"one", "two"}


def test_a_state_that_cannot_be_written_is_told_and_ends_no_thread(centre: Centre) -> None:
    (centre.state / "errands.new").mkdir()
    nightly = Errand("nightly", 86_400, lambda _: None)
    assert not Errands(centre, [nightly]).once(nightly)
    assert "make room for it" in Health.objects.filter(kind=Kind.JOB)[0].text
    (centre.state / "worker.json.new").mkdir()
    with pytest.raises(OutputError, match=r"worker\.json: cannot be written"):
        beat(centre.state, "reading")


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_a_database_that_does_not_answer_ends_no_thread(centre: Centre, fault: type[Exception]) -> None:
    def fails(_: Centre) -> None:
        raise fault("gone")

    closed: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kulla.centre.worker.errands.connection.close", lambda: closed.append(1))
        assert not Errands(centre, []).once(Errand("odd", 1, fails))
    assert closed == [1]


def test_faults_of_the_lake_are_told_until_they_are_mended(centre: Centre) -> None:
    with Lake(centre.lake) as lake:
        lake.append(table([{"raw": "a"}], "tax"), "aa" * 32, 0)
        (path,) = files(centre.lake)
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
        watching.Checking(lake, deep=False)(centre)
        assert not Health.objects.filter(kind=Kind.LAKE).exists()
        watching.Checking(lake, deep=True)(centre)
        told = Health.objects.filter(kind=Kind.LAKE, until=None)
        assert {row.zone for row in told} == {"civil", "military", "joint"}
        assert {row.text for row in told} == {
            f"1 faults in the lake; run `kulla lake check {centre.path} --deep`: it names each, and what to do"
        }
        watching.Checking(lake, deep=False)(centre)
        assert told.exists(), "names and sizes say nothing of bytes"
        path.rename(path.with_suffix(".away"))
        watching.Checking(lake, deep=True)(centre)
        assert {row.key for row in told.all()} == {"shallow"}, "one fault, told once"
        path.write_bytes(whole)
        watching.Checking(lake, deep=False)(centre)
        assert not told.all().exists()


def test_the_lake_is_read_whole_as_often_as_told(centre: Centre) -> None:
    with Lake(centre.lake) as lake:
        every = {each.name: each for each in watching.own(lake, Ways(deep_days=2))}
        assert (every["lake read whole"].seconds, every["lake check"].seconds) == (172_800, 86_400)
        assert {name for name, each in every.items() if each.long} == {
            "lake read whole", "lake check", "lake upkeep", "retention",
        }  # fmt: skip
        assert "lake read whole" not in {each.name for each in watching.own(lake, Ways(deep_days=0))}


def test_that_the_worker_ended_again_and_again_is_over_when_it_lives(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    health.wrong(Kind.STOPPED, "the worker ended 3 times in a row", key=AGAIN)
    beat(centre.state, "reading")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    _before(centre)
    told = Health.objects.filter(kind=Kind.STOPPED)
    assert {row.key for row in told} == {AGAIN}, "not each fall of many"
    living = watching.Living()
    living(centre)
    assert told.filter(until=None).exists()
    monkeypatch.setattr(watching, "LIVES", -1.0)
    living(centre)
    assert not told.filter(until=None).exists()
    beat(centre.state, "reading")
    monkeypatch.setattr(os, "getpid", lambda: 2)
    _before(centre)
    assert told.filter(key="").count() == 3


def test_errands_that_take_long_hold_up_no_stop(centre: Centre) -> None:
    go = threading.Event()
    threads = [Errands(centre, []) for _ in range(3)]
    for each in threads:
        each._thread = threading.Thread(target=go.wait, args=(60.0,), daemon=True)
        each._thread.start()
    begun = time.monotonic()
    stopped(threads, 0.3)
    assert time.monotonic() - begun < 5
    assert all(each._over.is_set() for each in threads)
    go.set()


def test_told_to_stop_it_leaves_no_sign_to_wonder_at_before_it_waits_for_anything(
    centre: Centre, work: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it waits, it would else be taken for one that died."""
    left: list[bool] = []
    close = Lake.close

    def closing(lake: Lake) -> None:
        left.append((centre.state / "worker.json").exists())
        close(lake)

    def interrupted(*_: object) -> None:
        assert (centre.state / "worker.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(Lake, "close", closing)
    monkeypatch.setattr("kulla.centre.worker.work.Work._loop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert left == [False]


@pytest.mark.parametrize("key", KEYS)
def test_every_option_is_in_the_docs(key: str) -> None:
    table = DOCS.read_text("utf-8").partition("[worker]\n")[2].partition("```")[0]
    assert f"\n{key} = " in f"\n{table}"


def test_what_cannot_be_deleted_or_put_aside_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="2026-01-01: cannot be deleted"):
        leaving.erased(tmp_path / "2026-01-01")
    source, away = tmp_path / "a.log", tmp_path / "away"
    source.write_text("a")
    monkeypatch.setattr(os, "rename", _elsewhere)
    monkeypatch.setattr(os, "fsync", _full)
    with pytest.raises(OutputError, match="cannot be"):
        leaving.moved(source, away, "a.log", "0" * 64)
    assert source.exists()
    assert list(away.iterdir()) == []
    with pytest.raises(OutputError, match="cannot be written"):
        leaving.aside(source, away, "a.log", "a.log", "0" * 64, "why")
    assert not list(away.glob("*.reason.json")), "no reason half written"


def _elsewhere(*_: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")


def _full(_: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


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
    assert Health.objects.filter(kind=Kind.DISK)[0].text.count("GiB are free") == 1, "one disk, told once"
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
