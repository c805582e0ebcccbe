"""The only file that speaks IMAP (RFC 3501). A mailbox is read and never changed: how far is remembered here, by UID.

Flags are left alone, so that people may use the mailbox beside the centre, and nothing depends on what they did.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from kulla.centre.notices.mail import MOST_BYTES
from kulla.centre.notices.ways import Box
from kulla.errors import ConfigError, InputError

TIMEOUT: Final = 30.0
_PIECE: Final = 4 << 20
_HEAD: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message. `whole` is False when it is longer than is taken: `data` is its beginning then."""

    uid: int
    size: int
    data: bytes
    whole: bool


@dataclass
class Mailbox:
    """An open mailbox. `validity` is its UIDVALIDITY: when it changes, every UID means something else."""

    _imap: imaplib.IMAP4
    validity: int

    def after(self, uid: int, most: int) -> list[int]:
        """The UIDs above `uid`, lowest first, at most `most`."""
        found = self._ask("UID", "SEARCH", "UID", f"{uid + 1}:*")
        numbers = sorted(int(each) for line in found if line for each in bytes(line).split())
        return [each for each in numbers if each > uid][:most]  # n:* always holds the last message

    def fetch(self, uid: int) -> Fetched | None:
        """A message; None when it was deleted meanwhile. Raises InputError."""
        told = b" ".join(_texts(self._ask("UID", "FETCH", str(uid), "(RFC822.SIZE)")))
        size = re.search(rb"RFC822\.SIZE (\d+)", told)
        if size is None:
            return None
        length = int(size[1])
        wanted = min(length, _HEAD) if length > MOST_BYTES else length
        data = bytearray()
        while len(data) < wanted or not data:
            count = min(_PIECE, wanted - len(data)) or 1
            answer = self._ask("UID", "FETCH", str(uid), f"(BODY.PEEK[]<{len(data)}.{count}>)")
            piece = next((bytes(each[1]) for each in answer if isinstance(each, tuple)), b"")
            if not piece:
                break
            data += piece
        return Fetched(uid, length, bytes(data), length <= MOST_BYTES)

    def _ask(self, *command: str) -> list[bytes]:
        try:
            state, found = self._imap.uid(*command[1:])
        except (OSError, imaplib.IMAP4.error) as error:
            raise InputError(f"the mail server did not answer ({type(error).__name__})") from None
        if state != "OK":
            raise InputError(f"the mail server refused {command[1]}")
        return list(found)


def _texts(answer: list[bytes]) -> Iterator[bytes]:
    for each in answer:
        if each:
            yield each[0] if isinstance(each, tuple) else each


@contextmanager
def opened(box: Box, password: str) -> Iterator[Mailbox]:
    """Sign in over TLS and open the folder for reading. Raises InputError, which never holds what the server said of
    the password, and ConfigError."""
    imap = _connected(box)
    try:
        try:
            imap.login(box.server.user, password)
        except (OSError, imaplib.IMAP4.error):
            raise InputError(f"mailbox {box.name}: the server does not let {box.server.user} in") from None
        try:
            state, _ = imap.select(_quoted(box.folder), readonly=True)
            validity = imap.response("UIDVALIDITY")[1]
        except (OSError, imaplib.IMAP4.error):
            state, validity = "NO", []
        if state != "OK" or not validity or not validity[0]:
            raise InputError(f"mailbox {box.name}: folder {box.folder} cannot be opened")
        yield Mailbox(imap, int(validity[0]))
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            imap.logout()


def _connected(box: Box) -> imaplib.IMAP4:
    server = box.server
    try:
        trust = ssl.create_default_context(cafile=server.ca or None)
    except (OSError, ssl.SSLError):
        raise ConfigError(f"mailbox {box.name}: {server.ca}: no certificate can be read from it") from None
    try:
        if server.security == "tls":
            return imaplib.IMAP4_SSL(server.host, server.port, ssl_context=trust, timeout=TIMEOUT)
        imap = imaplib.IMAP4(server.host, server.port, timeout=TIMEOUT)
        imap.starttls(trust)
    except ssl.SSLCertVerificationError:
        raise InputError(f"mailbox {box.name}: {server.host}: its certificate is not trusted") from None
    except (OSError, imaplib.IMAP4.error) as error:
        raise InputError(f"mailbox {box.name}: {server.host} does not answer ({type(error).__name__})") from None
    return imap


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
