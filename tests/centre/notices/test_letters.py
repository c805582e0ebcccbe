"""Letters: drafted from templates, sent by a person's hand, over a real SMTP server on loopback."""

from __future__ import annotations

import email
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from centrecast import Cast
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from mailserver import free_port

from kulla.centre.audit.models import Entry as Audit
from kulla.centre.cases import actions as cases
from kulla.centre.folder import Centre
from kulla.centre.notices import actions, jobs, letters
from kulla.centre.notices.models import Letter, Report, Sending, Template
from kulla.centre.notices.taking import take_message
from kulla.centre.running import certificate
from kulla.centre.site.place import centre

pytestmark = pytest.mark.django_db
Configure = Callable[..., Centre]
Mail = Callable[..., bytes]


class Inbox:
    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer == "250 OK":
            self.got.append(envelope)
        return self.answer


@pytest.fixture
def inbox(configure: Configure) -> Iterator[Inbox]:
    """A mail server, and a centre that sends through it."""
    made = Inbox()
    controller = Controller(made, hostname="127.0.0.1", port=free_port())
    controller.start()
    out = {"host": "127.0.0.1", "port": controller.port, "security": "none", "from": "desk@centre.example"}
    configure(mail={"smtp": {**out, "subaddress": True}})
    yield made
    controller.stop()


@pytest.fixture
def report(here: Centre, people: Cast, mail: Mail) -> Report:
    return take_message(mail("Re: [TLP:GREEN] phish", Message_ID="<theirs@tax.example>"), "civil", "mail")


def message(envelope: Envelope) -> Any:
    return email.message_from_bytes(bytes(envelope.content or b""), policy=policy.default)  # type: ignore[arg-type]


def test_a_receipt_leaves_by_hand_and_its_answer_comes_back(
    inbox: Inbox, people: Cast, report: Report, mail: Mail
) -> None:
    analyst = people["analyst-civil"]
    letter = letters.draft(analyst, report, "receipt", "sq")
    jobs.tick(centre())
    assert inbox.got == []
    letters.send(analyst, letter)
    (sent,) = inbox.got
    assert (sent.mail_from, sent.rcpt_tos) == ("desk@centre.example", ["ana@tax.example"])
    out = message(sent)
    assert out["Subject"] == f"[TLP:GREEN] Raportimi juaj {report.number}: phish"
    assert out["In-Reply-To"] == "<theirs@tax.example>"
    assert "TLP:GREEN" in out.get_content()
    answer = take_message(mail("Re: x", In_Reply_To=out["Message-ID"]), "civil", "mail")
    assert answer.follows == report
    by_address = take_message(mail("Re: y", Cc=out["Reply-To"]), "civil", "mail")
    assert by_address.follows == report
    letter.refresh_from_db()
    assert (letter.state, letter.sent_by) == (Sending.SENT, analyst)
    with pytest.raises(ValidationError, match="no draft"):
        letters.send(analyst, letter)
    assert len(inbox.got) == 1


@pytest.mark.parametrize("tlp", ["RED", "AMBER+STRICT"])
def test_strict_letters_need_the_recipient_named(
    inbox: Inbox, people: Cast, here: Centre, mail: Mail, tlp: str
) -> None:
    officer = people["officer-civil"]
    letter = letters.draft(officer, take_message(mail(f"TLP:{tlp} x"), "civil", "mail"), "question", "en")
    for wrong in ("", "yes", "ana@other.example"):
        with pytest.raises(ValidationError, match="once more"):
            letters.send(officer, letter, wrong)
        with pytest.raises(ValidationError, match="once more"):
            letters.handed(officer, letter, wrong)
    assert inbox.got == []
    letters.send(officer, letter, "ANA@tax.example ")
    assert len(inbox.got) == 1
    assert Letter.objects.get().confirmed


def test_the_case_makes_a_letter_as_strict_as_itself(inbox: Inbox, people: Cast, report: Report) -> None:
    officer = people["officer-civil"]
    letter = letters.draft(officer, report, "closing", "en")
    case = actions.to_case(officer, report, "x")
    case.refresh_from_db()
    cases.change(officer, case, case.version, {"tlp": "RED"})
    with pytest.raises(ValidationError, match="TLP:RED"):
        letters.send(officer, letter)
    letters.send(officer, letter, letter.to)
    assert message(inbox.got[0])["Subject"].startswith("[TLP:RED] ")
    assert case.entrys.get(ref=f"letter:{letter.pk}").tlp == "RED"


def test_an_exercise_sends_nothing(inbox: Inbox, people: Cast, report: Report, settings: Any) -> None:
    officer = people["officer-civil"]
    actions.to_case(officer, report, "x", exercise=True)
    letter = letters.draft(officer, report, "receipt", "en")
    for act in (letters.send, letters.handed):
        with pytest.raises(ValidationError, match="exercise"):
            act(officer, letter, letter.to)
    assert inbox.got == []


def test_an_exercise_centre_sends_nothing(inbox: Inbox, people: Cast, report: Report, settings: Any) -> None:
    settings.EXERCISE = True
    letter = letters.draft(people["officer-civil"], report, "receipt", "en")
    with pytest.raises(ValidationError, match="exercise"):
        letters.send(people["officer-civil"], letter)
    assert inbox.got == []


def test_what_the_server_refuses_is_a_draft_again(inbox: Inbox, people: Cast, report: Report) -> None:
    letter = letters.draft(people["analyst-civil"], report, "receipt", "en")
    inbox.answer = "550 no"
    with pytest.raises(ValidationError, match="not sent"):
        letters.send(people["analyst-civil"], letter)
    letter.refresh_from_db()
    assert (letter.state, letter.sent_by) == (Sending.DRAFT, None)
    assert letter.error
    inbox.answer = "250 OK"
    letters.send(people["analyst-civil"], letter)
    assert len(inbox.got) == 1


def test_a_letter_cut_short_while_it_was_sent_is_told(
    inbox: Inbox, people: Cast, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyst = people["analyst-civil"]
    letter = letters.draft(analyst, report, "receipt", "en")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(letters, "send_mail", killed)
        with pytest.raises(KeyboardInterrupt):
            letters.send(analyst, letter)
    letter.refresh_from_db()
    assert letter.state == Sending.SENDING
    assert Audit.objects.filter(action="notices.send").count() == 1
    with pytest.raises(ValidationError, match="no draft"):
        letters.send(analyst, letter)
    assert letter.sent
    Letter.objects.update(sent=letter.sent - timedelta(minutes=11))
    letter.refresh_from_db()
    assert letters.unsure(letter)
    letters.send(analyst, letter)
    assert len(inbox.got) == 1


@pytest.fixture
def lost(configure: Configure) -> Iterator[list[bytes]]:
    """A mail server that reads a whole message and hangs up without a word; the messages."""
    got: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                if not line.upper().startswith(b"DATA"):
                    self.wfile.write(b"250 OK\r\n")
                    continue
                self.wfile.write(b"354 go on\r\n")
                got.append(b"".join(iter(self.rfile.readline, b".\r\n")))
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        configure(mail={"smtp": {"host": "127.0.0.1", "port": port, "security": "none", "from": "desk@centre.example"}})
        yield got
        server.shutdown()


def test_a_server_lost_after_the_message_leaves_it_unsure(lost: list[bytes], people: Cast, report: Report) -> None:
    analyst = people["analyst-civil"]
    letter = letters.draft(analyst, report, "receipt", "en")
    with pytest.raises(ValidationError, match="may or may not have gone"):
        letters.send(analyst, letter)
    assert len(lost) == 1
    letter.refresh_from_db()
    assert (letter.state, letter.sent_by) == (Sending.SENDING, analyst)
    assert letters.unsure(letter)
    with pytest.raises(ValidationError, match="no draft"):
        letters.change(analyst, letter, "a@b.example", "x", "y")
    letters.handed(analyst, letter)
    letter.refresh_from_db()
    assert (letter.state, letter.error) == (Sending.HANDED, "")


def test_a_lost_letters_page_says_so(
    lost: list[bytes], people: Cast, report: Report, enter: Callable[[str], Client], settings: Any
) -> None:
    settings.EXERCISE = False
    analyst = people["analyst-civil"]
    letter = letters.draft(analyst, report, "receipt", "en")
    with pytest.raises(ValidationError):
        letters.send(analyst, letter)
    settings.EXERCISE = True  # else a second factor is asked
    page = enter("analyst-civil").get(f"/notices/letters/{letter.uid}/").content.decode()
    assert "may or may not have gone" in page
    assert "It was not sent" not in page


def test_a_server_that_is_not_there_leaves_a_draft(configure: Configure, people: Cast, report: Report) -> None:
    out = {"host": "127.0.0.1", "port": free_port(), "security": "none", "from": "desk@centre.example"}
    configure(mail={"smtp": out})
    letter = letters.draft(people["analyst-civil"], report, "receipt", "en")
    with pytest.raises(ValidationError, match="not sent"):
        letters.send(people["analyst-civil"], letter)
    letter.refresh_from_db()
    assert letter.state == Sending.DRAFT


def test_without_a_server_it_is_copied(configure: Configure, people: Cast, report: Report) -> None:
    configure()
    letter = letters.draft(people["analyst-civil"], report, "receipt", "en")
    with pytest.raises(ValidationError, match="copy"):
        letters.send(people["analyst-civil"], letter)
    letters.handed(people["analyst-civil"], letter)
    letter.refresh_from_db()
    assert letter.state == Sending.HANDED


def test_a_line_break_in_a_subject_adds_no_header(inbox: Inbox, people: Cast, report: Report) -> None:
    analyst = people["analyst-civil"]
    letter = letters.draft(analyst, report, "receipt", "en")
    letters.change(analyst, letter, "ana@tax.example", "a\r\nBcc: evil@x.example", "text")
    letters.send(analyst, letter)
    assert inbox.got[0].rcpt_tos == ["ana@tax.example"]
    assert message(inbox.got[0])["Bcc"] is None
    with pytest.raises(ValidationError):
        letters.change(analyst, letters.draft(analyst, report, "receipt", "en"), "a@b.example, c@d.example", "x", "y")


def test_a_strangers_words_are_not_filled_in(inbox: Inbox, people: Cast, here: Centre, mail: Mail) -> None:
    row = take_message(mail("$signer ${centre} $number"), "civil", "mail")
    letter = letters.draft(people["analyst-civil"], row, "receipt", "en")
    assert "$signer ${centre} $number" in letter.subject


def test_templates_are_the_centres_own(here: Centre, people: Cast, report: Report) -> None:
    officer = people["officer-civil"]
    with pytest.raises(PermissionDenied):
        letters.save_template(people["analyst-civil"], "receipt", "en", "x", "y")
    letters.save_template(officer, "receipt", "en", "Got it: $number", "Hello $unknown $5")
    letter = letters.draft(officer, report, "receipt", "en")
    assert (letter.subject, letter.body) == (f"Got it: {report.number}", "Hello $unknown $5")
    letters.save_template(officer, "receipt", "en", "", "")
    assert not Template.objects.exists()
    assert letters.template("receipt", "en")[0] == letters.shipped()["receipt"]["en"]["subject"]
    with pytest.raises(ValidationError):
        letters.draft(officer, report, "../x", "en")


def test_every_shipped_template_fills_in(here: Centre, people: Cast, report: Report) -> None:
    for name in letters.NAMES:
        for language in letters.LANGUAGES:
            letter = letters.draft(people["officer-civil"], report, name, language)
            assert "$" not in letter.subject + letter.body
            assert report.number in letter.subject
            assert letter.body.startswith("TLP:GREEN\n")


def test_discarding_and_who_may(here: Centre, people: Cast, report: Report) -> None:
    letter = letters.draft(people["liaison-civil"], report, "receipt", "en")
    for act in (letters.send, letters.discard):
        with pytest.raises(PermissionDenied):
            act(people["liaison-military"], letter)
    letters.discard(people["liaison-civil"], letter)
    with pytest.raises(ValidationError):
        letters.change(people["liaison-civil"], letter, "a@b.example", "x", "y")


def test_it_goes_over_tls_and_signs_in(configure: Configure, people: Cast, report: Report, tmp_path: Path) -> None:
    certificate.make(tmp_path, "localhost", datetime.now(UTC))
    pair = tmp_path / certificate.CERTIFICATE, tmp_path / certificate.KEY
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*map(str, pair))
    signed: list[tuple[bytes, bytes]] = []

    def let_in(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
        signed.append((given.login, given.password))
        return AuthResult(success=given.password == b"right", handled=False)

    made = Inbox()
    controller = Controller(made, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True,
                            authenticator=let_in, auth_required=True)  # fmt: skip
    controller.start()
    out = {"host": "localhost", "port": controller.port, "from": "desk@centre.example", "user": "desk"}
    letter = letters.draft(people["analyst-civil"], report, "receipt", "en")
    try:
        for ca, word, why in (("", "right", "not trusted"), (str(pair[0]), "wrong", "does not let desk in")):
            configure({"smtp.secret": word}, mail={"smtp": {**out, "ca": ca}})
            with pytest.raises(ValidationError, match=why):
                letters.send(people["analyst-civil"], letter)
        configure({"smtp.secret": "right"}, mail={"smtp": {**out, "ca": str(pair[0])}})
        letters.send(people["analyst-civil"], letter)
    finally:
        controller.stop()
    assert signed[0] == (b"desk", b"wrong")
    assert signed[-1] == (b"desk", b"right")
    assert len(made.got) == 1
