"""Acts that lock a row wait for the audit's turn first, so that two at once never wait for each other: on PostgreSQL,
in threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from centrecast import Cast, everywhere
from django.db import connection
from django.utils import timezone

from kulla.centre.alerts import actions as alerts
from kulla.centre.alerts.models import Alert
from kulla.centre.cases import actions as cases
from kulla.centre.cases.actions.holds import place_hold
from kulla.centre.cases.models import Case
from kulla.centre.notices import actions as notices
from kulla.centre.notices.models import Report
from kulla.centre.people.models import User
from kulla.centre.people.numbering import following

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[User, Case, Alert, Report], Any]
_HOLD: Act = lambda actor, case, alert, report: place_hold(actor, case, "order")  # noqa: E731
_PAIRS: dict[str, tuple[str, Act, Act]] = {
    "change": ("cases.actions.case", lambda actor, case, *_: cases.change(actor, case, 1, {"title": "b"}), _HOLD),
    "move": (
        "cases.actions.case", lambda actor, case, *_: cases.move(actor, case, "contained", 1),
        lambda actor, case, *_: cases.apply_playbook(actor, case, "ransomware-wiper"),
    ),
    "take alerts": ("cases.actions.case", lambda actor, case, alert, _: cases.take_alerts(actor, case, [alert]), _HOLD),
    "escalate": (
        "alerts.actions", lambda actor, case, alert, _: alerts.escalate(actor, _rows(alert), alerts.AsOf.now(), case),
        lambda actor, case, alert, _: cases.open_case(actor, "two", "civil", alerts=[alert]),
    ),
    "join a report": ("notices.actions", lambda actor, case, alert, report: notices.join(actor, report, case), _HOLD),
}  # fmt: skip


def _rows(alert: Alert) -> Any:
    return Alert.objects.filter(pk=alert.pk)


@pytest.mark.parametrize("pair", _PAIRS)
def test_two_at_once_both_come_to_stand(pair: str, people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's transactions wait when they begin")
    where, slow, other = _PAIRS[pair]
    actor = people["officer-civil"]
    case = cases.open_case(actor, "one", "civil")
    alert = Alert.objects.create(uid="a", kind="detection", title="a", group="a", zone="civil", rule_id="r")
    report = Report.objects.create(
        number="R-C-2026-00001", zone="civil", subject="s", sender="s", received=timezone.now()
    )
    module = f"kulla.centre.{where}.record"
    record = pytest.importorskip(f"kulla.centre.{where}").record

    def late(*given: Any, **more: Any) -> Any:
        time.sleep(0.6)
        return record(*given, **more)

    monkeypatch.setattr(module, late)
    wrong = _together(lambda: slow(actor, case, alert, report), lambda: other(actor, case, alert, report))
    assert wrong == []


def test_numbers_given_at_once_are_all_different(people: Cast) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("threads of a test share SQLite's one connection")
    actor = people["officer-civil"]
    found: list[str] = []

    def opened() -> None:
        found.extend(cases.open_case(actor, "one", "civil").number for _ in range(5))

    assert _together(*[opened] * 6, apart=0.0) == []
    assert sorted(found) == [f"C-{found[0][2:6]}-{n:05d}" for n in range(1, 31)]
    assert following("military", 2026).endswith("00001")


def _together(*acts: Callable[[], Any], apart: float = 0.2) -> list[str]:
    """Do all at once, each in a thread and a connection of its own; what went wrong."""
    wrong: list[str] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            with everywhere():
                act()
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            wrong.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for each in threads:
        each.start()
        time.sleep(apart)
    for each in threads:
        each.join(20)
    return wrong
