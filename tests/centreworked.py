"""A centre that is worked in, in a process of its own: `python centreworked.py fill|work|open|older DIR`.

fill: two zones with people, alerts, cases, evidence, reports and events. work: go on with all of it, saying `going`
after each round, until standard input ends. open: one more case in each zone; prints their numbers. older: take one
app's tables away, as in the database of an older Kulla.
"""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from kulla.centre.folder import Centre, opened
from kulla.centre.running import serving

PASSWORD: Final = "a tower of stone in the north"
PLACES: Final = (("civil", "tax"), ("military", "navy"))
SECRET: Final = "zzyzx"
_INTAKE: Final = {"source": "S", "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3", "tool": "dd 9"}


def fill(centre: Centre) -> None:
    """What there is before anything else."""
    from centrecast import cast

    people = cast()
    for zone, _name in PLACES:
        user = people[f"officer-{zone}"]
        user.set_password(PASSWORD)
        user.save()
    rounds(centre, 0, 2)


def work(centre: Centre) -> None:
    """Go on until standard input ends."""
    over = threading.Event()

    def heard() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=heard, daemon=True).start()
    for number in count(2):
        rounds(centre, number, number + 1)
        print("going", flush=True)
        if over.is_set():
            break


def rounds(centre: Centre, start: int, stop: int) -> None:
    """One of everything in each zone, and the heads of both chains signed."""
    from centrealerts import incoming
    from lakes import table

    from kulla.centre.alerts.models import Alert
    from kulla.centre.alerts.reading import lake
    from kulla.centre.alerts.upsert import upsert
    from kulla.centre.audit.anchors import sign_head
    from kulla.centre.cases.actions import open_case
    from kulla.centre.evidence.actions import take_in
    from kulla.centre.evidence.upkeep import anchor
    from kulla.centre.notices.taking import write_down
    from kulla.centre.people.models import Constituent, User
    from kulla.share.marks import Marks

    opened_lake = lake()
    assert opened_lake is not None
    for number in range(start, stop):
        for place, (zone, name) in enumerate(PLACES):
            actor, where = User.objects.get(username=f"officer-{zone}"), Constituent.objects.get(name=name)
            upsert([incoming(name, "r1", f"{SECRET}-{number}")])
            alerts = Alert.objects.filter(host=f"{SECRET}-{number}", constituent=where)
            case = open_case(actor, f"{SECRET} {zone} {number}", zone, where, alerts=alerts)
            take_in(actor, case, "a.csv", [f"{SECRET},{number}\n".encode() * 5000], _INTAKE)
            files = [("b.txt", [f"{SECRET} {number}".encode()])]
            write_down(actor, zone, where, "Ana", f"Report {number}", SECRET, Marks("AMBER", "AMBER"), files)
            events: list[dict[str, Any]] = [{"raw": f"{SECRET} {number}", "host": f"{SECRET}-{number}"}]
            opened_lake.append(table(events, name, zone, datetime.now(UTC)), f"{number:062x}{place:02x}", 0)
        sign_head(centre.keys.audit(), [centre.state])
        anchor([centre.state])


def open_more() -> None:
    """A case in each zone, opened as in a request: with the opener's zone alone."""
    from kulla.centre.cases.actions import open_case
    from kulla.centre.people import door
    from kulla.centre.people.models import User

    for zone, _name in PLACES:
        with door.zones(frozenset({zone})):
            print(open_case(User.objects.get(username=f"officer-{zone}"), "afterwards", zone).number)


def main() -> None:
    """One of them."""
    what, path = sys.argv[1:]
    centre = opened(Path(path))
    serving.set_up(centre)
    from centrecast import everywhere
    from django.core.management import call_command

    if what == "open":
        open_more()
    elif what == "older":
        call_command("migrate", "crossing", "zero", verbosity=0)
    else:
        with everywhere():
            {"fill": fill, "work": work}[what](centre)


if __name__ == "__main__":
    main()
