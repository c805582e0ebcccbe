"""Playbooks as a centre edits them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from kulla.centre.cases.actions.playbooks import drop_playbook, save_playbook
from kulla.centre.cases.models import Playbook
from kulla.centre.cases.playbooks import every, load, names
from kulla.centre.cases.viewsplaybooks import _shipped

pytestmark = pytest.mark.django_db


def test_ours_stands_over_the_shipped_until_it_is_taken_away(people: Cast) -> None:
    officer, text = people["officer-civil"], _shipped("phishing").replace("version = 1", "version = 7", 1)
    save_playbook(officer, text)
    assert load("phishing").version == 7
    drop_playbook(officer, "phishing")
    assert load("phishing").version == 1
    with pytest.raises(ValidationError):
        drop_playbook(officer, "phishing")


def test_one_that_cannot_be_read_any_more_is_left_out(people: Cast) -> None:
    Playbook.objects.create(name="phishing", text="schema = 99", changed_by=people["officer-civil"])
    assert load("phishing").version == 1
    assert len(names()) == len(every()) == 4


def test_faults_are_told_with_their_lines(people: Cast) -> None:
    with pytest.raises(ValidationError) as fault:
        save_playbook(people["officer-civil"], "schema = 1\nid = 7\n")
    assert any(":2" in each for each in fault.value.messages), fault.value.messages
    with pytest.raises(PermissionDenied):
        save_playbook(people["analyst-civil"], "")


def test_the_pages(enter: Callable[[str], Client]) -> None:
    client = enter("officer-civil")
    assert "Web shell" in client.get("/cases/playbooks/").content.decode()
    page = client.get("/cases/playbooks/phishing")
    assert "[[task]]" in page.content.decode()
    broken = client.post("/cases/playbooks/phishing", {"text": "schema = 1\nid = 'mine'"})
    assert "Not saved" in broken.content.decode()
    assert "mine" in broken.content.decode()
    assert client.post("/cases/playbooks/phishing", {"text": _shipped("phishing")}).status_code == 302
    assert "this centre" in client.get("/cases/playbooks/").content.decode()
    assert client.get("/cases/playbooks/none").status_code == 404
    assert enter("analyst-civil").get("/cases/playbooks/phishing").status_code == 404
