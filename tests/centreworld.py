"""One of everything that a page of the centre shows, in one constituent, and the people who may and may not see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from centrealerts import incoming
from centrecast import person
from django.utils import timezone
from lakes import table

from kulla.centre.alerts.models import Alert, SavedView, Tuning
from kulla.centre.alerts.reading import lake
from kulla.centre.alerts.upsert import upsert
from kulla.centre.cases import actions as cases
from kulla.centre.cases.actions.drafts import make_draft
from kulla.centre.cases.actions.duties import add_bearer
from kulla.centre.cases.actions.holds import place_hold
from kulla.centre.cases.models import Case, Entry, Task
from kulla.centre.crossing.models import Hit
from kulla.centre.evidence.actions import take_in
from kulla.centre.guard import actions as guard
from kulla.centre.guard.models import State, Trace
from kulla.centre.guard.registers import accounts, one
from kulla.centre.hunting import actions as hunting
from kulla.centre.hunting.models import SavedHunt
from kulla.centre.notices import letters, rota
from kulla.centre.notices.models import Attachment, Notice
from kulla.centre.notices.taking import write_down
from kulla.centre.people import actions as people
from kulla.centre.people.models import Constituent, Membership, Token, User
from kulla.centre.people.zones import Role
from kulla.centre.worker.models import Health
from kulla.share.marks import Marks

SECRET: Final = "zzyzx"
"""Stands in the text of all that is made here, and nowhere else: an answer that holds it tells of it."""
RULE: Final = "5f4a4a4e-0000-4000-8000-000000000001"
SHIPPED: Final = "50cbf7de-42c3-53cd-b145-4e7b5c35c845"
"""A rule of the folders: one that is not in them cannot be tuned."""
ADDRESS: Final = "198.51.100.7"
PASSWORD: Final = "correct horse battery"
_INTAKE: Final = {"source": SECRET, "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3", "tool": "dd 9"}
_PLACE: Final = ("analyst", "officer", "director", "owner", "liaison")


@dataclass
class World:
    """`who`: member (all roles of the work over `place`), teammate (every role over the zone), neighbour (as the
    member, of another constituent), foreigner (every role, of another zone), nobody. `made`: what there is, by what it
    is."""

    place: Constituent
    who: dict[str, User]
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def member(self) -> User:
        """Who made it all."""
        return self.who["member"]


def world(name: str) -> World:
    """Make it, with all zones open, in a served centre that holds a register `payroll` of the constituent `name`."""
    place = Constituent.objects.create(
        name=name, title=f"{SECRET} office", zone="civil", networks=f"{ADDRESS}/32", essential=True
    )
    other = Constituent.objects.create(name="neighbours", title="Neighbours", zone="civil")
    Constituent.objects.create(name="fleet", title="Fleet", zone="military")
    who = {
        "member": person("member", *((role, "civil", place) for role in _PLACE)),
        "teammate": person("teammate", *((role, "civil", None) for role in Role.values)),
        "neighbour": person("neighbour", *((role, "civil", other) for role in _PLACE)),
        "foreigner": person("foreigner", *((role, "military", None) for role in Role.values)),
        "nobody": person("nobody-here"),
    }
    for each in who.values():
        each.set_password(PASSWORD)
        each.save()
    made = World(place, who)
    _alerts(made)
    _case(made)
    _evidence(made)
    _events(made)
    _reports(made)
    _people(made)
    return made


def _alerts(world: World) -> None:
    at = timezone.now().replace(microsecond=0) - timedelta(hours=2)
    hosts = [f"{SECRET}-{number}" for number in range(3)]
    upsert([
        incoming(world.place.name, RULE, host, f"{SECRET}-account", at=at, zone="civil", tags=("attack.t1059.001",),
                 title=f"Title of {SECRET}", fields={"Image": f"C:\\{SECRET}.exe", "CommandLine": "cmd /c whoami"})
        for host in hosts
    ])  # fmt: skip
    upsert([incoming(world.place.name, SHIPPED, hosts[0], at=at, zone="civil", title="Shipped rule")])
    world.made["shipped"] = Alert.objects.get(rule_id=SHIPPED)
    world.made["alert"] = row = Alert.objects.get(host=hosts[0], rule_id=RULE)
    common: dict[str, Any] = {"zone": "civil", "constituent": world.place}
    world.made["tuning"] = Tuning.objects.create(
        uid=UUID("5f4a4a4e-0000-4000-8000-00000000000f"), rule_id=RULE, title=SECRET, reason=SECRET, text="title: x",
        author=world.member, alert=row, **common,
    )  # fmt: skip
    world.made["view"] = SavedView.objects.create(
        name=SECRET, query="level=high", user=world.member, shared=True, **common
    )
    now = timezone.now()
    world.made["health"] = Health.objects.create(kind="silent", key=SECRET, text=SECRET, since=now, seen=now, **common)


def _case(world: World) -> None:
    member = world.member
    alert = Alert.objects.filter(host=f"{SECRET}-1")
    case: Case = cases.open_case(member, f"Case of {SECRET}", "civil", world.place, alerts=alert, summary=SECRET)
    cases.apply_playbook(member, case, "ransomware-wiper")
    world.made["case"] = case
    world.made["entry"] = cases.write_entry(member, case, f"Shares of {SECRET} gone", timezone.now(), key=True)
    world.made["task"] = Task.objects.filter(case=case).first()
    world.made["observable"] = cases.add_observable(member, case, f"{SECRET}.example", indicator=True)[0]
    world.made["hit"] = Hit.objects.create(
        observable=world.made["observable"], asker="military", asker_case=1, zone="civil", constituent=world.place
    )
    world.made["bearer"] = bearer = add_bearer(member, case, "entity", SECRET, "eu")
    world.made["hold"] = place_hold(member, case, f"Order of {SECRET}")
    world.made["draft"] = make_draft(member, case, "early_warning", "en", bearer, {"facts": SECRET})
    assert Entry.objects.filter(case=case).exists()


def _evidence(world: World) -> None:
    member, case = world.member, world.made["case"]
    item, _new = take_in(member, case, f"{SECRET}.csv", [f"{SECRET},1\n".encode()], _INTAKE, SECRET)
    report, _new = take_in(member, case, "report.html", [f"<p>{SECRET}</p>".encode()], _INTAKE)
    world.made["item"] = item
    trace: Trace = guard.ask_trace(member, item, ["payroll"], f"Find {SECRET}", "en")
    world.made["asked"] = trace
    done = guard.ask_trace(member, item, ["payroll"], f"Find {SECRET}", "en")
    done.state, done.outcome, done.second = State.DONE, SECRET, world.who["teammate"]
    done.save()
    done.reports.set([report])
    world.made["trace"] = done
    register = one(member, "payroll")
    world.made["pseudonym"] = accounts(register)[0].pseudonym
    world.made["reveal"] = guard.ask_reveal(member, register, world.made["pseudonym"], f"Because of {SECRET}")


def _events(world: World) -> None:
    opened = lake()
    assert opened is not None
    now = datetime.now(UTC)
    events = [
        {"time": now - timedelta(hours=number), "host": f"{SECRET}-0", "raw": f"{SECRET} whoami {number} {ADDRESS}",
         "product": "windows", "category": "process_creation", "event_code": "1",
         "fields": {"Image": f"C:\\{SECRET}\\cmd.exe", f"Only{SECRET}": SECRET, "Address": ADDRESS}}
        for number in range(6)
    ]  # fmt: skip
    opened.append(table(events, world.place.name, "civil", now), "5" * 64, 0)
    found = next(iter(opened.search(SECRET, frozenset([("civil", world.place.name)]))))
    world.made["event"] = found["event_id"][0].as_py().hex()
    world.made["hunt"] = SavedHunt.objects.create(
        name=SECRET, query="q=whoami", user=world.member, shared=True, zone="civil", constituent=world.place
    )
    world.made["job"] = hunting.ask(world.member, "indicators", ADDRESS, "civil", f"Job of {SECRET}")


def _people(world: World) -> None:
    world.made["tokens"] = {
        name: people.issue_token(user, "token", list(people.SCOPES), 9) for name, user in world.who.items()
    }
    world.made["token"] = Token.objects.get(user=world.member)
    world.made["membership"] = Membership.objects.filter(user=world.member).first()
    world.made["link"] = people.invite(None, world.who["nobody"])


def _reports(world: World) -> None:
    now, member, marks = timezone.now(), world.member, Marks("AMBER", "AMBER")
    files = [(f"{SECRET}.txt", [SECRET.encode()])]
    report = write_down(member, "civil", world.place, SECRET, f"Mail of {SECRET}", SECRET, marks, files)
    world.made["report"], world.made["attachment"] = report, Attachment.objects.get(report=report)
    world.made["letter"] = letters.draft(member, report, "receipt", "en")
    world.made["notice"] = Notice.objects.create(
        kind="level", level="high", refs=[f"alert:{world.made['alert'].pk}"], made=now, zone="civil",
        constituent=world.place, person=member,
    )  # fmt: skip
    teammate = world.who["teammate"]
    world.made["shift"] = rota.add_shift(teammate, teammate, "civil", now, now + timedelta(hours=8))
