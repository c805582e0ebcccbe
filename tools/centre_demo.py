"""A centre from nothing, on an invented country: python tools/centre_demo.py KULLA DIR [PORT]

An intrusion (the logs of samples/), insiders and a leak go through the real inbox, watch and trace; nothing is
prepared beforehand. Ends with the outcome on one page, the address and links to sign in by, and serves until Ctrl-C;
with KULLA_DEMO_SERVE=0 it ends there. DIR is made anew. PERSONS may be set.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
COLUMNS = "columns=nid+full_name+employer+period+gross_salary"
PERSONS = os.environ.get("PERSONS", "8000")
PATIENCE = 300.0


def main() -> int:
    """Make it, run it, tell of it."""
    kulla, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    port = sys.argv[3] if len(sys.argv) > 3 else "8180"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.umask(0o077)
    os.chdir(folder)

    def run(*arguments: str) -> str:
        command = [str(kulla), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 our own command
        if done.returncode not in {0, 3}:
            sys.exit(f"kulla {' '.join(arguments[:3])} ended with {done.returncode}")
        return done.stdout

    _country(run)
    step("The centre: its folder and keys, constituents and people")
    founded = json.loads(
        run("init", "centre", "--name", "Qendra (exercise)", "--keys", "keys", "--no-tls", "--exercise", "--listen",
            f"127.0.0.1:{port}", "--centre-key", "centre.key", "--json")
    )  # fmt: skip
    links = json.loads(run("centre", "people", "centre", str(HERE / "demo-people.toml"), "--json"))["links"]
    _inbox(Path("centre/inbox"))
    serve = [str(kulla), "run", "centre"]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own command
    try:
        assert server.stdout is not None
        for line in server.stdout:
            print(line, end="", flush=True)
            if line.startswith("ready"):
                break
        _told(folder, founded, links)
        if os.environ.get("KULLA_DEMO_SERVE") != "0":
            print("\nThe centre serves until Ctrl-C.", flush=True)
            server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGINT)
        server.wait(30)
    return 0


def step(text: str) -> None:
    """Say what comes."""
    print(f"\n== {text}", flush=True)


def _country(run: Any) -> None:
    step(f"An invented country: {int(PERSONS):,} persons, their payroll, who reads it, and two insiders")
    reads = ("--reads", "direct", "--accounts", "80", "--read-count", "12000")
    misdeeds = ("--misdeeds", "paged_crawl:rate=1500,days=1,pg_dump")
    size = ("--persons", PERSONS, "--months", "4", "--seed", "7", "--registers", "payroll,civil")
    run("exercise", "make", "country", *size, *reads, *misdeeds)
    step("Its owner: imprint, reads and findings, under keys; the centre takes the delivery in")
    owner = ("--owner", "country/owner", "--key", "owner.key")
    run("register", "keys", "new", "owner.key")
    run("register", "keys", "new", "centre.key", "--centre")
    run("register", "imprint", "payroll", *owner)
    rules = str(HERE.parent / "rules")
    run("register", "watch", "payroll", *owner, "--logs", "country/owner/logs", "--rules", rules)
    run("register", "receive", "country/owner/registers/payroll/outbox", "--centre", "centre", "--key", "centre.key")
    step("The leak: what one insider read, in one workbook")
    run("exercise", "leak", "country", "leak.xlsx", "--part", f"payroll@,misdeed=paged_crawl,{COLUMNS}")


def _inbox(inbox: Path) -> None:
    """An intrusion's logs, as an agency's machine would deliver them: under another name until they are whole."""
    step("An intrusion: logs of the ministry and of the tax directorate arrive in the inbox")
    samples = HERE.parent / "samples"
    for place, folders in {
        "ministry": ("windows", "iis", "web", "zeek"),
        "taxes": ("linux", "winlogbeat", "mysql"),
    }.items():
        target = inbox / place
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in folders:
            for path in sorted((samples / name).iterdir()):
                part = target / f"{name}-{path.name}.part"
                shutil.copyfile(path, part)
                part.rename(part.with_suffix(""))


def _told(folder: Path, founded: dict[str, Any], links: dict[str, str]) -> None:
    """Wait for the inbox, put the leak into a case and trace it, then tell the outcome."""
    from kulla.centre.folder import opened
    from kulla.centre.running import serving

    serving.set_up(opened(folder / "centre"))
    from kulla.centre.people import door

    with door.zones(door.ALL_ZONES):
        _wait(folder / "centre" / "inbox")
        case, trace = _leak(folder)
        _page(case, trace)
    print(f"\n== Sign in at {founded['address']} (each link works once)")
    roles = {"besa": "analyst", "dritan": "case officer", "mira": "director, Albanian", "ilir": "register owner",
             "agron": "analyst, military"}  # fmt: skip
    for name, link in {**links, founded["administrator"]: founded["link"]}.items():
        print(f"  {name:14} {roles.get(name, 'administrator'):20} {link}")
    sys.stdout.flush()


def _wait(inbox: Path) -> None:
    from kulla.centre.alerts.models import Alert

    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        left = [path for path in inbox.rglob("*") if path.is_file() and not any(p.startswith(".") for p in path.parts)]
        if (
            not left
            and Alert.objects.filter(kind="insider").exists()
            and Alert.objects.filter(kind="detection").exists()
        ):
            print(f"all of it read after {time.monotonic() - begun:.0f} s", flush=True)
            return
        time.sleep(0.5)
    sys.exit(f"the inbox was not read within {PATIENCE:.0f} seconds; see the health page")


def _leak(folder: Path) -> tuple[Any, Any]:
    """The leaked file into a case and its evidence store, then traced: two people, the owner's key in memory."""
    from django.utils import timezone

    from kulla.centre.cases import actions as cases
    from kulla.centre.cases.actions.duties import add_bearer, decide
    from kulla.centre.evidence.actions import take_in
    from kulla.centre.guard import actions, tracing
    from kulla.centre.people.models import Constituent, User

    step("The leaked workbook: into a case, sealed as evidence, then traced")
    officer, director = User.objects.get(username="dritan"), User.objects.get(username="mira")
    taxes = Constituent.objects.get(name="taxes")
    case = cases.open_case(officer, "Payroll list passed round", "civil", taxes,
                           rsit="information-content-security:data-leak",
                           summary="A workbook with salaries was seen on a messaging group.")  # fmt: skip
    cases.apply_playbook(officer, case, "insider-leak")
    bearer = add_bearer(officer, case, "controller", taxes.title, "eu")
    decide(officer, bearer, "aware", "gdpr", timezone.now(), "Ten rows were compared with the register's owner.")
    fields = {"source": "citizen, by mail", "officer": "Dritan", "legal_basis": "order 7/2026", "tool": "Kulla",
              "device": "mail attachment"}  # fmt: skip
    item = take_in(officer, case, "leak.xlsx", [(folder / "leak.xlsx").read_bytes()], fields)[0]
    trace = actions.ask_trace(officer, item, ["payroll"], "find the source", "en")
    actions.agree_trace(director, trace)
    tracing.run(trace.pk, {"payroll": (folder / "owner.key").read_bytes()})
    trace.refresh_from_db()
    (folder / "leak.xlsx").unlink()  # from here on it lies in the evidence store alone
    return case, trace


def _page(case: Any, trace: Any) -> None:
    from kulla.centre.alerts.models import AlertGroup
    from kulla.centre.cases.clocks import clocks_of, most_urgent

    step(f"The outcome, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
    groups = AlertGroup.objects.order_by("-rank")
    print(f"Alerts: {groups.count()} groups; first:")
    for row in groups[:5]:
        print(f"  {row.level:9} {row.title[:60]:60} {row.entity[:40]}")
    print("Findings about accounts of registers:")
    for row in groups.filter(kind="insider")[:3]:
        print(f"  {row.level:9} {row.title[:60]:60} {row.account}")
    print(f"Case {case.number}: {case.title}")
    for clock in most_urgent(clocks_of(case))[:2]:
        print(
            f"  {clock.duty.name['en']}: {clock.state}" + (f", due {clock.due:%Y-%m-%d %H:%M} UTC" if clock.due else "")
        )
    print("Trace:")
    for line in (trace.outcome or trace.said).splitlines()[:14]:
        print(f"  {line}")


if __name__ == "__main__":
    sys.exit(main())
