"""A filter from an event: written, looked at, activated for its place alone, withdrawn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from centrealerts import incoming
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.utils import timezone

from kulla.centre.alerts import rules, tuning
from kulla.centre.alerts.filterrule import Condition
from kulla.centre.alerts.models import Alert, Tuning
from kulla.centre.alerts.upsert import upsert
from kulla.centre.audit.models import Entry
from kulla.detect.reference import holds
from kulla.detect.ruleset import load
from kulla.hunt.rulebook import read_texts

pytestmark = pytest.mark.django_db

Enter = Callable[[str], Client]
RULE = "5f4a4a4e-0000-4000-8000-000000000001"
TEXT = f"""title: Command Shell
id: {RULE}
logsource: {{product: windows, category: process_creation}}
detection:
  selection:
    Image|endswith: '\\cmd.exe'
    CommandLine|contains: whoami
  condition: selection
"""


@pytest.fixture(autouse=True)
def centre(tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A centre whose own rules hold one."""
    (tmp_path / "rules" / "own").mkdir(parents=True)
    (tmp_path / "rules" / "own" / "a.yml").write_text(TEXT, "utf-8")
    settings.CENTRE = tmp_path  # type: ignore[attr-defined]
    monkeypatch.setenv("KULLA_RULES", str(tmp_path / "rules" / "own" / "a.yml"))
    monkeypatch.setattr(rules, "_index", rules._Index())
    return tmp_path


@pytest.fixture
def alert(people: Cast) -> Alert:
    """Two harmless alerts of tax, one that matters, one too old, one elsewhere."""
    now = timezone.now()
    fields = {"Image": "C:\\Windows\\cmd.exe", "CommandLine": "cmd /c whoami", "User": "svc*backup"}
    other = {**fields, "User": "a.hoxha"}
    upsert([
        incoming("tax", RULE, window="1", fields=fields, at=now),
        incoming("tax", RULE, window="2", fields=fields, at=now),
        incoming("tax", RULE, window="3", fields=other, at=now),
        incoming("tax", RULE, window="4", fields=fields, at=now - timedelta(days=40)),
        incoming("health", RULE, window="5", fields=fields, at=now), incoming("navy", RULE, fields=fields, at=now),
    ])  # fmt: skip
    return Alert.objects.earliest("pk")


BACKUP = [Condition("User", "", "svc*backup")]


def test_from_proposal_to_withdrawal(people: Cast, alert: Alert, centre: Path) -> None:
    analyst = people["analyst-tax"]
    row = tuning.propose(analyst, alert, "Backup", "It backs up.", BACKUP)
    assert (row.preview["alerts"], row.preview["silenced"], row.preview["partly"]) == (3, 2, 0)
    assert not list(centre.rglob("filters/**/*.yml"))
    tuning.activate(analyst, row)
    path = centre / "rules" / "filters" / "civil" / "tax" / f"{row.uid}.yml"
    assert path.read_text("utf-8") == row.text
    assert path.stat().st_mode & 0o77 == 0
    assert "It backs up." in row.text
    assert "analyst-tax" in row.text
    with pytest.raises(ValidationError):
        tuning.activate(analyst, row)
    tuning.withdraw(analyst, row)
    assert not path.exists()
    acts = ["alerts.tune-propose", "alerts.tune-activate", "alerts.tune-withdraw"]
    assert list(Entry.objects.order_by("seq").values_list("action", flat=True)) == acts


def test_a_filter_silences_its_place_alone(people: Cast, alert: Alert) -> None:
    tuning.activate(people["analyst-tax"], tuning.propose(people["analyst-tax"], alert, "Backup", "r", BACKUP))
    event = {"Image": ["\\cmd.exe"], "CommandLine": ["whoami"], "User": ["svc*backup"]}
    for place, met in (("tax", False), ("health", True)):
        (rule,) = load(read_texts(rules.paths("civil", place))).rules
        assert holds(rule.tree, event) is met
        assert holds(rule.tree, {**event, "User": ["svc-x-backup"]})
    (rule,) = load(read_texts(rules.paths("military", "navy"))).rules
    assert holds(rule.tree, event)


def test_the_whole_zone_needs_the_right_over_all(people: Cast, alert: Alert) -> None:
    with pytest.raises(PermissionDenied):
        tuning.propose(people["analyst-tax"], alert, "Backup", "r", BACKUP, whole_zone=True)
    row = tuning.propose(people["analyst-civil"], alert, "Backup", "r", BACKUP, whole_zone=True)
    assert (row.preview["alerts"], row.preview["silenced"]) == (4, 3)
    tuning.activate(people["director-civil"], row)
    assert rules.paths("civil", "health") != rules.paths("military", "navy")
    with pytest.raises(PermissionDenied):
        tuning.withdraw(people["analyst-tax"], row)


@pytest.mark.parametrize("who", ["officer-civil", "liaison-civil", "analyst-military", "owner-tax", "nobody"])
def test_who_may_not_tune(people: Cast, alert: Alert, who: str) -> None:
    with pytest.raises(PermissionDenied):
        tuning.propose(people[who], alert, "Backup", "r", BACKUP)


def test_what_mattered_is_told(people: Cast, alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(status="closed", reason="true")
    row = tuning.propose(people["analyst-tax"], alert, "All shells", "r", [Condition("Image", "endswith", "cmd.exe")])
    assert (row.preview["silenced"], row.preview["true"]) == (3, 1)


@pytest.mark.parametrize(
    ("title", "reason", "conditions"),
    [("", "r", BACKUP), ("t", " ", BACKUP), ("t", "r", []), ("t", "r", [Condition("User", "re", ".*")]),
     ("t", "r", [*BACKUP, *BACKUP]), ("t", "r", [Condition("User", "contains", "")])],
)  # fmt: skip
def test_wrong_proposals(people: Cast, alert: Alert, title: str, reason: str, conditions: list[Condition]) -> None:
    with pytest.raises(ValidationError):
        tuning.propose(people["analyst-tax"], alert, title, reason, conditions)
    assert not Tuning.objects.exists()


def test_a_file_that_cannot_be_written_activates_nothing(people: Cast, alert: Alert, centre: Path) -> None:
    row = tuning.propose(people["analyst-tax"], alert, "Backup", "r", BACKUP)
    (centre / "rules" / "filters").write_text("in the way", "utf-8")
    with pytest.raises(Exception, match="cannot be written"):
        tuning.activate(people["analyst-tax"], row)
    row.refresh_from_db()
    assert row.state == "proposed"
    assert not Entry.objects.filter(action="alerts.tune-activate").exists()


def test_reconciling_makes_the_folder_what_the_centre_knows(people: Cast, alert: Alert, centre: Path) -> None:
    analyst = people["analyst-tax"]
    row = tuning.activate(analyst, tuning.propose(analyst, alert, "Backup", "r", BACKUP))
    path = tuning.path_of(row)
    path.unlink()
    stray = path.with_name("stray.yml")
    stray.write_text("x", "utf-8")
    assert tuning.reconcile() == 2
    assert path.exists()
    assert not stray.exists()
    assert tuning.reconcile() == 0


def test_on_screen(people: Cast, enter: Enter, alert: Alert) -> None:
    client = enter("analyst-tax")
    page = client.get(f"/alerts/{alert.uid}").content.decode()
    assert "<mark>\\cmd.exe</mark>" in page
    assert "<mark>whoami</mark>" in page
    form = client.get(f"/alerts/{alert.uid}/tune")
    names = [row["name"] for row in form.context["rows"]]
    number = names.index("User")
    sent = {
        "title": "t",
        "reason": "r",
        f"pick-{number}": "on",
        f"name-{number}": "User",
        f"value-{number}": "svc*backup",
    }
    answer = client.post(f"/alerts/{alert.uid}/tune", sent)
    row = Tuning.objects.get()
    assert answer["Location"] == f"/alerts/tuning/{row.uid}"
    assert row.conditions == [["User", "", "svc*backup"]]
    shown = client.get(answer["Location"]).content.decode()
    assert "of 3 alerts" in shown
    assert enter("officer-civil").post(f"/alerts/tuning/{row.uid}/activate").status_code == 404
    assert enter("analyst-military").post(f"/alerts/tuning/{row.uid}/activate").status_code == 404
    client.post(f"/alerts/tuning/{row.uid}/activate")
    row.refresh_from_db()
    assert row.state == "active"
    assert enter("officer-civil").get(f"/alerts/{alert.uid}/tune").status_code == 404
    assert enter("analyst-military").get(f"/alerts/{alert.uid}/tune").status_code == 404
