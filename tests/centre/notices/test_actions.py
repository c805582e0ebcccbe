"""From a report to a case and back; closed, joined, written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404

from kulla.centre.audit.chain import faults
from kulla.centre.audit.models import Entry as Audit
from kulla.centre.cases import actions as cases
from kulla.centre.evidence import actions as evidence
from kulla.centre.evidence.models import Item
from kulla.centre.folder import Centre
from kulla.centre.notices import actions, letters, threads
from kulla.centre.notices.models import Report, State
from kulla.centre.notices.taking import take_message, write_down
from kulla.centre.people import door
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db
Mail = Callable[..., bytes]


@pytest.fixture
def report(here: Centre, people: Cast, mail: Mail) -> Report:
    return take_message(mail("[TLP:AMBER+STRICT] leak", files={"list.csv": b"a;b\n1;2\n"}), "civil", "mail")


def test_a_case_in_one_step(people: Cast, report: Report) -> None:
    case = actions.to_case(people["analyst-civil"], report, "", people.places["tax"])
    report.refresh_from_db()
    assert (report.case, report.state, report.constituent) == (case, State.TAKEN, people.places["tax"])
    assert (case.title, case.tlp, case.originators) == ("[TLP:AMBER+STRICT] leak", "AMBER+STRICT", ["ana@tax.example"])
    entry = case.entrys.get(ref=f"report:{report.pk}")
    assert "we were robbed" in entry.text
    items = {row.name: row for row in Item.objects.filter(case=case)}
    assert set(items) == {f"{report.number}.eml", "list.csv"}
    assert b"".join(evidence.store().get(items["list.csv"].address)) == b"a;b\n1;2\n"
    assert report.number in items["list.csv"].source
    assert list(faults()) == []
    with pytest.raises(ValidationError, match="meanwhile"):
        actions.close(people["analyst-civil"], report, "spam")


def test_joining_makes_the_case_as_strict(people: Cast, report: Report) -> None:
    officer = people["officer-civil"]
    case = cases.open_case(officer, "Old", "civil", marks=Marks("GREEN"))
    actions.join(officer, report, case)
    case.refresh_from_db()
    assert case.tlp == "AMBER+STRICT"
    other = cases.open_case(people["officer-military"], "Else", "military")
    with pytest.raises(PermissionDenied):
        actions.join(officer, report, other)


def test_who_joins_a_red_report_still_sees_the_case(people: Cast, here: Centre, mail: Mail) -> None:
    plain = take_message(mail("no label"), "civil", "mail")
    for who in ("analyst-civil", "liaison-civil", "officer-civil"):
        assert door.visible(people[who], Report.objects.filter(pk=plain.pk)).exists(), who
    plain.attachments.all().delete()
    plain.delete()
    red = take_message(mail("TLP:RED source"), "civil", "mail")
    assert not door.visible(people["analyst-civil"], Report.objects.all()).exists()
    assert door.visible(people["officer-civil"], Report.objects.all()).exists()
    case = cases.open_case(people["director-civil"], "Old", "civil")
    actions.join(people["officer-civil"], red, case)
    case.refresh_from_db()
    assert case.tlp == "RED"
    for who, sees in (
        ("officer-civil", True),
        ("director-civil", True),
        ("analyst-civil", False),
        ("liaison-civil", False),
    ):
        assert door.visible(people[who], Report.objects.all()).exists() is sees, who


def test_closing_and_taking_back(people: Cast, report: Report) -> None:
    analyst = people["analyst-civil"]
    with pytest.raises(ValidationError):
        actions.close(analyst, report, "boring")
    actions.close(analyst, report, "spam")
    report.refresh_from_db()
    assert (report.state, report.why, report.handler) == (State.CLOSED, "spam", analyst)
    actions.undo(analyst, report)
    report.refresh_from_db()
    assert (report.state, report.why) == (State.NEW, "")
    with pytest.raises(ValidationError):
        actions.undo(analyst, report)


def test_taking_a_report_out_of_a_case_and_in_again(people: Cast, report: Report) -> None:
    analyst = people["analyst-civil"]
    case = actions.to_case(analyst, report, "x")
    actions.undo(analyst, report)
    assert case.entrys.get(ref=f"report:{report.pk}").withdrawn
    report.refresh_from_db()
    actions.join(analyst, report, case)
    assert case.entrys.get(ref=f"report:{report.pk}").withdrawn is None
    assert Item.objects.filter(case=case).count() == 2
    assert report.attachments.exclude(item=None).count() == 2


def test_an_answer_goes_into_the_case_and_its_marks_wait_for_a_person(people: Cast, report: Report, mail: Mail) -> None:
    case = actions.to_case(people["officer-civil"], report, "x", people.places["tax"])
    ours = threads.new_id(report.number, "c.example")
    answer = take_message(mail("Re: TLP:RED more", In_Reply_To=ours, files={"b.bin": b"2"}), "civil", "mail")
    case.refresh_from_db()
    assert (answer.case, answer.state, answer.constituent) == (case, State.NEW, people.places["tax"])
    assert case.tlp == "AMBER+STRICT"
    assert case.entrys.get(ref=f"report:{answer.pk}").tlp == "RED"
    assert not door.visible(people["analyst-civil"], Report.objects.filter(pk=answer.pk)).exists()
    actions.read(people["officer-civil"], answer)
    case.refresh_from_db()
    assert case.tlp == "RED"
    assert Item.objects.filter(case=case, name="b.bin").exists()


def test_what_came_before_the_case_follows_into_it(people: Cast, report: Report, mail: Mail) -> None:
    letter = letters.draft(people["officer-civil"], report, "receipt", "en")
    ours = threads.new_id(report.number, "c.example")
    answer = take_message(mail("Re: more", In_Reply_To=ours), "civil", "mail")
    assert answer.case is None
    case = actions.to_case(people["officer-civil"], report, "x", people.places["tax"])
    moved = Report.objects.get(pk=answer.pk)
    assert (moved.case, moved.state) == (case, State.NEW)
    assert case.entrys.filter(ref=f"report:{answer.pk}").exists()
    for row in (report.attachments.first(), answer.attachments.get(), letter):
        assert row
        assert door.visible(people["analyst-tax"], type(row).objects.filter(pk=row.pk)).exists()


def test_what_is_told_by_telephone(people: Cast, here: Centre) -> None:
    owner, analyst = people["owner-tax"], people["analyst-tax"]
    with pytest.raises(PermissionDenied):
        write_down(owner, "civil", people.places["tax"], "x", "s", "b", Marks())
    with pytest.raises(PermissionDenied):  # of one constituent alone
        write_down(analyst, "civil", None, "x", "s", "b", Marks())
    row = write_down(analyst, "civil", people.places["tax"], "Ana H.", "s", "b", Marks("RED"), [("a", [b"1", b"2"])])
    assert (row.sender, row.name, row.tlp) == ("", "Ana H.", "RED")
    assert row.attachments.get().size == 2
    assert door.visible(analyst, Report.objects.all()).exists()  # its handler sees it, though it is RED


def test_what_came_is_handed_out_as_it_came_and_told(people: Cast, report: Report, mail: Mail) -> None:
    part = report.attachments.get(whole=False)
    assert b"".join(actions.content(people["liaison-civil"], part)) == b"a;b\n1;2\n"
    assert Audit.objects.filter(action="notices.open", actor="liaison-civil").count() == 1
    with pytest.raises(PermissionDenied):
        actions.content(people["owner-civil"], part)
    with pytest.raises(Http404):
        door.one(people["analyst-tax"], Report.objects.all(), pk=report.pk)


def test_the_audit_holds_no_word_of_a_report(people: Cast, report: Report) -> None:
    actions.to_case(people["analyst-civil"], report, "x")
    told = "".join(f"{row.target} {row.detail}" for row in Audit.objects.filter(action__startswith="notices."))
    for word in ("ana@", "robbed", "list.csv", "leak"):
        assert word not in told
