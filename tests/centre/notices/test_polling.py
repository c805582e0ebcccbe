"""Reports from a real mailbox and from files: each once, whole, whatever stops in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import mailserver
import pytest
from centrecast import Cast
from django.utils import timezone

from kulla.centre.folder import Centre
from kulla.centre.notices import mailbox, polling, taking, threads
from kulla.centre.notices.models import Attachment, Mailbox, Report
from kulla.centre.notices.taking import store, take_message
from kulla.centre.notices.ways import ways
from kulla.errors import ConfigError, InputError

pytestmark = pytest.mark.django_db
Mail = Callable[..., bytes]
NOW = timezone.now()


def box(imap: mailserver.Server, security: str = "starttls", **more: object) -> dict[str, object]:
    port = imap.port if security == "starttls" else imap.tls
    base = {"host": "localhost", "port": port, "security": security, "user": "demouser", "ca": str(imap.ca)}
    return {"boxes": {"a": {**base, **more}}}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mailbox_is_read_once_and_left_as_it_was(
    imap: mailserver.Server, configure: Callable[..., Centre], people: Cast, mail: Mail, security: str
) -> None:
    centre = configure({"imap-a.secret": "demopass"}, mail=box(imap, security, zone="military"))
    before = imap.unseen()
    big = mail("[TLP:GREEN] big", files={"a.bin": bytes(range(256)) * 30_000})
    imap.put(mail("first"), big, tls=security == "tls")
    assert polling.poll(centre, ways(centre.told), NOW) == []
    found = list(Report.objects.order_by("number"))
    assert [row.subject for row in found][-2:] == ["first", "[TLP:GREEN] big"]
    assert {row.zone for row in found} == {"military"}
    assert found[-1].tlp == "GREEN"
    part = found[-1].attachments.get(whole=False)
    assert b"".join(store().get(part.address)) == bytes(range(256)) * 30_000
    last = Mailbox.objects.get().uid
    with mailbox.opened(ways(centre.told).boxes[0], "demopass") as opened:
        assert opened.after(last, 10) == []  # though n:* always holds the last message
        assert len(opened.after(0, 10)) == min(10, len(found))
    assert polling.poll(centre, ways(centre.told), NOW) == []
    assert Report.objects.count() == len(found)
    if security == "starttls":
        assert imap.unseen() == before + 2


def test_a_mailbox_that_numbers_anew_doubles_nothing(
    imap: mailserver.Server, configure: Callable[..., Centre], people: Cast, mail: Mail
) -> None:
    centre = configure({"imap-a.secret": "demopass"}, mail=box(imap))
    imap.put(mail("again"))
    polling.poll(centre, ways(centre.told), NOW)
    count = Report.objects.count()
    Mailbox.objects.update(validity=1, uid=10**9)
    assert polling.poll(centre, ways(centre.told), NOW) == []
    assert Report.objects.count() == count
    assert Mailbox.objects.get().validity != 1


def test_whoever_is_killed_before_remembering_finds_the_same_report(
    imap: mailserver.Server, configure: Callable[..., Centre], people: Cast, mail: Mail
) -> None:
    centre = configure({"imap-a.secret": "demopass"}, mail=box(imap))
    imap.put(mail("killed"))
    polling.poll(centre, ways(centre.told), NOW)
    Mailbox.objects.update(uid=0)  # as if the report stood and the place in the mailbox was not written
    count, items = Report.objects.count(), len(list(store().addresses()))
    polling.poll(centre, ways(centre.told), NOW)
    assert (Report.objects.count(), len(list(store().addresses()))) == (count, items)


def test_a_longer_message_is_told_and_its_beginning_taken(
    imap: mailserver.Server, configure: Callable[..., Centre], people: Cast, mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = configure({"imap-a.secret": "demopass"}, mail=box(imap))
    monkeypatch.setattr(mailbox, "MOST_BYTES", 1000)
    imap.put(mail("long", "x " * 70_000))
    polling.poll(centre, ways(centre.told), NOW)
    row = Report.objects.get(subject="long")
    assert "only its beginning" in row.faults[0]
    assert "UID" in row.faults[0]


def test_what_fails_is_told_and_holds_up_nobody(
    imap: mailserver.Server, configure: Callable[..., Centre], people: Cast
) -> None:
    boxes = box(imap)["boxes"]
    assert isinstance(boxes, dict)
    dead = {**boxes["a"], "port": mailserver.free_port()}
    distrusted = {**boxes["a"], "ca": ""}
    centre = configure(
        {"imap-b.secret": "wrong", "imap-c.secret": "x", "imap-d.secret": "demopass", "imap-a.secret": "demopass"},
        mail={"boxes": {"b": boxes["a"], "c": dead, "d": distrusted, "a": boxes["a"], "e": boxes["a"]}},
    )
    wrong = polling.poll(centre, ways(centre.told), NOW)
    said = "\n".join(wrong)
    for each in ("does not let demouser in", "does not answer", "not trusted", "imap-e.secret"):
        assert each in said
    assert "wrong" not in said
    assert Mailbox.objects.get(name="a").read == NOW
    assert Mailbox.objects.get(name="b").read is None


def test_a_mailbox_is_never_read_in_the_clear(configure: Callable[..., Centre]) -> None:
    with pytest.raises(ConfigError, match="in the clear"):
        ways(configure(mail={"boxes": {"a": {"host": "localhost", "security": "none"}}}).told)


def test_files_become_reports_and_leave_nothing_readable(here: Centre, people: Cast, mail: Mail) -> None:
    root = here.inbox / ".reports"
    (root / "joint").mkdir(parents=True)
    data = mail("dropped", "secret words", files={"x.txt": b"inner"})
    (root / "a.eml").write_bytes(data)
    (root / "joint" / "b.eml").write_bytes(data)
    (root / "c.eml.part").write_bytes(data)
    (root / "d.msg").write_bytes(b"\xd0\xcf\x11\xe0")
    assert polling.sweep(here, ways(here.told), 60) == 0
    assert polling.sweep(here, ways(here.told), 0) == 3
    assert sorted(Report.objects.values_list("zone", "subject")) == [
        ("civil", "d.msg"), ("civil", "dropped"), ("joint", "dropped")
    ]  # fmt: skip
    assert [path.name for path in root.rglob("*") if path.is_file()] == ["c.eml.part"]
    odd = Report.objects.get(subject="d.msg").attachments.get()
    assert (odd.whole, odd.size) == (True, 4)
    assert "no .eml" in odd.reason
    for path in here.path.rglob("*"):
        if path.is_file() and path.suffix != ".part":
            assert b"secret words" not in path.read_bytes(), path.name


def test_a_file_that_is_too_long_is_put_aside(here: Centre, monkeypatch: pytest.MonkeyPatch, all_zones: None) -> None:
    monkeypatch.setattr(polling, "MOST_BYTES", 3)
    root = here.inbox / ".reports"
    root.mkdir()
    (root / "a.eml").write_bytes(b"long")
    with pytest.raises(InputError, match="longer"):
        polling.sweep(here, ways(here.told), 0)
    assert (root / ".too-long" / "any" / "a.eml").exists()


def test_files_put_aside_keep_their_zone_and_replace_nothing(
    here: Centre, monkeypatch: pytest.MonkeyPatch, all_zones: None
) -> None:
    monkeypatch.setattr(polling, "MOST_BYTES", 3)
    root = here.inbox / ".reports"
    said = []
    for turn in range(2):
        for place in ("civil", "military", "military/2026"):
            (root / place).mkdir(parents=True, exist_ok=True)
            (root / place / "a.eml").write_bytes(f"{place} {turn}".encode())
        with pytest.raises(InputError) as error:
            polling.sweep(here, ways(here.told), 0)
        said.append(str(error.value))
    aside = root / ".too-long"
    found = {path.relative_to(aside).as_posix(): path.read_text() for path in aside.rglob("*.eml")}
    assert found == {
        "civil/a.eml": "civil 0", "civil/2/a.eml": "civil 1",
        "military/a.eml": "military 0", "military/2/a.eml": "military/2026 0",
        "military/3/a.eml": "military 1", "military/4/a.eml": "military/2026 1",
    }  # fmt: skip
    assert {path.suffix for path in root.rglob("*") if path.is_file()} == {".eml"}
    for each in (".too-long/civil/a.eml", ".too-long/military/2/a.eml"):
        assert each in said[0]


def test_numbers_count_on_and_the_whole_is_kept(here: Centre, people: Cast, mail: Mail) -> None:
    data = [mail(f"n{k}") for k in range(3)]
    rows = [take_message(each, "civil", "mail") for each in [*data, data[0]]]
    assert [row.number[-5:] for row in rows] == ["00001", "00002", "00003", "00001"]
    whole = rows[0].attachments.get(whole=True)
    assert b"".join(store().get(whole.address)) == data[0]
    assert Attachment.objects.count() == 3


def test_marks_of_the_subject_hold_and_a_wrong_one_makes_stricter(here: Centre, people: Cast, mail: Mail) -> None:
    for subject, tlp in (
        ("x", "AMBER"),
        ("[TLP:RED] x", "RED"),
        ("TLP:CLEAR", "CLEAR"),
        ("TLP:PURPLE", "AMBER+STRICT"),
    ):
        row = take_message(mail(subject), "civil", "mail")
        assert row.tlp == tlp
        assert row.originators == ["ana@tax.example"]


def test_an_answer_joins_by_its_code_and_never_by_a_number(here: Centre, people: Cast, mail: Mail) -> None:
    first = take_message(mail("[TLP:AMBER+STRICT] first"), "civil", "mail")
    ours = threads.new_id(first.number, "centre.example")
    answer = take_message(mail("Re: first", In_Reply_To=ours), "civil", "mail")
    assert answer.follows == first
    assert answer.tlp == "AMBER+STRICT"
    by_address = threads.answer_address(first.number, "reports@centre.example")
    other = take_message(mail("Re: hm", Cc=by_address), "civil", "mail")
    assert other.follows == first
    again = take_message(mail("Re: re", References=f"<x@y> {ours} <z@y>"), "civil", "mail")
    assert again.follows == first
    stranger = take_message(mail(f"Re: [{first.number}] me too"), "civil", "mail")
    assert (stranger.follows, stranger.claims) == (None, first.number)
    for forged in (
        ours.replace(first.number, "R-C-2026-09999"),
        ours[:16] + ("0" if ours[16] != "0" else "1") + ours[17:],
    ):
        assert take_message(mail("Re: x", In_Reply_To=forged), "civil", "mail").follows is None
    elsewhere = take_message(mail("Re: y", In_Reply_To=ours), "military", "mail")
    assert elsewhere.follows is None


def test_ages_of_reports_are_of_their_reading(here: Centre, people: Cast, mail: Mail) -> None:
    row = take_message(mail(Date="Thu, 1 Jan 1970 00:00:00 +0000"), "civil", "mail")
    assert timezone.now() - row.received < timedelta(minutes=1)
    assert json.dumps(row.faults) == "[]"
    assert taking.store().verify([each.address for each in row.attachments.all()]) == ()
