"""Files that cannot be read or moved keep nothing else waiting, and are told."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from workermade import ndjson, process

from kulla.centre.folder import Centre
from kulla.centre.worker import leaving, stuck
from kulla.centre.worker.intake import Intake
from kulla.centre.worker.models import Health, Kind, SourceFile, State
from kulla.errors import OutputError

pytestmark = pytest.mark.django_db

Work = Callable[..., None]
CYRILLIC = "ж" * 120 + ".json"
BYTES = os.fsdecode(bytes([0xE6]) * 80)


def below(folder: Path) -> list[str]:
    return sorted(os.fsdecode(os.fsencode(each.name)) for each in folder.rglob("*") if each.is_file())


@pytest.mark.parametrize("name", [CYRILLIC, BYTES, "x" * 255])
def test_names_are_as_long_as_the_system_lets_them_be(centre: Centre, work: Work, name: str) -> None:
    path = centre.inbox / "tax" / name
    for at in (0, 0, 1):  # new; the same bytes again; another file of this name on the same day
        path.write_bytes(ndjson([process(at)]))
        work()
        assert not path.exists()
    assert len(below(centre.inbox / ".done")) == 3
    path.write_bytes(bytes(range(256)))
    work()
    assert name in below(centre.rejects / "tax")
    assert SourceFile.objects.filter(state=State.REJECTED).exists()
    assert not Health.objects.filter(kind=Kind.STUCK).exists()


def test_a_file_s_name_may_become_a_folder_s_on_the_same_day(centre: Centre, work: Work) -> None:
    logs = centre.inbox / "tax" / "logs"
    logs.write_bytes(ndjson([process(0)]))
    work()
    logs.mkdir()
    (logs / "x").write_bytes(ndjson([process(1)]))
    (logs / "y").mkdir()
    (logs / "y" / "z").write_bytes(ndjson([process(2)]))
    work()
    assert below(centre.inbox / ".done") == ["logs", "x", "z"]
    assert not Health.objects.filter(kind=Kind.STUCK).exists()


def test_a_file_that_cannot_be_moved_stays_and_the_others_are_read(
    centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = leaving.moved

    def fails(path: Path, *arguments: str) -> Path:
        if path.name == "a.json":
            raise OutputError("a.json: cannot be moved") from OSError(errno.EACCES, "no")
        return moved(path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(leaving, "moved", fails)
    for at, name in enumerate("ab"):
        (centre.inbox / "tax" / f"{name}.json").write_bytes(ndjson([process(at)]))
    work()
    assert below(centre.inbox / "tax") == ["a.json"]
    assert SourceFile.objects.filter(state=State.DONE).count() == 2
    told = Health.objects.get(kind=Kind.STUCK, until=None)
    assert "a.json: cannot be moved; read, but it stays: move it away by hand" in told.text
    monkeypatch.setattr(leaving, "moved", moved)
    work()
    assert below(centre.inbox / "tax") == []
    assert not Health.objects.filter(kind=Kind.STUCK, until=None).exists()


def test_a_full_disk_ends_the_round(centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Path:
        raise OutputError("cannot be moved") from OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(leaving, "moved", full)
    (centre.inbox / "tax" / "a.json").write_bytes(ndjson([process(0)]))
    with pytest.raises(OutputError, match="cannot be moved"):
        work()


def test_a_file_that_may_not_be_opened_is_told_and_keeps_nobody_busy(
    centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may open every file whatever its mode, so the refusal is made here."""
    path = centre.inbox / "tax" / "a.json"
    path.write_bytes(ndjson([process(0)]))
    opened = os.open

    def refuses(name: str, *arguments: int, **more: int) -> int:
        if str(name).endswith("tax/a.json"):
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return opened(name, *arguments, **more)

    tried = [0]
    asked = Intake._claim

    def counted(self: Intake, *arguments: object) -> SourceFile | None:
        tried[0] += 1
        return asked(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Intake, "_claim", counted)
    with monkeypatch.context() as patch:
        patch.setattr("kulla.events.sources.os.open", refuses)
        (centre.inbox / "tax" / "b.json").write_bytes(ndjson([process(1)]))
        work()
    assert tried == [2], "not tried again while the other file was read"
    assert SourceFile.objects.get().name == "b.json"
    told = Health.objects.get(kind=Kind.STUCK, until=None)
    assert told.text.startswith("a.json: ")
    assert "let the centre's user read it" in told.text
    work()
    assert SourceFile.objects.count() == 2
    assert not Health.objects.filter(kind=Kind.STUCK, until=None).exists()


def test_it_is_tried_again_after_a_while_and_over_when_it_is_gone(
    centre: Centre, people: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kulla.centre.people.models import Constituent
    from kulla.centre.worker.inbox import Inbox

    tax = Constituent.objects.get(name="tax")
    (centre.inbox / "tax" / "a.json").write_text("a")
    waiting = Inbox(centre.inbox, 0).waiting("tax")
    some = stuck.Stuck()
    some.tell(tax, waiting[0], "no")
    assert some.others(tax, waiting) == []
    monkeypatch.setattr(stuck, "AGAIN", 0.0)
    assert some.others(tax, waiting) == waiting
    some.others(tax, [])
    assert not Health.objects.filter(until=None).exists()


def test_a_useless_file_that_is_still_written_is_not_moved(
    centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = centre.inbox / "tax" / "x.json"
    path.write_bytes(b"\x00\x01\x02\x03")
    refuse = Intake._refuse

    def meanwhile(self: Intake, *arguments: object) -> None:
        if path.stat().st_size == 4:
            path.write_bytes(ndjson([process(0)]))
        refuse(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Intake, "_refuse", meanwhile)
    work()
    assert not centre.rejects.joinpath("tax").exists()
    assert Health.objects.get(kind=Kind.CHANGED).text.startswith("x.json: changed while it was read")
    assert SourceFile.objects.get(state=State.DONE).events == 1


def test_a_file_that_vanishes_after_it_was_claimed_ends_nothing(
    centre: Centre, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at, name in enumerate("ab"):
        (centre.inbox / "tax" / f"{name}.json").write_bytes(ndjson([process(at)]))
    allowed = Intake._allowed

    def meanwhile(self: Intake, *arguments: object) -> object:
        (centre.inbox / "tax" / "a.json").unlink(missing_ok=True)
        return allowed(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Intake, "_allowed", meanwhile)
    work()
    assert SourceFile.objects.get(state=State.DONE).name == "b.json"
