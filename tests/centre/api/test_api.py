"""The API: what a token may reach, and that it answers as its description says, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from apicaller import Caller
from centrecast import Cast
from centreworld import World
from django.core import signals
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as profile
from pytest_django.fixtures import Settings

from kulla.centre.alerts.models import Alert
from kulla.centre.audit.models import Entry
from kulla.centre.cases.actions import add_observable, open_case
from kulla.centre.cases.models import Case
from kulla.centre.folder import Centre
from kulla.centre.people.models import Token, User
from kulla.centre.site.wsgi import application
from kulla.share.marks import Marks

pytestmark = pytest.mark.django_db


@pytest.fixture
def alerts(people: Cast, here: Centre) -> None:
    for name, place in people.places.items():
        Alert.objects.create(uid=name, title=name, zone=place.zone, constituent=place, group=name)


def test_without_a_token_nothing_answers(people: Cast, alerts: None) -> None:
    session = Client()
    session.force_login(people["everything"], backend="django.contrib.auth.backends.ModelBackend")
    for client in (Client(), session, Client(headers={"Authorization": "Bearer kulla_wrong"})):
        answer = client.get("/api/alerts")
        assert answer.status_code == 401
        assert "detail" in answer.json()


def test_an_expired_token_and_a_closed_user_are_nobody(people: Cast, alerts: None) -> None:
    caller = Caller(people["analyst-civil"], "alerts")
    assert caller.get("/alerts").status_code == 200
    User.objects.filter(username="analyst-civil").update(is_active=False)
    assert caller.get("/alerts").status_code == 401
    User.objects.filter(username="analyst-civil").update(is_active=True)
    Token.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert caller.get("/alerts").status_code == 401


def test_a_token_sees_what_its_user_sees(people: Cast, alerts: None) -> None:
    seen = {"analyst-civil": {"tax", "health"}, "analyst-tax": {"tax"}, "analyst-military": {"navy"}, "nobody": set()}
    for who, uids in seen.items():
        caller = Caller(people[who], "alerts")
        body = caller.get("/alerts").json()
        assert ({row["uid"] for row in body["items"]}, body["count"]) == (uids, len(uids)), who
        for uid in ("tax", "navy"):
            assert caller.get(f"/alerts/{uid}").status_code == (200 if uid in uids else 404), (who, uid)


def test_scopes_bound_what_the_user_may(people: Cast, alerts: None) -> None:
    reader = Caller(people["analyst-civil"], "alerts")
    assert reader.get("/cases").status_code == 403
    assert reader.post("/alerts", act="acknowledge", alerts=["tax"]).status_code == 403
    writer = Caller(people["analyst-civil"], "alerts", "write")
    assert writer.post("/alerts", act="acknowledge", alerts=["tax", "navy"]).json() == {"changed": 1, "kept": 0}
    assert Alert.objects.get(uid="navy").status == "new"
    assert writer.post("/alerts", act="close", alerts=["tax"]).status_code == 422


def test_a_case_through_the_api(people: Cast, alerts: None) -> None:
    caller = Caller(people["officer-civil"], "alerts", "cases", "write")
    made = caller.post("/cases", title="Leak", zone="civil", constituent="tax", alerts=["tax", "navy"], tlp="RED")
    assert made.status_code == 201, made.content
    number = made.json()["number"]
    assert made.json()["marks"]["tlp"] == "RED"
    assert caller.post(f"/cases/{number}/timeline", text="seen", at="2026-03-01T10:00:00Z").status_code == 201
    assert caller.post(f"/cases/{number}/timeline", text="seen", at="2026-03-01T10:00:00").status_code == 422
    assert caller.post(f"/cases/{number}/observables", value="evil[.]example").json()["kind"] == "domain"
    lines = caller.get(f"/cases/{number}/timeline").json()
    assert lines["count"] == 2
    assert {each["uid"] for each in lines["items"]} == {str(each.uid) for each in Case.objects.get().entrys.all()}
    assert not any("id" in each for each in lines["items"])
    assert caller.get(f"/cases/{number}/clocks").json() == []
    assert Caller(people["director-civil"], "cases").get(f"/cases/{number}").status_code == 404  # TLP:RED
    assert caller.post("/cases", title="x", zone="military").status_code == 403
    assert caller.post("/cases", title="x", zone="civil", constituent="navy").status_code == 422


def test_reading_a_strict_case_is_kept_in_the_audit(people: Cast, alerts: None) -> None:
    case = open_case(people["officer-civil"], "case", "civil", people.places["tax"], marks=Marks("RED", "RED"))
    caller = Caller(people["officer-civil"], "cases")
    for part in ("", "/timeline", "/observables", "/clocks"):
        assert caller.get(f"/cases/{case.number}{part}").status_code == 200
    read = Entry.objects.filter(action="cases.read", actor="officer-civil")
    assert [row.detail for row in read] == [{"through": "api"}] * 4


def test_a_case_takes_no_alerts_by_a_token_without_their_scope(people: Cast, alerts: None) -> None:
    caller = Caller(people["officer-civil"], "cases", "write")
    assert caller.post("/cases", title="x", zone="civil", alerts=["tax"]).status_code == 403
    assert Alert.objects.get(uid="tax").case is None
    assert caller.post("/cases", title="x", zone="civil").status_code == 201


def test_an_observable_for_few_eyes_is_not_given_back(people: Cast, alerts: None) -> None:
    case = open_case(people["officer-civil"], "case", "civil", people.places["tax"])
    add_observable(people["officer-civil"], case, "evil.example", note="from the ally")
    case.observables.update(tlp="RED")
    answer = Caller(people["director-civil"], "cases", "write").post(
        f"/cases/{case.number}/observables", value="evil.example"
    )
    assert answer.status_code == 404
    assert "ally" not in answer.content.decode()


@pytest.mark.parametrize(
    ("at", "status"),
    [("1228-09-26T20:10:52+20:40", 201), ("0001-01-01T00:00:00+02:00", 422), ("9999-12-31T23:59:00-02:00", 422)],
)
def test_times_at_the_edges(people: Cast, alerts: None, at: str, status: int) -> None:
    case = open_case(people["officer-civil"], "case", "civil", people.places["tax"])
    caller = Caller(people["officer-civil"], "alerts", "cases", "write")
    assert caller.post(f"/cases/{case.number}/timeline", text="x", at=at).status_code == status
    listed = caller.get(f"/alerts?{urlencode({'since': at})}")
    assert listed.status_code == (200 if status == 201 else 422), listed.content


def test_a_page_is_bounded(people: Cast, alerts: None) -> None:
    caller = Caller(people["everything"], "alerts", "cases", "evidence")
    for address in ("/alerts", "/cases", "/evidence"):
        assert caller.get(f"{address}?offset={2**63}").status_code == 422, address
        assert caller.get(f"{address}?limit=501").status_code == 422, address


def test_the_situation_and_the_registers(people: Cast, alerts: None) -> None:
    told = Caller(people["director-civil"], "situation", "registers").get("/situation").json()
    assert told["open_alerts"]["civil"]["informational"] + told["open_alerts"]["civil"]["low"] == 0
    assert told["backlog"] == 2
    assert Caller(people["director-civil"], "registers").get("/registers").json() == []
    assert Caller(people["liaison-civil"], "registers").get("/registers").status_code == 403


def test_what_was_sent_is_not_told_back(people: Cast, alerts: None) -> None:
    answer = Caller(people["officer-civil"], "cases", "write").post("/cases", title="x", zone="J12345678K")
    assert answer.status_code == 422
    assert "J12345678K" not in answer.content.decode()


@pytest.fixture
def kept_open() -> Iterator[None]:
    """The test's own connection stays open at the ends of requests, as Django's client sees to."""
    ends = (signals.request_started, signals.request_finished)
    for each in ends:
        each.disconnect(close_old_connections)
    yield
    for each in ends:
        each.connect(close_old_connections)


def test_it_answers_as_it_says(filled: World, settings: Settings, kept_open: None) -> None:
    """Schemathesis sends what fits the description and what does not, to what is there and what is not: no 5xx, no
    answer that is not described."""
    settings.ALLOWED_HOSTS = ["localhost"]
    token = filled.made["tokens"]["teammate"]
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    checks = [
        schemathesis.checks.not_a_server_error,
        schemathesis.checks.status_code_conformance,
        schemathesis.checks.content_type_conformance,
        schemathesis.checks.response_schema_conformance,
    ]
    told: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        told[f"{operation.method.upper()} {operation.path}"] = _tried(
            operation, token, checks, _there(filled, operation.path), {"item": filled.made["item"].number}
        )
    assert len(told) > 35
    # Every operation was reached, and not only told that there is nothing: 409 and 422 come from behind the door.
    assert [label for label, codes in told.items() if not codes & {200, 201, 409, 422}] == []
    assert [label for label, codes in told.items() if label.startswith("GET") and 200 not in codes] == []


def _tried(
    operation: Any, token: str, checks: list[Any], there: dict[str, str], body: dict[str, str]
) -> set[int]:  # fmt: skip
    """Every status that an operation answered with, asked for `there`, and with what it has of `body`, half of the
    time."""
    told: set[int] = set()

    @profile(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy(), known=strategies.booleans())
    def answers(case: Any, known: bool) -> None:
        if known and there:
            case.path_parameters = dict(there)
        if known and isinstance(case.body, dict):
            case.body = {name: body.get(name, value) for name, value in case.body.items()}
        response = case.call(headers={"Authorization": f"Bearer {token}"})
        told.add(response.status_code)
        case.validate_response(response, checks=checks)

    answers()
    return told


def _there(world: World, path: str) -> dict[str, str]:
    """Path parameters that lead to something."""
    made = world.made
    kinds = {"/cases/": "case", "/evidence/": "item"}
    parts = {"/tasks/": "task", "/bearers/": "bearer", "/holds/": "hold", "/traces/": "trace", "/alerts/": "alert"}
    found: dict[str, str] = {}
    if "{number}" in path:
        found["number"] = made[next(kind for start, kind in kinds.items() if path.startswith(f"/api{start}"))].number
    if "{uid}" in path:
        found["uid"] = str(made[next(kind for part, kind in parts.items() if part in path)].uid)
    if "{name}" in path:
        found["name"] = "payroll"
    return found
