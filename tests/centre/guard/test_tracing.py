"""A leak from upload to its report, on a small country: two people, the owner's key, and nothing left behind."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from centrecast import Cast
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from guarded import Guarded

from kulla.centre.cases.models import Case
from kulla.centre.evidence.actions import take_in
from kulla.centre.evidence.chain import events
from kulla.centre.evidence.models import Item
from kulla.centre.guard import actions, tracing
from kulla.centre.guard.models import State, Trace

pytestmark = pytest.mark.django_db
FIELDS = {"source": "police", "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3", "tool": "dd 9"}


def _item(people: Cast, guarded: Guarded, leak: Path) -> Item:
    from kulla.centre.cases.actions import open_case

    officer = people["officer-civil"]
    case = open_case(officer, "Leak", "civil", guarded.payroll)
    return take_in(officer, case, leak.name, [leak.read_bytes()], FIELDS)[0]


def test_a_trace_takes_two_people(people: Cast, guarded: Guarded, leak: Path) -> None:
    officer = people["officer-civil"]
    item = _item(people, guarded, leak)
    with pytest.raises(ValidationError, match="purpose"):
        actions.ask_trace(officer, item, ["payroll"], " ", "en")
    with pytest.raises(ValidationError, match="registers"):
        actions.ask_trace(officer, item, ["civil"], "find the source", "en")
    row = actions.ask_trace(officer, item, ["payroll"], "find the source", "en")
    with pytest.raises(ValidationError, match="two people"):
        actions.agree_trace(officer, row)
    tracing.run(row.pk, {})
    row.refresh_from_db()
    assert row.state == State.ASKED


def test_from_asking_to_the_report(
    people: Cast, guarded: Guarded, leak: Path, enter: Callable[[str], Client]
) -> None:  # fmt: skip
    item = _item(people, guarded, leak)
    row = actions.ask_trace(people["officer-civil"], item, ["payroll"], "find the source", "en")
    actions.agree_trace(people["director-civil"], row)
    tracing.run(row.pk, {"payroll": guarded.office.owner_key.read_bytes()})
    row.refresh_from_db()
    assert row.state == State.DONE, row.said
    assert "payroll" in row.outcome
    assert {name.rpartition("-")[2] for name in row.reports.values_list("name", flat=True)} == {
        "trace.json", "trace.html", "trace.pdf",
    }  # fmt: skip
    assert row.case.entrys.filter(ref=f"trace:{row.pk}").exists()
    client = enter("officer-civil")
    assert [event.kind for event in events(item)] == ["intake", "viewed"]
    assert "Read the report" in client.get(f"/guard/leaks/{row.uid}/").content.decode()
    report = client.get(f"/guard/leaks/{row.uid}/report")
    assert report.status_code == 200
    assert "sandbox" in report["Content-Security-Policy"]
    assert not list(tracing.MEMORY.glob("kulla-trace-*"))
    Item.objects.filter(name__endswith=".html").update(disposed=timezone.now())
    assert client.get(f"/guard/leaks/{row.uid}/report").status_code == 404


def test_a_wrong_key_is_a_failed_trace_that_says_why(people: Cast, guarded: Guarded, leak: Path) -> None:
    row = actions.ask_trace(people["officer-civil"], _item(people, guarded, leak), ["payroll"], "find", "en")
    actions.agree_trace(people["director-civil"], row)
    tracing.run(row.pk, {"payroll": b"no key"})
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert "key" in row.said
    assert not row.reports.exists()
    assert not list(tracing.MEMORY.glob("kulla-trace-*"))


def test_a_trace_that_was_cut_off_says_so(people: Cast, guarded: Guarded, leak: Path) -> None:
    row = actions.ask_trace(people["officer-civil"], _item(people, guarded, leak), ["payroll"], "find", "en")
    Trace.objects.filter(pk=row.pk).update(state=State.RUNNING)
    gone, mine = (tracing.MEMORY / f"{tracing._prefix()}{pid}-x" for pid in (4_194_305, os.getpid()))
    for room in (gone, mine):
        room.mkdir()
        (room / "leak.csv").write_text("Agron")
    try:
        assert tracing.interrupted() == 1
        assert not gone.exists()
        assert mine.exists()  # its process lives
    finally:
        shutil.rmtree(mine)
    row.refresh_from_db()
    assert row.state == State.FAILED


def test_a_trace_whose_asker_was_closed_meanwhile_ends(people: Cast, guarded: Guarded, leak: Path) -> None:
    officer = people["officer-civil"]
    row = actions.ask_trace(officer, _item(people, guarded, leak), ["payroll"], "find", "en")
    actions.agree_trace(people["director-civil"], row)
    officer.is_active = False
    officer.save()
    tracing.run(row.pk, {"payroll": guarded.office.owner_key.read_bytes()})
    row.refresh_from_db()
    assert row.state == State.FAILED
    assert "PermissionDenied" in row.said


def test_an_upload_needs_a_case_or_a_zone(people: Cast, guarded: Guarded, enter: Callable[[str], Client]) -> None:
    page = enter("officer-civil").post("/guard/leaks/upload", {**FIELDS, "file": SimpleUploadedFile("x", b"x")})
    assert page.status_code == 200
    assert "Choose a case" in page.content.decode()
    assert not Case.objects.exists()


def test_an_upload_opens_a_case_in_one_step(
    people: Cast, guarded: Guarded, leak: Path, enter: Callable[[str], Client]
) -> None:  # fmt: skip
    client = enter("officer-civil")
    with leak.open("rb") as file:
        answer = client.post("/guard/leaks/upload", {**FIELDS, "zone": "civil", "file": file})
    assert answer.status_code == 302
    assert Case.objects.get().rsit.endswith("data-leak")
    page = client.get(answer["Location"])
    assert Item.objects.get().number in page.content.decode()
    given = {"item": Item.objects.get().number, "registers": "payroll", "purpose": "find the source", "language": "sq"}
    assert client.post("/guard/leaks/new", given)["Location"] == f"/guard/leaks/{Trace.objects.get().uid}/"
    assert enter("officer-military").get(f"/guard/leaks/{Trace.objects.get().uid}/").status_code == 404
    assert "Agree and run" in enter("director-civil").get(f"/guard/leaks/{Trace.objects.get().uid}/").content.decode()
