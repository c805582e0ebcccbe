"""Telegram's exported chats (`result.json`, one chat or all): which files were sent when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

_KINDS: Final = {
    "personal_chat": "private", "bot_chat": "private", "saved_messages": "private", "private_group": "group",
    "private_supergroup": "group", "public_supergroup": "group", "private_channel": "channel",
    "public_channel": "channel",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent. `zoned`: the time is exact, not the exporting computer's of a zone not told."""

    time: datetime
    zoned: bool
    kind: str
    sender: str
    file: str


def is_chat(value: Any) -> bool:
    """Whether a JSON value is an export."""
    return isinstance(value, dict) and bool(_chats(value))


def sent(value: Mapping[str, Any]) -> Iterator[Sent]:
    """The files sent, chat by chat."""
    for chat in _chats(value):
        kind = _KINDS.get(str(chat.get("type")), "group")
        for message in chat["messages"]:
            if not isinstance(message, dict):
                continue
            file = message.get("file") or message.get("photo")
            when = _time(message)
            if isinstance(file, str) and file and when:
                who = message.get("from_id") or message.get("from") or ""
                name = "" if file.startswith("(") else file  # "(File not included…)"
                yield Sent(when[0], when[1], kind, str(who), name)


def _chats(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    chats = value.get("chats")
    listed = chats.get("list") if isinstance(chats, dict) else [value]
    return [
        each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and isinstance(each.get("messages"), list) and isinstance(each.get("type"), str)
    ]


def _time(message: Mapping[str, Any]) -> tuple[datetime, bool] | None:
    try:
        if message.get("date_unixtime") is not None:
            return datetime.fromtimestamp(int(str(message["date_unixtime"])), UTC), True
        found = datetime.fromisoformat(str(message.get("date")))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC), found.tzinfo is not None
    except (ValueError, OverflowError, OSError):
        return None
