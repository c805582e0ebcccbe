"""Chat exports: of the files sent in them, hash, time and kind of channel. Nothing else of a chat is kept.

Senders are sealed with the caller's key (HMAC-SHA256, the first 128 bits): the same sender can be told in two exports,
not who it is. Texts are not kept, nor file names; a file that was sent is read only when it is handed over by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from kulla.errors import InputError, UnsafeInput
from kulla.events import unpack
from kulla.leaks.intake import telegram, whatsapp
from kulla.leaks.intake._api import LONGEST, Blob, Found, Problem, Task
from kulla.leaks.intake.encoding import encoding
from kulla.leaks.intake.package import listed
from kulla.leaks.leaktable import Sighting

_HEAD: Final = 1 << 14
_LARGEST: Final = 256 << 20
_TEXT: Final = re.compile(r"(?:.*/)?(?:_chat|[^/]*WhatsApp[^/]*)\.txt")
_RESULT: Final = re.compile(r"(?:.*/)?result\.json")
_DATED: Final = re.compile(rb"[^A-Za-z0-9]{0,12}[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]")
_TELEGRAM: Final = re.compile(rb'^\s*(?:\xef\xbb\xbf)?\{\s*"(?:about|name|type|chats|personal_information)"')

Hash = Callable[[str], str]


class Chat:
    """An export as a text, a `result.json`, or a zip of one of these and the files sent."""

    name = "chat"

    def sniff(self, blob: Blob) -> bool:
        if blob.head(2) == b"PK":
            return bool(_member(listed(blob)))
        head = blob.head(_HEAD)
        if _DATED.match(head.replace(b"\0", b"")):
            codec = encoding(memoryview(head))
            return bool(codec and whatsapp.is_chat(head.decode(codec, "replace").lstrip("\ufeff")))
        return bool(_TELEGRAM.match(head)) and b'"messages"' in blob.data[: 1 << 20] and _is_result(blob)

    def read(self, blob: Blob, task: Task) -> Iterator[Found]:
        if blob.head(2) != b"PK":
            data = bytes(blob.data[:_LARGEST])
            yield from _sightings(
                data, "result.json" if data.lstrip(b"\xef\xbb\xbf \r\n")[:1] == b"{" else "", {}, task
            )
            return
        with open(blob.path, "rb") as file, unpack.open_zip(file, task.settings) as archive:
            budget = unpack.Budget(task.settings, len(blob))
            member = _member(frozenset(archive.namelist()))
            data, hashes = b"", dict[str, str]()
            for info in archive.infolist():
                if info.is_dir():
                    continue
                inner = unpack.zip_member(archive, info, budget)
                with io.BufferedReader(inner) as stream:
                    if info.filename == member:
                        data = _whole(stream)
                    else:
                        base = info.filename.rpartition("/")[2]
                        hashes[base] = hashlib.file_digest(stream, "sha256").hexdigest()
                if inner.fault:
                    yield Problem(f"a file in the export: {inner.fault.reason}")
                    hashes.pop(info.filename.rpartition("/")[2], None)
            yield from _sightings(data, member, hashes, task)


def _whole(stream: BinaryIO) -> bytes:
    """The chat itself. Read by steps: asked for at once, all that it may have would be set aside in memory."""
    parts, size = [], 0
    while data := stream.read(unpack.CHUNK):
        size += len(data)
        if size > _LARGEST:
            raise UnsafeInput(f"a chat of more than {_LARGEST >> 20} MiB")
        parts.append(data)
    return b"".join(parts)


def _member(names: frozenset[str]) -> str:
    """The member of a zip that is the chat itself; empty when there is none."""
    results = sorted((name for name in names if _RESULT.fullmatch(name)), key=len)
    texts = sorted((name for name in names if _TEXT.fullmatch(name)), key=len)
    return (texts or results or [""])[0]


def _is_result(blob: Blob) -> bool:
    try:
        return telegram.is_chat(json.loads(bytes(blob.data[:_LARGEST])))
    except (ValueError, RecursionError):
        return False


def _sightings(data: bytes, member: str, hashes: Mapping[str, str], task: Task) -> Iterator[Found]:
    codec = encoding(memoryview(data))
    if codec is None:
        raise InputError("a chat export whose text cannot be read")
    text = data.decode(codec, "replace").lstrip("\ufeff")
    found = list(_telegram(text, hashes, task) if member.endswith(".json") else _whatsapp(text, hashes, task))
    yield from found
    known = sum(1 for each in found if isinstance(each, Sighting) and each.file_sha256)
    if known:
        yield Problem(f"{known} files sent in the chat were hashed, not read: hand a table among them over by itself")


def _whatsapp(text: str, hashes: Mapping[str, str], task: Task) -> Iterator[Found]:
    files, senders = whatsapp.sent(line[:LONGEST] for line in text.split("\n"))
    kind = "group" if senders > 2 else "private"
    for each in files:
        yield Sighting(each.time, "whatsapp", kind, hashes.get(each.file, ""), _sealed("whatsapp", each.sender, task))
    if files:
        yield Problem(
            "times of the chat are its phone's, of a zone it does not tell; taken as UTC: 14 hours either way"
        )


def _telegram(text: str, hashes: Mapping[str, str], task: Task) -> Iterator[Found]:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise InputError("a damaged chat export") from None
    if not telegram.is_chat(value):
        raise InputError("no chat export: its result.json holds no messages")
    zoned = True
    for each in telegram.sent(value):
        zoned = zoned and each.zoned
        sha256 = hashes.get(each.file.rpartition("/")[2], "")
        yield Sighting(each.time, "telegram", each.kind, sha256, _sealed("telegram", each.sender, task))
    if not zoned:
        yield Problem(
            "times of the chat are its computer's, of a zone it does not tell; taken as UTC: 14 hours either way"
        )


def _sealed(channel: str, sender: str, task: Task) -> str:
    """A sender under the key; empty without a key, since names and numbers can be guessed."""
    if not task.key or not sender:
        return ""
    return hmac.new(task.key, f"{channel}\0{sender}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]
