"""The work on a case through the API: tasks, holds, duties. Each is the console's own act, behind the same door."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from apicaller import Caller
from centrecast import Cast
from django.utils import timezone

from kulla.centre.audit.models import Entry
from kulla.centre.cases import actions
from kulla.centre.cases.models import Case, Hold, Task
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(people: Cast) -> Case:
    return actions.open_case(people["officer-civil"], "Leak", "civil", people.places["tax"])


@pytest.fixture
def officer(people: Cast) -> Caller:
    return Caller(people["officer-civil"], "cases", "write")


def test_a_task_from_its_adding_to_its_end(people: Cast, case: Case, officer: Caller) -> None:
    at = f"/cases/{case.number}/tasks"
    made = officer.post(at, title="call", due="2026-03-01T10:00:00Z")
    assert (made.status_code, made.json()["version"]) == (201, 1)
    task = f"{at}/{made.json()['uid']}"
    edited = officer.patch(task, version=1, title="call them", role="officer", assignee="analyst-civil").json()
    told = {name: edited[name] for name in ("title", "role", "assignee", "due", "version")}
    assert told == {"title": "call them", "role": "officer", "assignee": "analyst-civil",
                    "due": "2026-03-01T10:00:00Z", "version": 2}  # fmt: skip
    assert officer.patch(task, version=1, title="mine").status_code == 409
    cleared = officer.patch(task, version=2, due=None, assignee=None).json()
    assert (cleared["due"], cleared["assignee"], cleared["title"]) == (None, None, "call them")
    assert officer.post(task, act="assign", to="director-civil").json()["assignee"] == "director-civil"
    assert officer.post(task, act="done").json()["done_by"] == "officer-civil"
    assert officer.post(task, act="reopen").json()["done"] is None
    assert officer.post(task, act="skip").status_code == 422
    assert officer.post(task, act="skip", why="nobody there").json()["skipped"] == "nobody there"
    assert officer.get(at).json()["count"] == 1
    assert officer.post(f"/cases/{case.number}/playbook", name="ransomware-wiper").json()["added"] > 5
    assert officer.post(f"/cases/{case.number}/playbook", name="nothing").status_code == 422


def test_who_is_a_user_is_not_told(people: Cast, case: Case, officer: Caller) -> None:
    task = actions.add_task(people["officer-civil"], case, "call")
    at = f"/cases/{case.number}/tasks/{task.uid}"
    answers = [officer.post(at, act="assign", to=who) for who in ("analyst-military", "no-such-person")]
    assert [each.status_code for each in answers] == [422, 422]
    assert answers[0].json() == answers[1].json()
    edits = [officer.patch(at, version=1, assignee=who) for who in ("analyst-military", "no-such-person")]
    assert edits[0].json() == edits[1].json() == answers[0].json()


def test_a_task_of_a_case_for_named_people_is_theirs_alone(people: Cast, officer: Caller) -> None:
    """Whoever is not named sees no TLP:RED case, and is given no task of it."""
    red = actions.open_case(people["officer-civil"], "Mole", "civil", marks=Marks("RED", "RED"))
    task = actions.add_task(people["officer-civil"], red, "call")
    at = f"/cases/{red.number}/tasks/{task.uid}"
    assert officer.post(at, act="assign", to="analyst-civil").status_code == 422
    assert officer.patch(at, version=1, assignee="analyst-civil").status_code == 422
    red.members.add(people["analyst-civil"])
    assert officer.post(at, act="assign", to="analyst-civil").status_code == 200


def test_a_hold_takes_two_to_lift(people: Cast, case: Case, officer: Caller) -> None:
    at = f"/cases/{case.number}/holds"
    assert officer.post(at, reason="order 7", query='"').status_code == 422
    assert officer.post(at, reason="order 7", since="0001-01-01T00:00:00Z").status_code == 422
    made = officer.post(at, reason="order 7", query="host:dc01", since="2026-03-01T10:00:00Z")
    assert (made.status_code, made.json()["placed_by"], made.json()["lifted"]) == (201, "officer-civil", None)
    hold = f"{at}/{made.json()['uid']}"
    assert officer.post(hold, act="agree").status_code == 422
    assert officer.post(hold, act="ask", why="").status_code == 422
    assert officer.post(hold, act="ask", why="over").json()["lift_asked_by"] == "officer-civil"
    assert officer.post(hold, act="agree").status_code == 422
    lifted = Caller(people["director-civil"], "cases", "write").post(hold, act="agree")
    assert lifted.json()["lifted_by"] == "director-civil"
    assert [row["query"] for row in officer.get(at).json()["items"]] == ["host:dc01"]


def test_duties_and_the_clocks_that_follow(people: Cast, case: Case, officer: Caller) -> None:
    at = f"/cases/{case.number}/bearers"
    made = officer.post(at, kind="entity", name="Tax office", jurisdiction="eu")
    assert made.status_code == 201
    assert officer.post(at, kind="entity", name="Tax office", jurisdiction="eu").json() == made.json()
    assert officer.post(at, kind="entity", name="Tax office", jurisdiction="xx").status_code == 422
    decisions = f"{at}/{made.json()['uid']}/decisions"
    now = timezone.now()
    told = {"verb": "aware", "subject": "nis2", "at": now.isoformat(), "reason": "the owner called"}
    assert officer.post(decisions, **told).json()["person"] == "officer-civil"
    assert officer.post(decisions, **{**told, "subject": "nothing"}).status_code == 422
    assert officer.post(decisions, **{**told, "at": (now + timedelta(days=1)).isoformat()}).status_code == 422
    assert officer.post(decisions, **{**told, "at": "0001-01-01T00:00:00Z"}).status_code == 422
    assert officer.get(decisions).json()["count"] == 1
    assert officer.get(at).json()["count"] == 1
    assert "running" in {each["state"] for each in officer.get(f"/cases/{case.number}/clocks").json()}


def test_the_same_door_as_the_pages(people: Cast, case: Case, officer: Caller) -> None:
    """Without the verb 403, without sight 404, without the scope 403; and nothing was done."""
    task = actions.add_task(people["officer-civil"], case, "call")
    hold = officer.post(f"/cases/{case.number}/holds", reason="order 7").json()["uid"]
    posts = {
        f"/cases/{case.number}/tasks": {"title": "x"}, f"/cases/{case.number}/tasks/{task.uid}": {"act": "done"},
        f"/cases/{case.number}/holds": {"reason": "x"},
        f"/cases/{case.number}/holds/{hold}": {"act": "ask", "why": "x"},
        f"/cases/{case.number}/bearers": {"kind": "entity", "name": "x", "jurisdiction": "eu"},
        f"/cases/{case.number}/playbook": {"name": "ransomware-wiper"},
    }  # fmt: skip
    before = Entry.objects.exclude(action="people.token").count()
    for who, scopes, status in (("officer-military", ("cases", "write"), 404), ("nobody", ("cases", "write"), 404),
                                ("liaison-civil", ("cases", "write"), 403), ("officer-civil", ("cases",), 403),
                                ("officer-civil", ("evidence", "write"), 403)):  # fmt: skip
        caller = Caller(people[who], *scopes)
        for address, given in posts.items():
            assert caller.post(address, **given).status_code == status, (who, scopes, address)
        assert caller.patch(f"/cases/{case.number}/tasks/{task.uid}", version=1, title="x").status_code == status
    assert Entry.objects.exclude(action="people.token").count() == before
    analyst = Caller(people["analyst-civil"], "cases", "write")  # works on cases, and holds nothing
    assert analyst.post(f"/cases/{case.number}/holds", reason="x").status_code == 403
    assert analyst.post(f"/cases/{case.number}/tasks/{uuid4()}", act="done").status_code == 404
    assert (Task.objects.get().done, Hold.objects.get().lift_asked) == (None, None)


def test_a_task_of_another_case_is_not_reached_through_this_one(people: Cast, case: Case, officer: Caller) -> None:
    other = actions.open_case(people["director-civil"], "Red", "civil", people.places["tax"], marks=Marks("RED", "RED"))
    task = actions.add_task(people["director-civil"], other, "secret")
    assert officer.post(f"/cases/{case.number}/tasks/{task.uid}", act="done").status_code == 404
    assert officer.get(f"/cases/{other.number}/tasks").status_code == 404
    near = actions.open_case(people["officer-civil"], "Near", "civil", people.places["tax"])
    seen = actions.add_task(people["officer-civil"], near, "call")
    assert officer.post(f"/cases/{case.number}/tasks/{seen.uid}", act="done").status_code == 404
    assert officer.post(f"/cases/{near.number}/tasks/{seen.uid}", act="done").status_code == 200
