"""Evidence, traces and registers through the API: what is told of them, and what takes a person on the console."""

from __future__ import annotations

import hashlib

import pytest
from apicaller import Caller
from centrecast import Cast
from centreworld import World
from django.core.files.uploadedfile import SimpleUploadedFile

from kulla.centre.alerts.models import Alert
from kulla.centre.cases import actions
from kulla.centre.cases.models import Case
from kulla.centre.evidence.models import Custody, Item
from kulla.centre.folder import Centre
from kulla.centre.guard.models import Trace
from kulla.centre.guard.registers import one

pytestmark = pytest.mark.django_db
FIELDS = {"source": "police", "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3"}
CONTENT = b"name;id\n" * 1000


@pytest.fixture
def case(people: Cast, here: Centre) -> Case:
    alert = Alert.objects.create(uid="tax1", title="t", zone="civil", constituent=people.places["tax"], group="g")
    return actions.open_case(people["officer-civil"], "Leak", "civil", people.places["tax"], alerts=[alert])


def _file() -> SimpleUploadedFile:
    return SimpleUploadedFile("list.csv", CONTENT)


def test_a_file_from_intake_to_its_custody(people: Cast, case: Case) -> None:
    officer = Caller(people["officer-civil"], "evidence", "write")
    at = f"/cases/{case.number}/evidence"
    made = officer.send(at, file=_file(), **FIELDS)
    assert (made.status_code, made.json()["sha256"]) == (201, hashlib.sha256(CONTENT).hexdigest())
    number = made.json()["number"]
    assert officer.send(at, file=_file(), **FIELDS).json()["number"] == number
    assert officer.send(at, file=_file(), **{**FIELDS, "legal_basis": " "}).status_code == 422
    assert officer.send(at, **FIELDS).status_code == 422
    assert Item.objects.count() == 1
    custody = officer.get(f"/evidence/{number}/custody").json()
    assert (custody["whole"], [each["kind"] for each in custody["events"]]) == (True, ["intake"])
    receipt = officer.get(f"/evidence/{number}/receipt").json()
    assert (receipt["device"], receipt["taken_by"], len(receipt["fingerprint"]) > 20) == (
        "USB 3",
        "officer-civil",
        True,
    )
    assert officer.get(f"/evidence?case={case.number}").json()["count"] == 1
    assert officer.get(f"/evidence?sha256={'0' * 64}").json()["count"] == 0
    Custody.objects.update(line="{")
    touched = officer.get(f"/evidence/{number}/custody").json()
    assert (touched["whole"], touched["events"], len(touched["problems"])) == (False, [], 1)


def test_who_brings_what_is_there_already_is_not_told_of_it(people: Cast, case: Case) -> None:
    """An analyst sees no items, and learns nothing of another's by having the same content."""
    officer = Caller(people["officer-civil"], "alerts", "evidence", "write")
    analyst = Caller(people["analyst-civil"], "alerts", "evidence", "write")
    at = f"/cases/{case.number}/evidence"
    officer.send(at, file=_file(), **{**FIELDS, "source": "an informant"})
    officer.post(f"{at}/alerts", alerts=["tax1"], legal_basis="secret order")
    for answer in (
        analyst.send(at, file=_file(), **FIELDS),
        analyst.post(f"{at}/alerts", alerts=["tax1"], legal_basis="order 7"),
    ):
        assert answer.status_code == 409
        assert answer.json()["detail"] == "it is an item of this case already, which you do not see"


def test_an_alert_is_kept(people: Cast, case: Case) -> None:
    officer = Caller(people["officer-civil"], "alerts", "evidence", "write")
    at = f"/cases/{case.number}/evidence/alerts"
    made = officer.post(at, alerts=["tax1"], legal_basis="order 7")
    assert (made.status_code, made.json()[0]["name"]) == (201, "alert-tax1.jsonl")
    assert officer.post(at, alerts=["tax1"], legal_basis="order 7").json() == made.json()
    Alert.objects.create(uid="navy1", title="n", zone="military", constituent=people.places["navy"], group="n")
    for wrong in (["navy1"], ["nothing"], ["tax1", "nothing"]):
        assert officer.post(at, alerts=wrong, legal_basis="order 7").status_code == 422, wrong
    blind = Caller(people["officer-civil"], "evidence", "write")
    assert blind.post(at, alerts=["tax1"], legal_basis="order 7").status_code == 403
    assert Item.objects.count() == 1


def test_who_reaches_evidence(people: Cast, case: Case) -> None:
    at = f"/cases/{case.number}/evidence"
    analyst = Caller(people["analyst-civil"], "evidence", "write")  # takes in, and sees no items
    number = analyst.send(at, file=_file(), **FIELDS).json()["number"]
    told = {part: analyst.get(f"/evidence/{number}{part}").status_code for part in ("", "/custody", "/receipt")}
    assert told == {"": 404, "/custody": 404, "/receipt": 200}
    for who, status in (("officer-military", 404), ("nobody", 404), ("liaison-civil", 403)):
        caller = Caller(people[who], "evidence", "write")
        assert caller.send(at, file=_file(), **FIELDS).status_code == status, who
        assert caller.get(f"/evidence/{number}/receipt").status_code == 404, who
    assert Caller(people["officer-civil"], "evidence").send(at, file=_file(), **FIELDS).status_code == 403
    assert Item.objects.count() == 1


def test_a_trace_is_asked_for_and_waits_for_a_second_person(filled: World) -> None:
    member = Caller(filled.member, "traces", "write")
    made = member.post("/traces", item=filled.made["item"].number, registers=["payroll"], purpose="find it")
    assert (made.status_code, made.json()["state"], made.json()["second"]) == (201, "asked", None)
    assert Trace.objects.get(uid=made.json()["uid"]).asked_by == filled.member
    assert member.post(
        "/traces", item=filled.made["item"].number, registers=["civil"], purpose="find it"
    ).status_code == 422  # not a register here  # fmt: skip
    done = member.get(f"/traces/{filled.made['trace'].uid}").json()
    assert (done["state"], done["reports"]) == ("done", [filled.made["trace"].reports.get().number])
    assert member.get("/traces?state=done").json()["count"] == 1
    for who in ("neighbour", "foreigner", "nobody"):
        other = Caller(filled.who[who], "traces", "write")
        assert other.get("/traces").json()["count"] == 0, who
        assert other.get(f"/traces/{filled.made['trace'].uid}").status_code == 404, who
        asked = other.post("/traces", item=filled.made["item"].number, registers=["payroll"], purpose="find it")
        assert asked.status_code == 404, who
    assert Caller(filled.member, "evidence").get("/traces").status_code == 403


def test_registers_and_findings_under_pseudonyms(filled: World) -> None:
    member = Caller(filled.member, "registers")
    assert member.get("/registers/payroll").json()["reads"] > 0
    health = member.get("/registers/payroll/health").json()
    assert health["accounts"] > 0
    assert 0 <= health["unsealed"] <= 1
    register = one(filled.member, "payroll")
    common = {"kind": "insider", "zone": "civil", "constituent": register.constituent, "register": "payroll"}
    for uid, account, admins, tlp in (
        ("i1", "P-1", False, "AMBER"),
        ("i2", "P-2", True, "AMBER"),
        ("i3", "me", False, "AMBER"),
    ):
        Alert.objects.create(uid=uid, title=uid, group=uid, account=account, admins_only=admins, tlp=tlp, **common)
    filled.member.register_account = "ME"
    filled.member.save()
    told = Caller(filled.member, "registers").get("/registers/payroll/findings").json()["items"]
    assert {row["account"] for row in told} == {"P-1", "P-2"}  # never about oneself
    for who in ("neighbour", "foreigner", "nobody"):
        for part in ("", "/health", "/findings"):
            assert Caller(filled.who[who], "registers").get(f"/registers/payroll{part}").status_code == 404, who
