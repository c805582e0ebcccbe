"""Make a fresh event out of a real one: new identifiers and times, and some command lines, paths and hashes changed.

A copy keeps the relations inside it: one old process GUID becomes one new GUID everywhere in the copy, also in the
rendered message. Class identifiers in paths, and the provider's GUID, stay: they say what happened, not where.
"""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b

from bench.sources import Event

_GUID_NAME = re.compile(r"(?i)^(?!provider).*guid$|^(?:ScriptBlock|Runspace)Id$|^RemoteMachineID$")
_PID_NAME = re.compile(r"(?i)^(?:\w*process|\w*thread)_?id$")
_RECORD_NAME = {"RecordNumber", "EventRecordID"}
_COMMAND_NAME = re.compile(r"(?i)commandline$|^ScriptBlockText$|^Payload$")
_HASH_NAME = re.compile(r"(?i)^(?:hash(?:es)?|md5|sha1|sha256|imphash)$")
_GUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DATE = re.compile(r"^(\d{4})-(\d\d)-(\d\d)(?=[T ]\d\d:\d\d:)")
_HEX_RUN = re.compile(r"[0-9a-fA-F]{16,}")
_PATH = re.compile(r"^(?:[A-Za-z]:\\|\\Device\\|\\device\\|HK[A-Z]+\\|\\\\\?\\)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_MIN_REPLACED = 8  # shorter old values also occur by chance in a message


class Mutator:
    """Makes the events of one copy.

    Args:
        seed: the same seed and copy give the same events.
        copy: 0, 1, …; shifts times by so many days, and gives identifiers of its own.
        share: the probability that a command line, path or hash is changed.
        records: how many record numbers the copies before took, each.
    """

    def __init__(self, seed: int, copy: int, share: float, records: int) -> None:
        self._random = random.Random(f"{seed}/{copy}")
        self._key = f"{seed}/{copy}".encode()
        self._copy, self._share, self._records = copy, share, records
        self._guids: dict[str, str] = {}

    def fresh(self, event: Event) -> Event:
        """A new event; `event` is left as it was. Nested objects are followed, lists are kept."""
        replaced: list[tuple[str, str]] = []
        made = self._object(event, replaced)
        message = made.get("Message")
        if isinstance(message, str):
            for old, new in replaced:
                message = message.replace(old, new)
            made["Message"] = message
        return made

    def _object(self, event: Event, replaced: list[tuple[str, str]]) -> Event:
        made: Event = {}
        for name, value in event.items():
            if isinstance(value, dict):
                made[name] = self._object(value, replaced)
            elif isinstance(value, str):
                made[name] = new = self._text(name, value)
                if new != value and len(value) >= _MIN_REPLACED:
                    replaced.append((value, new))
            elif isinstance(value, int) and not isinstance(value, bool):
                made[name] = self._number(name, value)
            else:
                made[name] = value
        return made

    def _number(self, name: str, value: int) -> int:
        if name in _RECORD_NAME:
            return value + self._copy * self._records
        return self._pid(value) if _PID_NAME.match(name) else value

    def _text(self, name: str, value: str) -> str:
        if _DATE.match(value):
            return _shifted(value, self._copy)
        if name in _RECORD_NAME and value.isdigit():
            return str(int(value) + self._copy * self._records)
        if _PID_NAME.match(name):
            return self._pid_text(value)
        if _GUID_NAME.match(name):
            return _GUID.sub(self._guid, value)
        return self._mutated(name, value)

    def _pid(self, value: int) -> int:
        # 0 and 4 are the idle process and the system's.
        return value if value <= 4 else (value * 31 + self._copy * 1732) % 65532 + 8

    def _pid_text(self, value: str) -> str:
        if value.isdigit():
            return str(self._pid(int(value)))
        if value.startswith("0x"):
            return hex(self._pid(int(value, 16)))
        return value

    def _guid(self, found: re.Match[str]) -> str:
        old = found.group()
        if not old.strip("0-"):
            return old
        new = self._guids.get(old)
        if new is None:
            digits = blake2b(old.lower().encode(), key=self._key[:64], digest_size=16).hexdigest()
            new = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
            self._guids[old] = new
        return new

    def _mutated(self, name: str, value: str) -> str:
        is_command, is_hash = bool(_COMMAND_NAME.search(name)), bool(_HASH_NAME.match(name))
        if not (is_command or is_hash or _PATH.match(value)) or self._random.random() >= self._share:
            return value
        if is_hash:
            return _HEX_RUN.sub(
                lambda found: f"{self._random.getrandbits(4 * len(found.group())):0{len(found.group())}X}", value
            )
        return self.command(value) if is_command else self._path(value)

    def command(self, value: str) -> str:
        """A command line with one argument more, and, every other time, one character changed."""
        words = value.split(" ")
        words.insert(self._random.randint(1, len(words)), f"/{self._word(3)}:{self._word(9)}")
        return self._slip(" ".join(words))

    def _path(self, value: str) -> str:
        folder, _, leaf = value.rpartition("\\")
        return self._slip(f"{folder}\\{self._word(7)}\\{leaf}")

    def _slip(self, value: str) -> str:
        if self._random.random() < 0.5:
            return value
        at = self._random.randrange(len(value))
        return value[:at] + self._random.choice(_LETTERS) + value[at + 1 :]

    def _word(self, length: int) -> str:
        return "".join(self._random.choices(_LETTERS, k=length))


def _shifted(value: str, days: int) -> str:
    return _day(value[:10], days) + value[10:]


@lru_cache(maxsize=4096)
def _day(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except (ValueError, OverflowError):
        return day
