"""A stranger's message: whatever the bytes, it is read or told, never raised over, and what is attached comes back."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.centre.notices import mail
from kulla.centre.notices.confined import read_confined
from kulla.centre.notices.mail import read
from kulla.centre.notices.plain import plain

HOSTILE = st.lists(
    st.sampled_from(
        [
            *(
                b"From: a@b.example\n",
                b"Subject: =?utf-8?b?4?=\n",
                b"Subject: =?x?q?=ff?=\n",
                b"\n",
                b"\r\n",
                b"--b\n",
                b"--b--\n",
            ),
            *(b"Content-Type: multipart/mixed; boundary=b\n", b'Content-Type: text/html; charset="idna"\n'),
            *(b"Content-Type: message/rfc822\n", b"Content-Transfer-Encoding: base64\n", b"Content-Type: ;;=\n"),
            *(b"Content-Disposition: attachment; filename*=x'y'%ff\n", b"Content-Transfer-Encoding: uuencode\n"),
            *(
                b"Content-Type: multipart/alternative; boundary*0=b\n",
                b" folded\n",
                b"begin 644 x\n",
                b"\x00\xff\xed\xa0\x80",
            ),
            *(b"Message-ID: <x\x00y@z>\n", b"References: <" + b"a" * 600 + b">\n", b"From: =?utf-8?q?=00?= <q@w>\n"),
            *(b"Content-Type: text/plain; charset=utf-7\n", b"+2AA-\n", b"<a href=x", b"<script>", b"\xc3\xab"),
        ]
    )
    | st.binary(max_size=20),
    max_size=30,
).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(HOSTILE)
def test_no_bytes_raise_and_every_text_can_be_stored(data: bytes) -> None:
    found = read(data)
    texts = [found.subject, found.sender, found.name, found.to, found.id, found.text, *found.ids, *found.faults]
    texts += [text for part in found.parts for text in (part.name, part.kind, part.reason)]
    for text in texts:
        text.encode("utf-8")  # no lone surrogate
        assert "\0" not in text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=30), st.binary(min_size=1, max_size=200)), max_size=5),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=50),
)
def test_nothing_that_is_attached_is_lost(files: list[tuple[str, bytes]], text: str) -> None:
    message = EmailMessage()
    message.set_content(text)
    for name, content in files:
        clean = "".join(ch for ch in name if ch.isprintable())
        message.add_attachment(content, maintype="application", subtype="x-any", filename=clean or "f")
    found = read(message.as_bytes())
    assert [part.content for part in found.parts] == [content for _, content in files]
    assert text in found.text


def test_charsets_are_not_believed() -> None:
    head = b"From: A <a@b.example>\nSubject: caf\xe9\nContent-Type: text/plain; charset=%s\n\n%s"
    for lie, body, meant in (
        (b"us-ascii", "ëç".encode(), "ëç"),
        (b"utf-8", b"caf\xe9", "café"),
        (b"no-such", b"abc", "abc"),
    ):
        found = read(head % (lie, body))
        assert found.text == meant
        assert found.subject == "café"
        assert any("charset" in each for each in found.faults)


def test_a_message_within_is_shown_and_kept() -> None:
    inner = EmailMessage()
    inner["Subject"], inner["From"] = "Your parcel", "post@evil.example"
    inner.set_content("pay here")
    outer = EmailMessage()
    outer["Subject"] = "FW: is this real"
    outer.set_content("please look")
    outer.add_attachment(inner)
    found = read(outer.as_bytes())
    for each in ("please look", "Your parcel", "post@evil.example", "pay here"):
        assert each in found.text
    assert b"pay here" in found.parts[0].content
    assert found.parts[0].kind == "message/rfc822"


def test_of_alternatives_the_plain_one_is_read() -> None:
    message = EmailMessage()
    message.set_content("plain words")
    message.add_alternative("<p>rich words</p>", subtype="html")
    assert read(message.as_bytes()).text == "plain words"
    message = EmailMessage()
    message.set_content("<p>only <b>rich</b></p>", subtype="html")
    assert read(message.as_bytes()).text == "only rich"


@pytest.mark.parametrize(
    "data",
    [
        b"x: y\n" + b"a\n" * (mail.MOST_LINES + 1),
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (k, k) for k in range(300)),
        b"Content-Type: multipart/mixed" + b';"' * mail.MOST_HEADER + b"\n\nx",
        b"Content-Type: multipart/mixed\n" + b' ;"\n' * mail.MOST_HEADER + b"\n\nx",
    ],
    ids=["lines", "parts", "header", "folded header"],
)
def test_bombs_are_told_and_not_parsed(data: bytes) -> None:
    found = read(data)
    assert "kept whole" in found.faults[0]
    assert not found.parts


def test_nesting_ends() -> None:
    data = b"x"
    for k in range(150):
        data = b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (k, k) + data + b"\n--b%d--\n" % k
    assert any("deeper" in each for each in read(data).faults)
    data = b"Subject: x\n\nx"
    for _ in range(150):
        data = b"Content-Type: message/rfc822\n\n" + data
    found = read(data)
    assert any("more than are read" in each for each in found.faults)
    assert len(found.parts) == 1


def test_the_child_reads_as_we_do() -> None:
    message = EmailMessage()
    message["From"], message["Subject"] = "Ana <ana@x.example>", "Përshëndetje"
    message.set_content("tekst")
    message.add_attachment(b"\0\xff", maintype="application", subtype="zip", filename="a.zip")
    assert read_confined(message.as_bytes()) == read(message.as_bytes())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<", ">", "<a href='x'>", "</a>", "<!--", "-->", "<script>", "</script>", "&amp;", "t", "İ"]),
        max_size=20,
    )
)
def test_html_of_any_kind_becomes_text(pieces: list[str]) -> None:
    plain("".join(pieces))


def test_what_html_shows_stays_and_what_it_runs_goes() -> None:
    page = "<html><head><title>t</title><style>p{}</style></head><body onload=x()><p>One</p><p>Two <img src='http://t.example/p.png'></p></body>"
    text = plain(page)
    assert text.split("\n")[0] == "One"
    assert "http://t.example/p.png" in text
    for gone in ("x()", "p{}", "<"):
        assert gone not in text
