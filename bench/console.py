"""How long the console's main pages take on SQLite, with 100,000 alerts and 1,000 cases, while the inbox is busy.

`python -m bench.console --out build/console --doc console.md` makes a centre, fills it through the acts that the worker
and people use, starts it with `kulla run`, drops a log into an inbox every 2.5 s, and asks each page in turn as a
reader of every zone. A time is that of the whole answer, over one kept connection, as a browser on the same machine
has it.
"""

from __future__ import annotations

import argparse
import http.client
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.machine import facts
from bench.results import table
from kulla.alert import Alert, Entity, Evidence, Level, alert_id
from kulla.centre.centretoml import CentreToml
from kulla.centre.running import founding

if TYPE_CHECKING:
    from kulla.centre.alerts.upsert import Incoming

LISTEN = "127.0.0.1:8139"
PLACES = [("taxes", "civil"), ("health", "civil"), ("customs", "civil"), ("navy", "military"), ("border", "joint")]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical", "informational")
SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "windows" / "IIS01.json"


def alerts(count: int, seed: int) -> Iterator[list[Incoming]]:
    """Alerts of 200 rules on 400 hosts over 30 days, in batches as the worker brings them."""
    from kulla.centre.alerts.upsert import Incoming

    draw, now, batch = random.Random(seed), datetime.now(UTC).replace(microsecond=0), []
    for number in range(count):
        place, zone = draw.choices(PLACES, (40, 25, 15, 10, 10))[0]
        rule, host = int(draw.paretovariate(0.6)) % 200, int(draw.paretovariate(0.5)) % 400
        at = now - timedelta(seconds=draw.randrange(30 * 86_400))
        name = f"{place}-srv{host}"
        uid = alert_id("detection", str(rule), name, str(number))
        fields = {"Image": "C:\\Windows\\System32\\cmd.exe", "CommandLine": f"cmd /c whoami {number}"}
        event = {"id": uid, "time": at.isoformat(), "host": name, "file": "S.evtx", "record": number, "fields": fields}
        value = Alert(
            id=uid, kind="detection", title=f"Rule number {rule}", level=draw.choice(LEVELS), time_first=at,
            time_last=at + timedelta(minutes=1), constituent=place, zone=zone, tlp="AMBER",
            entities=(Entity("host", name),), rule_id=f"rule-{rule}", evidence=(Evidence("event", uid),),
            explanation="",
        )  # fmt: skip
        batch.append(Incoming(value, tags=("attack.t1059.001",), detail={"events": [event]}))
        if len(batch) == 2000:
            yield batch
            batch = []
    yield batch


def fill(count: int, cases: int) -> None:
    """Constituents, alerts, cases and a third of the alerts decided on."""
    from kulla.centre.alerts import ranking
    from kulla.centre.alerts.models import Alert as Row
    from kulla.centre.alerts.upsert import upsert
    from kulla.centre.cases import actions
    from kulla.centre.cases.actions.duties import add_bearer
    from kulla.centre.people.models import Constituent, Membership, User
    from kulla.centre.people.zones import Role, Zone

    places = {name: Constituent.objects.create(name=name, title=name.title(), zone=zone) for name, zone in PLACES}
    reader = User.objects.create_user("reader")
    for role in Role.values:
        for zone in Zone.values:
            Membership.objects.create(user=reader, role=role, zone=zone)
    for batch in alerts(count, 7):
        upsert(batch)
    ranking.rerank()
    draw = random.Random(8)
    rows = list(Row.objects.filter(zone="civil").order_by("pk")[: 3 * cases].only("pk", "zone", "constituent"))
    for number in range(cases):
        name, zone = draw.choice(PLACES)
        taken = [row for row in rows[3 * number : 3 * number + 3] if row.constituent_id == places[name].pk]
        case = actions.open_case(reader, f"Case {number}", zone, places[name], alerts=taken)
        actions.write_entry(reader, case, "What was seen first", datetime.now(UTC))
        if number % 10 == 0:
            actions.apply_playbook(reader, case, "ransomware-wiper")
            add_bearer(reader, case, "entity", "The entity", "eu")


def pages() -> list[str]:
    """The main pages, with an object of each kind."""
    from kulla.centre.alerts.models import AlertGroup
    from kulla.centre.cases.models import Case

    group = AlertGroup.objects.order_by("-count").first()
    case = Case.objects.order_by("pk").first()
    assert group is not None
    assert case is not None
    alert = case.alerts.first()
    found = [
        *("/situation/", "/alerts/", "/alerts/?status=all", "/alerts/?q=srv3", "/alerts/?level=high&zone=civil"),
        *("/alerts/rules", f"/alerts/group/{group.key}", "/alerts/rules/rule-1"),
        *("/cases/", f"/cases/{case.number}/", "/cases/?q=case", "/evidence/", "/guard/", "/guard/leaks/"),
        *("/hunting/", "/hunting/histogram?span=all", "/notices/", "/audit/", "/audit/?q=cases.open", "/people/"),
        *("/worker/", "/alerts/fresh?made=2026-01-01T00:00Z"),
    ]
    return [*found, f"/alerts/{alert.uid}"] if alert else found


def session() -> str:
    """A cookie of the reader's."""
    from django.test import Client

    from kulla.centre.people.models import User

    client = Client()
    client.force_login(User.objects.get(username="reader"), backend="django.contrib.auth.backends.ModelBackend")
    return f"sessionid={client.cookies['sessionid'].value}"


@contextmanager
def served(centre: Path, busy: bool) -> Iterator[None]:
    """`kulla run`, and a log dropped into an inbox every 2.5 s when `busy`."""
    over = threading.Event()
    command = [sys.executable, "-m", "kulla", "run", str(centre)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        for line in run.stdout:
            if line.startswith("ready"):
                break
        threading.Thread(target=run.stdout.read, daemon=True).start()
        shipper = threading.Thread(target=_ship, args=(centre, over), daemon=True)
        if busy:
            shipper.start()
            time.sleep(10)
        try:
            yield
        finally:
            over.set()
            run.send_signal(signal.SIGINT)
            run.wait(60)


def _ship(centre: Path, over: threading.Event) -> None:
    body, number = SAMPLE.read_text("utf-8"), 0
    inbox = centre / "inbox" / "taxes"
    inbox.mkdir(parents=True, exist_ok=True)
    while not over.wait(1):
        number += 1
        part = inbox / f"{number}-{time.time_ns()}.json.part"
        part.write_text(body.replace("IIS01", f"IIS{number:03d}"), "utf-8")
        time.sleep(1.5)
        part.rename(part.with_suffix(""))


def ask(paths: Sequence[str], cookie: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each answer, page by page in turn, after one round that is not counted."""
    times: dict[str, list[float]] = {path: [] for path in paths}
    address, _, port = LISTEN.rpartition(":")
    connection = http.client.HTTPConnection(address, int(port), timeout=120)
    for number in range(rounds + 1):
        for path in paths:
            started = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookie, "Host": f"localhost:{port}"})
            answer = connection.getresponse()
            answer.read()
            if answer.status not in (200, 204):
                raise SystemExit(f"{path}: {answer.status}")
            if number:
                times[path].append((time.perf_counter() - started) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the centre; filled once, then reused")
    parser.add_argument("--doc", type=Path, help="where the table goes, below --out; default: printed")
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--quiet", action="store_true", help="nothing in the inbox")
    given = parser.parse_args()
    centre = _centre(given.out, given.alerts, given.cases)
    paths, cookie = pages(), session()
    with served(centre, not given.quiet):
        times = ask(paths, cookie, given.rounds)
    rows = [(path.split("?made")[0], str(len(each)), *(f"{np.percentile(each, at):.0f}" for at in (50, 95, 100)))
            for path, each in sorted(times.items(), key=lambda one: -float(np.percentile(one[1], 95)))]  # fmt: skip
    head = [("page", "answers", "median ms", "p95 ms", "most ms"), ("---", "--:", "--:", "--:", "--:")]
    told = [f"- {name}: {value}" for name, value in facts().items()]
    text = "\n".join(told) + "\n\n" + table([*head, *rows]) + "\n"
    if given.doc:
        (given.out / given.doc).write_text(text, "utf-8")
    sys.stdout.write(text)


def _centre(out: Path, count: int, cases: int) -> Path:
    """The centre, made once; this process becomes one of it."""
    from kulla.centre.folder import opened
    from kulla.centre.running import serving

    path = out / "centre"
    if (out / "filled").exists():
        serving.set_up(opened(path, None))
        return path
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    told = CentreToml("Qendra", "localhost", tls="none", listen=LISTEN, exercise=True)
    founding.found(path, out / "keys", told, "administrator", datetime.now(UTC))
    from kulla.centre.people import door

    started = time.perf_counter()
    with door.zones(door.ALL_ZONES):
        fill(count, cases)
    (out / "filled").write_text(f"{time.perf_counter() - started:.0f} s\n")
    return path


if __name__ == "__main__":
    main()
