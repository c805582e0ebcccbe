"""Registers on screen: what is told of accounts, and to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import median

import pyarrow.parquet as pq
import pytest
from centrecast import Cast, person
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.test import Client
from guarded import Guarded
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.alerts.models import Alert
from kulla.centre.guard import actions, registers
from kulla.centre.people.models import User

pytestmark = pytest.mark.django_db
Enter = Callable[[str], Client]


def _officer(guarded: Guarded, name: str = "officer-taxes", role: str = "officer") -> User:
    return person(name, (role, "civil", guarded.payroll))


def test_who_sees_which_register(guarded: Guarded, people: Cast) -> None:
    assert [each.name for each in registers.held(people["analyst-civil"])] == ["payroll"]
    owner = _officer(guarded, "owner-taxes", "owner")
    assert [each.name for each in registers.held(owner)] == ["payroll"]
    for who in ("owner-tax", "analyst-military", "auditor-civil", "nobody"):
        assert registers.held(people[who]) == [], who
        with pytest.raises(Http404):
            registers.one(people[who], "payroll")


def test_counts_are_those_of_the_reads(guarded: Guarded, people: Cast) -> None:
    found = registers.one(people["analyst-civil"], "payroll")
    reads = pq.read_table(found.path / "reads", columns=["account"]).column("account").to_pylist()
    wanted = Counter(registers.pseudonym("payroll", name) for name in reads)
    told = registers.accounts(found)
    assert {each.pseudonym: each.reads for each in told} == dict(wanted)
    assert all(sum(each.days.values()) == each.reads for each in told)
    assert registers.accounts(found) == told  # kept beside, and read again


def test_pages_name_no_account(guarded: Guarded, enter: Enter) -> None:
    client = enter("analyst-civil")
    found = registers.one(User.objects.get(username="analyst-civil"), "payroll")
    names = set(pq.read_table(found.path / "reads", columns=["account"]).column("account").to_pylist())
    first = registers.accounts(found)[0]
    for address in ("/guard/", "/guard/register/payroll/", f"/guard/register/payroll/account/{first.pseudonym}"):
        page = client.get(address)
        assert page.status_code == 200
        for name in names:
            assert name not in page.content.decode(), address


def test_a_reveal_takes_two_and_is_told_to_them(guarded: Guarded, people: Cast) -> None:
    found = registers.one(people["officer-civil"], "payroll")
    name = registers.summary(found)["account"][0].as_py()
    with pytest.raises(PermissionDenied):
        actions.ask_reveal(people["analyst-civil"], found, registers.pseudonym("payroll", name), "case 7")
    with pytest.raises(ValidationError):
        actions.ask_reveal(people["officer-civil"], found, "A-NOBODY", "case 7")
    row = actions.ask_reveal(people["officer-civil"], found, registers.pseudonym("payroll", name), "case 7")
    assert actions.told(people["officer-civil"], row, found) is None
    with pytest.raises(ValidationError, match="two people"):
        actions.agree_reveal(people["officer-civil"], row)
    row = actions.agree_reveal(people["director-civil"], row)
    assert actions.told(people["officer-civil"], row, found) == name
    assert actions.told(people["director-civil"], row, found) == name
    assert actions.told(people["analyst-civil"], row, found) is None
    row.refresh_from_db()
    assert name not in str(vars(row))


def test_nobody_opens_their_own_account(guarded: Guarded, people: Cast, enter: Enter) -> None:
    found = registers.one(people["officer-civil"], "payroll")
    name = registers.summary(found)["account"][0].as_py()
    User.objects.filter(username="officer-civil").update(register_account=name.upper())
    address = f"/guard/register/payroll/account/{registers.pseudonym('payroll', name)}"
    people["officer-civil"].refresh_from_db()
    assert enter("officer-civil").get(address).status_code == 404
    assert enter("director-civil").get(address).status_code == 200


def test_findings_about_administrators_are_not_the_owners(guarded: Guarded, people: Cast) -> None:
    from kulla.centre.guard.views import findings

    owner = _officer(guarded, "owner-taxes", "owner")
    for uid, admins in (("staff", False), ("dba", True)):
        Alert.objects.create(uid=uid, title=uid, kind="insider", register="payroll", zone="civil", group=uid,
                             constituent=guarded.payroll, admins_only=admins)  # fmt: skip
    found = registers.one(owner, "payroll")
    assert {row.uid for row in findings(owner, found)} == {"staff"}
    assert {row.uid for row in findings(people["analyst-civil"], found)} == {"staff", "dba"}
    Alert.objects.filter(uid="staff").update(tlp="RED")
    assert not findings(owner, found).exists()


@given(st.lists(st.integers(0, 5).map(float), max_size=12), st.data())
def test_peers_are_the_median_of_the_others(medians: list[float], data: st.DataObject) -> None:
    """Against the obvious way: everybody else's, gathered anew."""
    own = data.draw(st.integers(0, len(medians))) if medians else 0
    mine = medians[own] if own < len(medians) else 0.0
    others = [value for at, value in enumerate(medians) if at != own and value]
    ranked = sorted(filter(None, medians))
    assert registers._peers(ranked, mine) == (median(others) if others else 0.0)


def test_a_summary_of_one_register_leaves_anothers(guarded: Guarded, people: Cast) -> None:
    found = registers.one(people["analyst-civil"], "payroll")
    registers.summary(found)
    kept = next((guarded.centre.state / "guard").glob("payroll-????????????????.parquet"))
    other = kept.with_name(f"payroll-b-{'0' * 16}.parquet")
    other.write_bytes(b"")
    kept.unlink()
    registers.summary(found)
    assert other.exists()
    other.unlink()
