"""Evidence: taken in once, opened with a reason, and whatever is touched is found."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kulla.centre.cases import actions as cases
from kulla.centre.cases.actions import holds
from kulla.centre.cases.models import Case
from kulla.centre.evidence import actions, chain, upkeep
from kulla.centre.evidence.models import Custody, Item
from kulla.centre.folder import Centre
from kulla.centre.people import door
from kulla.centre.vault.custody import read_anchor, verify_all
from kulla.errors import OutputError

pytestmark = pytest.mark.django_db
FIELDS = {"source": "police", "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3", "tool": "dd 9"}
CONTENT = b"name;id\nAgron Hoxha;J12345678K\n" * 1000


@pytest.fixture
def case(people: Cast, here: Centre) -> Case:
    return cases.open_case(people["officer-civil"], "Leak", "civil", people.places["tax"])


@pytest.fixture
def item(people: Cast, case: Case) -> Item:
    return actions.take_in(people["officer-civil"], case, r"C:\tmp\list.csv", [CONTENT], FIELDS)[0]


def test_an_item_is_taken_in_once(people: Cast, case: Case, item: Item) -> None:
    assert (item.name, item.size) == ("list.csv", len(CONTENT))
    again, new = actions.take_in(people["officer-civil"], case, "copy.csv", [CONTENT], FIELDS)
    assert (again.pk, new) == (item.pk, False)
    assert [row.kind for row in item.custody.all()] == ["intake"]
    assert chain.problems(item) == ()


def test_an_intake_tells_everything(people: Cast, case: Case) -> None:
    for name in actions.FIELDS:
        with pytest.raises(ValidationError, match=name):
            actions.take_in(people["officer-civil"], case, "x", [b"x"], {**FIELDS, name: " "})
    assert not Item.objects.exists()


def test_content_comes_back_and_the_chain_tells_who_opened_it(people: Cast, item: Item) -> None:
    officer = people["officer-civil"]
    with pytest.raises(ValidationError):
        actions.content(officer, item, "")
    assert b"".join(actions.content(officer, item, "read for the trace")) == CONTENT
    assert [event.kind for event in chain.events(item)] == ["intake", "viewed"]
    with pytest.raises(PermissionDenied):
        actions.content(people["analyst-civil"], item, "curious")


def test_nothing_of_the_content_lies_in_the_clear(here: Centre, item: Item) -> None:
    for path in here.path.rglob("*"):
        if path.is_file():
            assert b"Agron" not in path.read_bytes(), path.name


@pytest.mark.parametrize("change", ["kind", "reason", "gone", "swapped"])
def test_a_touched_chain_is_found(people: Cast, item: Item, change: str) -> None:
    officer = people["officer-civil"]
    list(actions.content(officer, item, "first"))
    list(actions.content(officer, item, "second"))
    rows = list(item.custody.order_by("seq"))
    if change == "gone":
        rows[1].delete()
    elif change == "swapped":
        Custody.objects.filter(pk=rows[1].pk).update(line=rows[2].line)
    else:
        old, new = {"kind": ("viewed", "sealed"), "reason": ("first", "fiRst")}[change]
        Custody.objects.filter(pk=rows[1].pk).update(line=rows[1].line.replace(old, new))
    assert chain.problems(item)


def test_disposal_takes_a_witness_and_no_hold(people: Cast, case: Case, item: Item, here: Centre) -> None:
    officer = people["officer-civil"]
    details = {"legal_basis": "order 8", "method": "erased", "witness": "director-civil"}
    with pytest.raises(ValidationError, match="second person"):
        actions.hand_on(officer, item, "disposed", "end", {**details, "witness": officer.username})
    hold = holds.place_hold(officer, case, "order 9")
    with pytest.raises(ValidationError, match="legal hold"):
        actions.hand_on(officer, item, "disposed", "end", details)
    holds.ask_to_lift(officer, hold, "done")
    holds.lift(people["director-civil"], hold)
    actions.hand_on(officer, item, "disposed", "end", details)
    item.refresh_from_db()
    assert item.disposed
    assert not actions.store().holds(item.address)
    assert chain.problems(item) == ()


def test_what_an_event_must_tell(people: Cast, item: Item) -> None:
    with pytest.raises(ValidationError, match="recipient"):
        actions.hand_on(people["officer-civil"], item, "transferred", "to the lab", {})


def test_an_altered_byte_of_the_store_is_found(people: Cast, item: Item, here: Centre) -> None:
    files = [path for path in here.evidence.rglob("*") if path.is_file() and path.stat().st_size > 1000]
    assert files
    path: Path = max(files, key=lambda each: each.stat().st_size)
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(body)
    assert [flaw.address for flaw in actions.store().verify([item.address])] == [item.address]


def test_who_sees_items(people: Cast, item: Item) -> None:
    for who, sees in (("officer-civil", True), ("director-civil", True), ("analyst-civil", False),
                      ("officer-military", False), ("auditor-civil", False)):  # fmt: skip
        assert door.visible(people[who], Item.objects.all()).exists() is sees, who


def test_pages_from_intake_to_download(people: Cast, case: Case, enter: Callable[[str], Client]) -> None:
    client = enter("officer-civil")
    file = SimpleUploadedFile("leak.csv", CONTENT)
    answer = client.post(f"/evidence/case/{case.number}", {**FIELDS, "file": file}, follow=True)
    item = Item.objects.get()
    assert item.sha256 in answer.content.decode()
    assert "whole, every signature holds" in client.get(f"/evidence/item/{item.number}/").content.decode()
    got = client.post(f"/evidence/item/{item.number}/content", {"reason": "trace"})
    assert b"".join(got.streaming_content) == CONTENT  # type: ignore[attr-defined]
    assert "leak.csv" in got["Content-Disposition"]
    request = client.get(f"/evidence/item/{item.number}/request.tsq")
    assert b"".join(request.streaming_content) == bytes(item.request)  # type: ignore[attr-defined]
    taken = enter("analyst-civil").post(
        f"/evidence/case/{case.number}", {**FIELDS, "file": SimpleUploadedFile("b", b"b")}
    )
    assert taken.status_code == 302
    assert enter("analyst-civil").get(taken["Location"]).status_code == 200
    assert enter("analyst-civil").get(f"/evidence/item/{item.number}/").status_code == 404


def test_heads_of_custody_find_a_chain_that_was_cut(people: Cast, item: Item, here: Centre, tmp_path: Path) -> None:
    list(actions.content(people["officer-civil"], item, "read"))
    assert upkeep.anchor([tmp_path]) == 1
    anchor = read_anchor((tmp_path / upkeep.HEADS).read_bytes().splitlines()[0])
    publics = [here.keys.signing().public_key(), here.keys.audit().public_key()]
    assert verify_all({item.number: chain.events(item)}, publics, [anchor]) == ()
    item.custody.get(seq=2).delete()
    assert chain.problems(item) == ()  # without an anchor a shorter chain is whole
    assert verify_all({item.number: chain.events(item)}, publics, [anchor])
    with pytest.raises(OutputError, match="nowhere"):
        upkeep.anchor([tmp_path / "nowhere"])


def test_what_was_disposed_of_during_a_backup_goes_afterwards(people: Cast, item: Item) -> None:
    Item.objects.update(disposed=timezone.now())
    assert actions.store().holds(item.address)
    assert upkeep.finish_disposals() == 1
    assert not actions.store().holds(item.address)
    assert upkeep.finish_disposals() == 0


def test_what_was_disposed_of_can_be_taken_in_again(people: Cast, case: Case, item: Item) -> None:
    officer = people["officer-civil"]
    actions.hand_on(officer, item, "disposed", "end",
                    {"legal_basis": "order 8", "method": "erased", "witness": "director-civil"})  # fmt: skip
    again, new = actions.take_in(officer, case, "list.csv", [CONTENT], FIELDS)
    assert new
    assert upkeep.finish_disposals() == 0
    assert b"".join(actions.content(officer, again, "read")) == CONTENT


def test_a_hold_placed_meanwhile_stops_a_disposal(people: Cast, case: Case, item: Item) -> None:
    """The page was read before the hold: what counts is the database on the act's turn."""
    stale = Item.objects.select_related("case").get(pk=item.pk)
    holds.place_hold(people["officer-civil"], case, "order 9")
    details = {"legal_basis": "order 8", "method": "erased", "witness": "director-civil"}
    with pytest.raises(ValidationError, match="legal hold"):
        actions.hand_on(people["officer-civil"], stale, "disposed", "end", details)
    assert actions.store().holds(item.address)


def test_a_line_that_is_no_event_any_more_is_shown_as_such(item: Item, enter: Callable[[str], Client]) -> None:
    Custody.objects.filter(item=item).update(line="{")
    page = enter("officer-civil").get(f"/evidence/item/{item.number}/")
    assert page.status_code == 200
    assert "does not hold" in page.content.decode()


def test_what_a_broken_export_left_is_swept(here: Centre) -> None:
    old, new = here.state / "kulla-export-old", here.state / "kulla-export-new"
    for path in (old, new):
        path.mkdir()
        (path / "x.tar").write_bytes(CONTENT)
    os.utime(old, (0, 0))
    assert upkeep.sweep_exports() == 1
    assert not old.exists()
    assert new.exists()
