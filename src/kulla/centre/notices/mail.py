"""A message as a report reads it: who, what about, the text, what is attached. Pure: bytes in, values out.

The sender is a stranger and may mean harm: sizes, parts, nesting and headers are bounded before and while the message
is parsed, charsets are not believed, HTML becomes text. Nothing raises and nothing is lost: the message itself is kept
whole by whoever calls, and what could not be read is told in `faults` or in the `reason` of a part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr
from typing import Final

from kulla.centre.notices.plain import plain, tidy

MOST_BYTES: Final = 64 << 20
MOST_LINES: Final = 2_000_000
MOST_BOUNDARIES: Final = 200
"""Each boundary is compared with each line: without a bound a message of a megabyte takes minutes."""
MOST_HEADER: Final = 64 << 10
"""Bytes of a header; the parser's time grows with their square."""
MOST_PARTS: Final = 200
MOST_DEPTH: Final = 12
MOST_WITHIN: Final = 5
MOST_TEXT: Final = 200_000
_IDS: Final = re.compile(r"<[^<>\s]{1,500}>")


@dataclass(frozen=True, slots=True)
class Part:
    """Something attached. `kind` is what the message claims it is; `reason` why it was not read as text, or empty."""

    name: str
    kind: str
    content: bytes
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What was read. `sender` is an address or empty; `ids` are the message ids it answers; `to` every address text of
    To, Cc and Delivered-To; `faults` what could not be read or believed, in words without content."""

    subject: str = ""
    sender: str = ""
    name: str = ""
    to: str = ""
    id: str = ""
    ids: tuple[str, ...] = ()
    text: str = ""
    parts: tuple[Part, ...] = ()
    faults: tuple[str, ...] = ()


def read(data: bytes) -> Mail:
    """Read a message. Never raises for any bytes."""
    refused = _too_much(data)
    if refused:
        return Mail(faults=(refused,))
    try:
        message = message_from_bytes(data)
        return _Reader().mail(message)
    except (Exception, RecursionError) as error:  # noqa: BLE001 - a stranger's bytes: any fault of the parser is told
        return Mail(faults=(f"not read as a message ({type(error).__name__}); it is kept whole",))


def _too_much(data: bytes) -> str:
    """Why a message is not parsed at all, or nothing."""
    if len(data) > MOST_BYTES:
        return f"longer than {MOST_BYTES >> 20} MiB: not read, kept whole"
    if data.count(b"\n") + data.count(b"\r") > MOST_LINES:
        return f"more than {MOST_LINES:,} lines: not read, kept whole"
    low = data.lower()
    if low.count(b"boundary") > MOST_BOUNDARIES or low.count(b"message/") > MOST_BOUNDARIES:
        return f"more than {MOST_BOUNDARIES} parts within parts: not read, kept whole"
    # Headers anywhere: a folded one is a run of lines that begin with a blank.
    for block in re.finditer(rb"(?:^|\n)[!-9;-~]{1,100}:[^\n]*(?:\n[ \t][^\n]*)*", data):
        if block.end() - block.start() > MOST_HEADER:
            return f"a header of more than {MOST_HEADER >> 10} KiB: not read, kept whole"
    return ""


class _Reader:
    """One message. `within`: how many messages it lies in; of those only the text is wanted."""

    def __init__(self, within: int = 0) -> None:
        self.within = within
        self.faults: list[str] = []
        self.parts: list[Part] = []
        self.texts: list[str] = []
        self.seen = 0

    def mail(self, message: Message) -> Mail:
        self._walk(message, 0)
        name, sender = self._address(message)
        text = tidy("\n\n".join(self.texts))
        if len(text) > MOST_TEXT:
            self.faults.append(f"the text is longer than {MOST_TEXT:,} characters and shown in part")
        ids = _IDS.findall(f"{_raw(message, 'In-Reply-To')} {_raw(message, 'References')}")
        own = _IDS.search(_raw(message, "Message-ID"))
        to = " ".join(_raw(message, each) for each in ("To", "Cc", "Delivered-To", "X-Original-To"))
        return Mail(
            subject=self.header(message, "Subject")[:500], sender=sender[:320], name=name[:200], to=to[:5000],
            id=own[0] if own else "", ids=tuple(dict.fromkeys(ids))[:100], text=text[:MOST_TEXT],
            parts=tuple(self.parts), faults=tuple(dict.fromkeys(self.faults)),
        )  # fmt: skip

    def header(self, message: Message, name: str) -> str:
        """A header as one line of text, whatever its encoded words claim."""
        raw = _raw(message, name)
        try:
            found = "".join(
                self._decoded(each, charset or "ascii") if isinstance(each, bytes) else each
                for each, charset in decode_header(raw)
            )
        except Exception:  # noqa: BLE001 - encoded words of a stranger
            self.faults.append(f"{name} is wrongly encoded and shown as it came")
            found = raw
        return " ".join("".join(ch if ch.isprintable() else " " for ch in found).split())

    def _address(self, message: Message) -> tuple[str, str]:
        text = self.header(message, "From")
        name, address = parseaddr(text[:2000])
        if address.count("@") != 1 or any(ch.isspace() or ch in "<>,;\"'" for ch in address):
            if text:
                self.faults.append("From is no single address")
            return text, ""
        return name, address

    def _walk(self, message: Message, depth: int) -> None:
        self.seen += 1
        if self.seen > MOST_PARTS or depth > MOST_DEPTH:
            self.faults.append("more parts, or deeper ones, than are read; the rest is in the message as it is kept")
            return
        kind = message.get_content_type().encode("ascii", "replace").decode()[:100]
        kind = "".join(ch for ch in kind if ch.isprintable())
        held = message.get_payload()
        inner = [each for each in held if isinstance(each, Message)] if isinstance(held, list) else None
        if kind == "message/rfc822" and inner:
            self._nested(message, inner[0])
        elif kind == "multipart/alternative" and inner:
            chosen = self._alternative(inner)
            for each in inner:
                if each is chosen or not each.get_content_type().startswith("text/") or _attached(each):
                    self._walk(each, depth + 1)
        elif inner is not None:
            for each in inner:
                self._walk(each, depth + 1)
        else:
            self._leaf(message, kind)

    @staticmethod
    def _alternative(found: list[Message]) -> Message | None:
        texts = [each for each in found if each.get_content_type().startswith("text/") and not _attached(each)]
        return next((each for each in texts if each.get_content_type() == "text/plain"), texts[0] if texts else None)

    def _nested(self, outer: Message, message: Message) -> None:
        """A message within: kept as a file; its subject and text are shown."""
        name = self._name(outer) or "message.eml"
        content, reason = b"", ""
        if self.within >= MOST_WITHIN:
            self.faults.append("messages within messages, more than are read")
            return
        try:
            content = b"" if self.within else message.as_bytes()
        except Exception as error:  # noqa: BLE001 - the generator raises what it likes over broken headers
            reason = f"cannot be written out ({type(error).__name__}); it is in the message as it is kept"
        self.parts.append(Part(name, "message/rfc822", content, reason))
        within = _Reader(self.within + 1)
        inside = within.mail(message)
        self.texts.append(f"--- {inside.name} {inside.sender}: {inside.subject}\n\n{inside.text}")
        self.faults += (f"attached message: {each}" for each in inside.faults)

    def _leaf(self, message: Message, kind: str) -> None:
        content, reason = self._content(message)
        if kind in ("text/plain", "text/html") and not _attached(message) and not reason:
            text = self._decoded(content, str(message.get_content_charset("ascii")))
            self.texts.append(plain(text) if kind == "text/html" else text)
            if len(text) > MOST_TEXT:
                self.parts.append(Part(self._name(message) or "text", kind, content, "too long to be shown whole"))
        elif content or reason or self._name(message):
            self.parts.append(Part(self._name(message) or "unnamed", kind, content, reason))

    def _content(self, message: Message) -> tuple[bytes, str]:
        try:
            found = message.get_payload(decode=True)
        except Exception as error:  # noqa: BLE001 - the codecs raise many things
            raw = str(message.get_payload()).encode("utf-8", "surrogateescape")
            return raw, f"its encoding cannot be undone ({type(error).__name__})"
        if message.defects:
            self.faults.append("a part breaks the rules for messages")
        return (found, "") if isinstance(found, bytes) else (b"", "it has no content that can be read")

    def _decoded(self, content: bytes, charset: str) -> str:
        """Text of bytes whose charset may be a lie: as told, else UTF-8, else Windows-1252."""
        for each in (charset, "utf-8", "cp1252"):
            try:
                text = content.decode(each)
                break
            except (LookupError, ValueError, TypeError):
                if content:
                    self.faults.append("a text is not in the charset that it names")
        else:
            text = content.decode("latin-1")
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")

    def _name(self, message: Message) -> str:
        try:
            found = str(message.get_filename("") or "")
        except Exception:  # noqa: BLE001 - parameters of a stranger
            self.faults.append("a file's name cannot be read")
            return ""
        if "=?" in found:
            carrier = Message()
            carrier["Subject"] = found[:2000].replace("\r", " ").replace("\n", " ")
            found = self.header(carrier, "Subject")
        last = found.replace("\\", "/").rpartition("/")[2]
        return "".join(ch for ch in last if ch.isprintable()).strip()[:255]


def _attached(message: Message) -> bool:
    return str(message.get("Content-Disposition", "")).lower().lstrip().startswith("attachment")


def _raw(message: Message, name: str) -> str:
    """A header's text, unfolded; bytes that are no ASCII as UTF-8 or Windows-1252, which is what they mostly are."""
    wanted = name.lower()
    text = next((str(value) for key, value in message.raw_items() if key.lower() == wanted), "")[:20_000]
    data = text.encode("utf-8", "surrogateescape")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())
