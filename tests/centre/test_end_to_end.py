"""A centre as people use it, from `kulla init` to a sealed export that verifies, in Debian's Chromium.

The centre is no exercise: everybody signs in with a password and a second factor. Alerts come from a log in the inbox,
through the worker.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from centrebrowser import Visitor, chromium, found_centre, lasting, needs_chromium, served, until, visitor
from playwright.sync_api import Browser
from tracing import Office, office

from kulla.registers.keyfile import read_key

PASSWORD = "a tower of stone in the north"
SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LEAK = "payroll@,misdeed=bulk_export,columns=nid+full_name+employer+gross_salary+period"

pytestmark = needs_chromium


@dataclass
class Place:
    """The centre that is served: its folder, address, and the first administrator's link; whose registers it holds."""

    path: Path
    address: str
    link: str
    office: Office


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    path = tmp_path_factory.mktemp("whole")
    told = found_centre(path)
    key = read_key(path / "keys" / "centre.key")
    made = office(path, persons=400, months=2, reads=600, centre_key=key)
    with served(path / "centre"):
        yield Place(path / "centre", told["address"], told["link"], made)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_from_the_link_to_the_sealed_export(place: Place, browser: Browser, tmp_path: Path) -> None:
    log_into_the_inbox(place)
    administrator = arrives(browser, place, place.link)
    people = invited(administrator, ("mira", "officer"), ("besnik", "director"))
    until(lambda: alerts_came(place), "the log was read")
    mira = arrives(browser, place, people["mira"])
    case = triage_by_keyboard(mira)
    leak = place.office.leak("leak.csv", LEAK, plain=True)
    fingerprint = takes_evidence(mira, case, leak)
    trace = asks_for_a_trace(mira)
    besnik = arrives(browser, place, people["besnik"])
    agrees_and_watches(besnik, trace, place.office.owner_key)
    reads_the_report(mira, trace)
    exports_and_verifies(mira, case, fingerprint, tmp_path)
    signs_in_again(mira, "mira")
    for each in (administrator, mira, besnik):
        signs_out(each)
        assert each.wrong == []


def log_into_the_inbox(place: Place) -> None:
    """The organisation is not known to the centre yet: its log waits until it is."""
    inbox = place.path / "inbox" / place.office.centre.register("payroll").read().constituent
    inbox.mkdir(parents=True, exist_ok=True)
    shutil.copy(SAMPLES / "windows" / "IIS01.json", inbox / "IIS01.json")


def alerts_came(place: Place) -> bool:
    return not list((place.path / "inbox").glob("*/*.json"))


def arrives(browser: Browser, place: Place, link: str) -> Visitor:
    """From a one-time link to the console: a password, then a second factor; nothing else opens before."""
    who = visitor(browser, place.address, viewport={"width": 1280, "height": 900})
    who.page.goto(link)
    who.send(new_password1=PASSWORD, new_password2=PASSWORD)
    assert who.page.url.endswith("/accounts/2fa/")
    who.go("/alerts/")
    assert who.page.url.endswith("/accounts/2fa/")
    confirmed(who, "/accounts/2fa/totp/activate/")
    who.secret = who.page.input_value("#authenticator_secret")
    who.send(code=lasting(who.secret))
    assert who.go("/") == 200
    assert "/accounts/" not in who.page.url
    assert who.context.request.get(link).status == 410
    return who


def confirmed(who: Visitor, path: str) -> None:
    """A page about second factors asks for the password once more, however lately it was given."""
    who.go(path)
    assert "/reauthenticate/" in who.page.url
    who.send(password=PASSWORD)
    assert who.page.url.endswith(path)


def invited(administrator: Visitor, *people: tuple[str, str]) -> dict[str, str]:
    """A constituent, and the links of new users with a role over the civil zone."""
    administrator.go("/people/constituents/new")
    administrator.send(name="taxes", title="Directorate of Taxes", zone="civil", silent_after="24")
    links = {}
    for name, role in people:
        administrator.go("/people/new")
        administrator.send(username=name)
        administrator.send(role=role, zone="civil")
        page = administrator.page
        administrator.moved(page.locator("form[action$=invite] button").click)
        links[name] = page.locator("code.secret").inner_text()
    return links


def triage_by_keyboard(who: Visitor) -> str:
    """No pointer: to the queue, a row acknowledged, undone, looked for, and escalated. The case's number."""
    page = who.page
    who.go("/help")
    who.moved(lambda: who.press("g", "a"))
    rows = page.locator("[data-row]").count()
    assert rows >= 3
    who.press("j", "j", "k", "x")
    assert page.locator("[data-row] input:checked").count() == 1
    title = page.locator("[data-row].here a.title").inner_text()
    who.moved(lambda: who.press("a"))
    assert page.locator("[data-row]", has_text=title).first.locator(".state-acknowledged").count() == 1
    who.moved(lambda: who.press("u"))
    assert page.locator(".state-acknowledged").count() == 0
    who.press("/")
    assert page.evaluate("document.activeElement.name") == "q"
    page.keyboard.type(title)
    who.moved(lambda: who.press("Enter"))
    assert 0 < page.locator("[data-row]").count() < rows
    who.moved(lambda: who.press("?"))
    assert page.url.endswith("/help")
    who.moved(lambda: who.press("g", "a"))
    who.press("j", "x")
    who.moved(lambda: who.press("e"))
    for _ in range(40):
        who.press("Tab")
        if page.evaluate("document.activeElement.matches('main button.main')"):
            break
    who.moved(lambda: who.press("Enter"))
    who.moved(page.locator(".messages a").click)
    assert "/cases/" in page.url
    assert page.locator("#alerts li").count() == 1
    who.moved(page.locator("#alerts a").first.click)  # the alert, with the event and why the rule met it
    assert page.locator("mark").count() > 0
    page.go_back()
    return page.url.split("/cases/")[1].split("/")[0]


def takes_evidence(who: Visitor, case: str, file: Path) -> str:
    """The receipt tells the file's hash, and the fingerprint to be kept apart."""
    who.go(f"/evidence/case/{case}")
    who.page.set_input_files("input[name=file]", file)
    who.send(source="a journalist", officer="M. K.", legal_basis="order 7", device="USB 3")
    assert hashlib.sha256(file.read_bytes()).hexdigest() in who.page.inner_text("main")
    return who.page.locator("code.secret").inner_text()


def asks_for_a_trace(who: Visitor) -> str:
    """The path of a trace that waits for a second person, whom its author is not."""
    who.press("Escape")
    who.moved(lambda: who.press("g", "l"))
    who.go("/guard/leaks/new")
    who.page.select_option("[name=item]", index=1)
    who.page.check("input[name=registers][value=payroll]")
    who.send(purpose="Find the source")
    assert who.page.locator("input[type=file]").count() == 0
    return who.page.url.removeprefix(who.address)


def agrees_and_watches(who: Visitor, trace: str, key: Path) -> None:
    """The second person brings the owner's key; the page follows the run by itself to its end."""
    who.go(trace)
    who.page.set_input_files("input[type=file]", key)
    who.moved(who.page.locator("main button.main").click)
    who.page.wait_for_selector("text=Outcome")
    assert "Done" in who.page.locator(".state").first.inner_text()


def reads_the_report(who: Visitor, trace: str) -> None:
    """In a page of its own that may run and load nothing; the custody record tells of it."""
    who.go(trace)
    with who.context.expect_page() as opened:
        who.page.click("text=Read the report")
    report = opened.value
    report.wait_for_load_state()
    assert "payroll" in report.inner_text("body")
    assert report.evaluate("document.scripts.length") == 0
    report.close()


def exports_and_verifies(who: Visitor, case: str, fingerprint: str, folder: Path) -> None:
    """With stock tools, against the fingerprint of the receipt; one byte altered anywhere is found."""
    who.go(f"/evidence/case/{case}/export")
    for box in who.page.locator("input[name=items]").all():
        box.check()
    who.page.fill("[name=recipient]", "The prosecutor")
    who.page.fill("[name=reason]", "Order 7")
    with who.page.expect_download() as loading:
        who.page.click("main button.main")
    loading.value.save_as(folder / "export.tar")
    with tarfile.open(folder / "export.tar") as packed:
        packed.extractall(folder / "export", filter="data")
    script = next((folder / "export").rglob("verify.sh"))
    assert verifies(script, fingerprint)
    assert not verifies(script, fingerprint[:-1] + ("0" if fingerprint[-1] != "0" else "1"))
    # The script itself is left out: whoever alters it can make it say anything, so one takes one's own copy.
    parts = [each for each in script.parent.rglob("*") if each.is_file() and each.name != "verify.sh"]
    assert len(parts) > 5
    for part in parts:
        body = part.read_bytes()
        place = len(body) // 2
        part.chmod(0o600)
        part.write_bytes(body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])
        assert not verifies(script, fingerprint), part.name
        part.write_bytes(body)
    assert verifies(script, fingerprint)


def verifies(script: Path, fingerprint: str) -> bool:
    done = subprocess.run(["sh", script.name, fingerprint], cwd=script.parent, capture_output=True, check=False)
    return done.returncode == 0 and b"NOT VERIFIED" not in done.stdout


def signs_in_again(who: Visitor, name: str) -> None:
    """With a code, then with a security key that was added meanwhile."""
    used = int(time.time()) // 30
    signs_out(who)
    who.send(login=name, password=PASSWORD)
    assert "/accounts/2fa/authenticate/" in who.page.url
    while int(time.time()) // 30 == used:  # a code counts once; the last was of an earlier half minute, or is now
        time.sleep(0.2)
    who.send(code=lasting(who.secret))
    assert "/accounts/" not in who.page.url
    devtools = who.context.new_cdp_session(who.page)
    devtools.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
           "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    confirmed(who, "/accounts/2fa/webauthn/add/")
    who.moved(who.page.locator("#mfa_webauthn_add").click)
    who.go("/accounts/2fa/webauthn/")
    assert who.page.locator("main a[href*=remove]").count() == 1
    signs_out(who)
    who.send(login=name, password=PASSWORD)
    who.moved(who.page.locator("#mfa_webauthn_authenticate").click)
    assert "/accounts/" not in who.page.url


def signs_out(who: Visitor) -> None:
    who.moved(who.page.locator("header form[action*=logout] button").click)
    assert who.go("/alerts/") == 200
    assert "/accounts/login/" in who.page.url
