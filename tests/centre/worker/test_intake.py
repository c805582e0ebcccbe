"""From the inbox to lake and alerts, undisturbed."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import workermade
from workermade import logon, ndjson, process

from kulla.centre.alerts.models import Alert
from kulla.centre.folder import Centre
from kulla.centre.worker import watching
from kulla.centre.worker.models import Correlating, Health, Kind, SourceFile, State
from kulla.lake import Lake

pytestmark = pytest.mark.django_db

Work = Callable[..., None]


def lake_of(centre: Centre) -> list[str]:
    with Lake(centre.lake) as lake:
        found = lake.search("*", frozenset({("civil", "tax"), ("civil", "health"), ("military", "navy")}))
        return [each.hex() for batch in found for each in batch["event_id"].to_pylist()]


def left(centre: Centre) -> list[str]:
    return sorted(str(each.relative_to(centre.inbox)) for each in centre.inbox.rglob("*") if each.is_file())


def test_a_file_becomes_events_and_alerts(centre: Centre, work: Work) -> None:
    (centre.inbox / "tax" / "day1").mkdir()
    (centre.inbox / "tax" / "day1" / "dc.json").write_bytes(ndjson([logon(0), logon(1, "besa"), process(2)]))
    work()
    row = SourceFile.objects.get()
    assert (row.state, row.events, row.hits, row.rejects, row.moved) == (State.DONE, 3, 3, 0, True)
    assert row.hosts == ["DC01", "FS01"]
    assert row.first == workermade.START
    assert len(lake_of(centre)) == 3
    found = Alert.objects.get(title="Shadow copies deleted")
    assert (found.kind, found.level, found.host, found.account) == ("detection", "high", "FS01", "AD\\blerim")
    assert (found.zone, found.tlp, found.originators) == ("civil", "AMBER", ["tax"])
    assert found.constituent is not None
    assert found.constituent.name == "tax"
    assert found.tags == ["attack.impact", "attack.t1490"]
    (event,) = found.detail["events"]
    assert found.evidence == [{"kind": "event", "id": event["id"]}]
    assert event["id"] in lake_of(centre)
    assert event["fields"]["CommandLine"] == "vssadmin delete shadows /all"
    assert event["file"] == "tax/day1/dc.json"
    assert "CommandLine contains 'delete shadows'" in found.explanation
    (kept,) = left(centre)
    assert kept.startswith(".done/")
    assert kept.endswith("/tax/day1/dc.json")


def test_the_same_bytes_again_change_nothing(centre: Centre, work: Work) -> None:
    for name in ("a.json", "b.json"):
        (centre.inbox / "tax" / name).write_bytes(ndjson([process(0)]))
        work()
    (centre.inbox / "tax" / "c.json").write_bytes(ndjson([process(0)]))
    (centre.inbox / "tax" / "d.json").write_bytes(ndjson([process(0)]))
    work()
    assert SourceFile.objects.get().deliveries == 4
    assert Alert.objects.get().events == 1
    assert len(lake_of(centre)) == 1
    assert len([each for each in left(centre) if each.startswith(".done/")]) == 4


def test_events_of_one_day_are_one_alert_whatever_the_files(centre: Centre, work: Work) -> None:
    (centre.inbox / "tax" / "a.json").write_bytes(ndjson([process(0), process(5)]))
    (centre.inbox / "tax" / "b.json.gz").write_bytes(gzip.compress(ndjson([process(9), process(60 * 24)]), mtime=0))
    work()
    assert sorted(Alert.objects.values_list("events", flat=True)) == [1, 3]


def test_constituents_are_kept_apart(centre: Centre, work: Work) -> None:
    for place in ("tax", "health", "navy"):
        (centre.inbox / place / "a.json").write_bytes(ndjson([process(0)]))
    work()
    assert sorted(Alert.objects.values_list("zone", "constituent__name", "events")) == [
        ("civil", "health", 1), ("civil", "tax", 1), ("military", "navy", 1),
    ]  # fmt: skip


def test_a_state_of_correlations_that_cannot_be_read_is_told_once(centre: Centre, work: Work) -> None:
    told = Health.objects.filter(kind=Kind.JOB, key="correlations", until=None)
    for minute in range(4):
        (centre.inbox / "tax" / f"{minute}.json").write_bytes(ndjson([logon(minute)]))
        work()
        assert told.count() == (minute == 2)
        if minute == 1:
            Correlating.objects.update(data=b"of another version")


def test_a_correlation_over_files_is_found_with_the_file_that_completes_it(centre: Centre, work: Work) -> None:
    for at in range(4):
        (centre.inbox / "tax" / f"{at}.json").write_bytes(ndjson([logon(at, host=f"DC0{at}")]))
    (centre.inbox / "navy" / "a.json").write_bytes(ndjson([logon(4)]))
    work()
    assert not Alert.objects.filter(title="Many failed logons").exists(), "the navy's logons are not the tax office's"
    (centre.inbox / "tax" / "5.json").write_bytes(ndjson([logon(5)]))
    work()
    found = Alert.objects.get(title="Many failed logons")
    assert (found.events, found.account, found.host) == (5, "arta", "")
    (centre.inbox / "tax" / "6.json").write_bytes(ndjson([logon(6)]))
    work()
    assert Alert.objects.get(title="Many failed logons").events == 6


def test_what_cannot_be_read_is_put_aside_with_the_reason(centre: Centre, work: Work) -> None:
    (centre.inbox / "tax" / "x.bin").write_bytes(bytes(range(256)))
    work()
    row = SourceFile.objects.get()
    assert (row.state, row.reason) == (State.REJECTED, "no known log format")
    aside = sorted(each.name for each in (centre.rejects / "tax").rglob("*") if each.is_file())
    assert aside == ["x.bin", f"x.bin.{row.sha256[:12]}.reason.json"]
    assert Health.objects.get(kind=Kind.REJECTED).zone == "civil"
    assert not left(centre)


def test_a_file_with_a_bad_line_is_read_and_kept_though_done_files_are_deleted(centre: Centre, work: Work) -> None:
    (centre.inbox / "tax" / "good.json").write_bytes(ndjson([process(0)]))
    (centre.inbox / "tax" / "bad.json").write_bytes(ndjson([process(1), process(2)]) + b"{broken\n")
    work(done="delete")
    assert [each.rpartition("/")[2] for each in left(centre)] == ["bad.json"]
    assert "1 records or parts" in Health.objects.get(kind=Kind.PARTLY).text
    assert SourceFile.objects.get(name="bad.json").problems == [
        "line 3: not JSON: cut off, damaged or another format"
    ]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_of_a_declared_register_is_quarantined(centre: Centre, work: Work, packed: bool) -> None:
    folder = centre.registers / "payroll"
    folder.mkdir()
    (folder / "manifest.toml").write_text(workermade.manifest(), "utf-8")
    name = "pg.zip" if packed else "pg.csv"
    data = workermade.zipped({"a.json": ndjson([process(0)]), "x/pg.csv": workermade.AUDIT})
    (centre.inbox / "tax" / name).write_bytes(data if packed else workermade.AUDIT)
    work()
    row = SourceFile.objects.get()
    assert (row.state, row.events) == (State.QUARANTINED, 0)
    assert "register payroll" in row.reason
    assert lake_of(centre) == []
    assert len(list((centre.rejects / "quarantine" / "tax").rglob(name))) == 1
    assert Health.objects.filter(kind=Kind.QUARANTINED).exists()


def test_what_was_kept_out_for_want_of_a_manifest_is_read_when_that_is_there(centre: Centre, work: Work) -> None:
    folder = centre.registers / "payroll"
    folder.mkdir()
    data = workermade.AUDIT.replace(b"fisc.wages", b"shop.orders")
    (centre.inbox / "tax" / "pg.csv").write_bytes(data)
    work()
    row = SourceFile.objects.get()
    assert row.state == State.QUARANTINED
    assert "manifest of the register payroll cannot be read" in row.reason
    watching.registers(centre)
    assert "1 registers" in Health.objects.filter(kind=Kind.REGISTER, until=None)[0].text
    (folder / "manifest.toml").write_text(workermade.manifest(), "utf-8")
    (centre.inbox / "tax" / "pg.csv").write_bytes(data)
    work()
    row.refresh_from_db()
    assert (row.state, row.reason, len(lake_of(centre))) == (State.DONE, "", 1)
    watching.registers(centre)
    assert not Health.objects.filter(kind=Kind.REGISTER, until=None).exists()


def test_another_database_s_log_is_read(centre: Centre, work: Work) -> None:
    folder = centre.registers / "payroll"
    folder.mkdir()
    (folder / "manifest.toml").write_text(workermade.manifest(), "utf-8")
    (centre.inbox / "tax" / "pg.csv").write_bytes(workermade.AUDIT.replace(b"fisc.wages", b"shop.orders"))
    work()
    row = SourceFile.objects.get()
    assert (row.state, row.reason) == (State.DONE, "")
    assert len(lake_of(centre)) == 1


def test_a_file_that_still_grows_is_not_lost(centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    path = centre.inbox / "tax" / "grows.json"
    path.write_bytes(ndjson([process(0)]))
    from kulla.centre.worker.storing import Store

    put = Store.put

    def meanwhile(self: Store, *arguments: object, **named: object) -> None:
        put(self, *arguments, **named)  # type: ignore[arg-type]
        if path.exists() and path.stat().st_size < 400:
            with path.open("ab") as file:
                file.write(ndjson([process(60 * 24)]))

    monkeypatch.setattr(Store, "put", meanwhile)
    work()
    assert Health.objects.filter(kind=Kind.CHANGED).exists()
    assert sorted(SourceFile.objects.values_list("events", flat=True)) == [1, 2]
    assert [Path(each).name for each in left(centre)] == ["grows.json"]
    assert left(centre)[0].startswith(".done/")


def test_many_entities_of_a_rule_share_one_alert(centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.centre.worker.storing.CROWD", 3)
    (centre.inbox / "tax" / "a.json").write_bytes(ndjson([logon(at, f"user{at}") for at in range(5)]))
    work()
    (centre.inbox / "tax" / "b.json").write_bytes(ndjson([logon(9, "user0"), logon(9, "new")]))
    work()
    found = dict(Alert.objects.values_list("account", "events"))
    assert found == {"user0": 2, "user1": 1, "user2": 1, "": 3}
