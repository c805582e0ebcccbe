"""How a leak spread, as chat exports tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kulla.leaks.leaktable import LeakFile, Sighting
from kulla.leaks.sightings import spread

T = datetime(2026, 5, 12, 14, 3, tzinfo=UTC)


def seen(hours: int, sha256: str, sender: str = "", channel: str = "whatsapp") -> Sighting:
    return Sighting(T + timedelta(hours=hours), channel, "group", sha256, sender)


def test_the_earliest_sighting_and_the_spread_are_told_and_no_sender() -> None:
    leak = LeakFile("paga.csv", "aa", 1, "csv")
    chat = LeakFile(
        "chat.zip", "bb", 1, "chat",
        sightings=(seen(5, "aa", "s1"), seen(0, "aa", "s2"), seen(7, "aa", "s1"), seen(-1, ""), seen(9, "cc", "s1")),
    )  # fmt: skip
    other = LeakFile("result.json", "dd", 1, "chat", sightings=(seen(3, "aa", channel="telegram"),))
    told = spread([leak, chat, other])
    assert [(each["file"], each["sha256"], each["channel"], each["times"], each["senders"]) for each in told] == [
        (None, "", "whatsapp", 1, None), (0, "aa", "whatsapp", 3, 2), (0, "aa", "telegram", 1, None),
        (None, "cc", "whatsapp", 1, 1),
    ]  # fmt: skip
    assert told[1]["first"] == T.isoformat()
    assert "s1" not in str(told)


def test_without_a_chat_there_is_nothing_to_tell() -> None:
    assert spread([LeakFile("paga.csv", "aa", 1, "csv")]) == ()
