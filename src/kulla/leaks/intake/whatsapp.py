"""WhatsApp's exported chats: which files were sent when. Pure.

Android writes `31/12/21, 14:03 - Name: file.xlsx (file attached)`, iOS `[31.12.21, 14:03:22] Name: <attached: a.xlsx>`,
each with the dates and words of the phone's language. Times are the phone's, of a zone that the export does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_DAY: Final = r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})"
_CLOCK: Final = r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?[\s\u202f]?([AaPp]\.?\s?[Mm]\.?)?"
_LINE: Final = re.compile(
    rf"[\u200e\u200f]?(?:\[{_DAY},?\s{_CLOCK}\]\s|{_DAY},?\s{_CLOCK}\s-\s)(.*)", re.DOTALL | re.ASCII
)
_SENDER: Final = re.compile(r"[\u200e\u200f\u202a\u202c]*([^:]{1,100}):\s(.*)", re.DOTALL)
_IOS: Final = re.compile(r"<[^<>:]{2,40}:\s*([^<>]{1,250})>")
_ANDROID: Final = re.compile(
    r"[\u200e\u200f]*([^\n()]{1,250}\.[A-Za-z0-9]{1,5})\s\([^()\n]{3,60}\)\s*(?:\n.*)?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent. `time` is the phone's, taken as UTC."""

    time: datetime
    sender: str
    file: str


@dataclass(frozen=True, slots=True)
class _Message:
    day: tuple[int, int, int]
    clock: tuple[int, int, int]
    sender: str
    body: str


def is_chat(sample: str) -> bool:
    """Whether a text begins like an export: two of its first lines, or its only one, are messages' first lines."""
    lines = [line for line in sample.splitlines()[:20] if line.strip()]
    count = sum(1 for line in lines if _LINE.match(line))
    return bool(lines) and _LINE.match(lines[0]) is not None and count >= min(2, len(lines))


def sent(lines: Iterable[str]) -> tuple[list[Sent], int]:
    """The files sent, in order, and how many senders the chat has."""
    messages = list(_messages(lines))
    order = _order([message.day for message in messages])
    found = []
    for message in messages:
        name = _attached(message.body)
        if name and (time := _time(message, order)):
            found.append(Sent(time, message.sender, name))
    return found, len({message.sender for message in messages if message.sender})


def _messages(lines: Iterable[str]) -> Iterator[_Message]:
    for line in lines:
        found = _LINE.match(line)
        if not found:
            continue
        groups = found.groups()
        day, clock = (groups[:3], groups[3:7]) if groups[0] else (groups[7:10], groups[10:14])
        who = _SENDER.fullmatch(groups[14].rstrip("\r\n"))
        hour = _hour(int(clock[0]), clock[3])
        yield _Message(
            (int(day[0]), int(day[1]), int(day[2])), (hour, int(clock[1]), int(clock[2] or 0)),
            who[1] if who else "", who[2] if who else "",
        )  # fmt: skip


def _hour(hour: int, half: str | None) -> int:
    if not half:
        return hour
    return hour % 12 + (12 if half.lower().startswith("p") else 0)


def _attached(body: str) -> str:
    found = _IOS.search(body) or _ANDROID.fullmatch(body)
    return found[1].strip("\u200e\u200f ") if found else ""


def _order(days: list[tuple[int, int, int]]) -> str:
    """`ymd`, `mdy` or, also in doubt, `dmy`, as the region writes."""
    if any(first > 31 for first, _, _ in days):
        return "ymd"
    return "mdy" if any(second > 12 for _, second, _ in days) and all(first <= 12 for first, _, _ in days) else "dmy"


def _time(message: _Message, order: str) -> datetime | None:
    parts = dict(zip(order, message.day, strict=True))
    year = parts["y"] if parts["y"] > 99 else 2000 + parts["y"]
    try:
        return datetime(year, parts["m"], parts["d"], *message.clock, tzinfo=UTC)
    except ValueError:
        return None
