"""Drafts: prefilled, with blanks told, signed by a person, from a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from leaktraces import trace

from kulla.centre.cases import actions
from kulla.centre.cases.actions import drafts
from kulla.centre.cases.actions.duties import add_bearer, decide
from kulla.centre.cases.models import Bearer, Case, Draft
from kulla.centre.law.drafts import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def bearer(people: Cast) -> Bearer:
    officer = people["officer-civil"]
    case = actions.open_case(officer, "Leak", "civil", people.places["tax"])
    actions.write_entry(officer, case, "The list was seen on WhatsApp", key=True)
    made = add_bearer(officer, case, "entity", "Tax", "eu")
    decide(officer, made, "aware", "nis2", timezone.now(), "confirmed")
    return made


@pytest.mark.parametrize("language", ["en", "sq"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_document_is_drafted_with_its_blanks(people: Cast, bearer: Bearer, kind: str, language: str) -> None:
    row = drafts.make_draft(people["officer-civil"], bearer.case, kind, language, bearer, {"signer": "Director"})
    assert row.missing
    assert drafts.brief_of(row).detected
    with pytest.raises(ValidationError, match="Blanks"):
        drafts.sign(people["officer-civil"], row)


def test_a_trace_fills_in_what_was_lost(people: Cast, bearer: Bearer) -> None:
    officer, case = people["officer-civil"], bearer.case
    without = drafts.make_draft(officer, case, "dpa_notice", "en", bearer, {})
    row = drafts.make_draft(officer, case, "dpa_notice", "en", bearer, {}, trace().json())
    assert drafts.brief_of(row).loss
    assert len(row.missing) < len(without.missing)
    with pytest.raises(ValidationError, match=r"trace\.json"):
        drafts.make_draft(officer, case, "dpa_notice", "en", bearer, {}, b'{"a": 1}')


def test_files_are_what_they_say(people: Cast, bearer: Bearer) -> None:
    row = drafts.make_draft(
        people["officer-civil"], bearer.case, "early_warning", "en", bearer, {"facts": "one\n\ntwo"}
    )
    assert drafts.brief_of(row).facts == ("one", "two")
    made = drafts.files(row)
    assert made.pdf.startswith(b"%PDF")
    assert made.docx.startswith(b"PK")


def test_drafting_is_for_who_leads(people: Cast, bearer: Bearer) -> None:
    with pytest.raises(PermissionDenied):
        drafts.make_draft(people["analyst-civil"], bearer.case, "early_warning", "en", bearer, {})


def test_the_page_drafts_and_gives_the_file(people: Cast, bearer: Bearer, enter: Callable[[str], Client]) -> None:
    client, at = enter("officer-civil"), f"/cases/{bearer.case.number}/drafts"
    given = {"kind": "dpa_notice", "language": "en", "bearer": bearer.uid, "facts": "seen",
             "trace": SimpleUploadedFile("trace.json", trace().json())}  # fmt: skip
    page = client.post(at, given, follow=True)
    assert "blank" in page.content.decode()
    row = Draft.objects.get()
    assert client.get(f"{at}/{row.uid}.pdf").content.startswith(b"%PDF")
    assert client.get(f"{at}/{row.uid}.exe").status_code == 404
    assert "Blanks are left" in client.post(f"{at}/{row.uid}/sign", follow=True).content.decode()
    assert enter("officer-military").get(at).status_code == 404
    assert enter("analyst-civil").get(at).status_code == 404


def test_an_exercise_is_never_signed(people: Cast, bearer: Bearer) -> None:
    row = drafts.make_draft(people["officer-civil"], bearer.case, "early_warning", "en", bearer, {})
    row.missing = []
    Case.objects.update(exercise=True)
    row.case.refresh_from_db()
    with pytest.raises(ValidationError, match="exercise"):
        drafts.sign(people["officer-civil"], row)


def test_what_was_signed_stays_as_it_was(people: Cast, bearer: Bearer) -> None:
    officer = people["officer-civil"]
    row = drafts.make_draft(officer, bearer.case, "early_warning", "en", bearer, {})
    row.missing = []
    row.save()
    twin = Draft.objects.get(pk=row.pk)
    drafts.sign(officer, row)
    decide(officer, bearer, "sent", "early_warning", timezone.now(), "sent", "R-1")
    Case.objects.update(rsit="other:other", title="Another title")
    kept = Draft.objects.get(pk=row.pk)
    assert hashlib.sha256(drafts.files(kept).pdf).hexdigest() == kept.sha256
    assert drafts.files(kept).docx.startswith(b"PK")
    with pytest.raises(ValidationError, match="already"):
        drafts.sign(people["director-civil"], twin)  # read before the other signed
    assert Draft.objects.get(pk=row.pk).signed_by == officer


def test_what_is_red_by_itself_is_in_no_others_draft(
    people: Cast, bearer: Bearer, enter: Callable[[str], Client]
) -> None:  # fmt: skip
    officer, case = people["officer-civil"], bearer.case
    actions.add_observable(officer, case, "evil.example", indicator=True)
    actions.write_entry(officer, case, "for few eyes", datetime(2026, 1, 1, tzinfo=UTC), key=True)
    case.observables.update(tlp="RED")
    case.entrys.filter(text="for few eyes").update(tlp="RED")
    row = drafts.make_draft(officer, case, "early_warning", "en", bearer, {})
    brief = drafts.brief_of(row)
    assert brief.indicators == ()
    assert brief.began != datetime(2026, 1, 1, tzinfo=UTC)
    assert "few eyes" in enter("officer-civil").get(f"/cases/{case.number}/drafts").content.decode()
    assert "few eyes" not in enter("director-civil").get(f"/cases/{case.number}/drafts").content.decode()
