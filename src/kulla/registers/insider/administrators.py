"""Acts of administrators that take data past every audit of statements, or blind it: what our rules saw in logs.

Hits of the rules below, on host, backup and database logs, are handed in; each account's acts of a day become one
finding on that day. Nothing is learnt here: a dump under a person's account has no usual rate. What clears it is an
explanation of kind audit or job for the account at that time, or a rule's own list of backup accounts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from kulla.alert import LEVELS, Level

ACTS: Final[Mapping[str, str]] = {
    "d5f7c14a-17a6-5baf-a33e-8a34819698e4": "dump",
    "2e6910d9-aabf-5c43-b034-d33ca2aa9d03": "base backup",
    "dd68d5b0-e9b1-5de7-9133-290860b80f41": "replication connection",
    "be596c74-7906-5179-8e14-23bc56e63e23": "server files read or written",
    "ebee89fb-0bfa-57b4-bb82-feaf7fce5966": "copy to a program",
    "225376d3-b6b5-5766-839f-a106c0c80dbc": "audit setting changed",
    "408ee467-2728-5cb2-a42c-6923054d1dd7": "audit setting changed",
    "b6f3eda4-0834-5c61-9ab9-08bd085cfd02": "log lines deleted",
    "ef1da1bc-7b88-53b1-bfcf-f31b10b808a7": "host audit stopped",
    "9ea1116b-30b4-5ea1-b84c-2fc42d9f223d": "system logging stopped",
    "da33e5f5-037d-5903-b000-cc7a76402311": "database files packed",
    "1d5d770e-fea9-5c0b-9a50-fb9c7dc56725": "data packed with a password",
    "aae5bede-614b-50b7-9abd-8abd2358c411": "log lines deleted",
    "75b32e0f-39a1-409c-8730-5bae844b1322": "dump",
    "55b6e82c-4682-463a-96ec-09e2e362f303": "table copied to a file",
    "a5933af1-8cb5-56e1-9d06-0d6addd03c71": "log lines deleted",
    "45b8772a-8a99-4b2d-9c3d-aeeab2d6897b": "database files copied",
    "1bc31b42-e732-4118-9981-6d9f81227b09": "dump",
    "a60148dd-4310-4e2d-b510-bfc9ace8c4ba": "backup restored",
    "9552769f-171f-4a2f-b811-5be162c02a5d": "log lines deleted",
    "b4f6b415-b22e-431a-8e27-51a00a0682a4": "server settings edited",
    "18eba65f-d981-4eb0-ae1f-437f78687d1e": "replication connection",
    "778ef841-7964-4ea2-b4f8-d60575828dd5": "audit setting changed",
    "81b1a90b-bc6a-4572-802c-22083d41c105": "standby read",
}
"""Rule id → the act it tells of. Rules of ours alone; hits of other rules stay with `kulla hunt`."""

JOB_ACTS: Final = frozenset(
    {"dump", "base backup", "replication connection", "backup restored", "database files packed"}
)
"""What a declared job (backup, replication, restore test) is there for."""

UNKNOWN: Final = "(account not told)"


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule's hit on a log.

    `entity`: as the hunt has it, `user:name` or the like; None: none told. `login`: who logged in, where the log tells
    that apart from the user whose rights were used (root by sudo); see `login_of`.
    """

    rule_id: str
    title: str
    level: Level
    time: datetime | None
    host: str | None
    entity: str | None
    event_id: str
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """The acts of one account on one local day. `kinds` in order of time; `event_ids` of all hits, `hits` how many."""

    account: str
    day: str
    first: datetime
    last: datetime
    level: Level
    kinds: tuple[str, ...]
    titles: tuple[str, ...]
    hosts: tuple[str, ...]
    rule_id: str
    event_ids: tuple[str, ...]
    hits: int


def acts(hits: Iterable[Hit], zone: str) -> list[Act]:
    """Administrators' acts by account and local day, in order. Hits without a time, or of other rules, are left out."""
    tz = ZoneInfo(zone)
    meant = [hit for hit in hits if hit.rule_id in ACTS and hit.time is not None]
    keyed = sorted(((account_of(hit), hit.time.astimezone(tz).date().isoformat(), hit) for hit in meant if hit.time),
                   key=lambda each: (each[0], each[1], each[2].time, each[2].event_id, each[2].rule_id))  # fmt: skip
    found = [
        _act(account, day, [hit for _, _, hit in some])
        for (account, day), some in groupby(keyed, key=lambda each: (each[0], each[1]))
    ]
    return sorted(found, key=lambda act: (act.first, act.account))


def account_of(hit: Hit) -> str:
    """The account a hit is about; UNKNOWN at its host where the log names none."""
    kind, _, name = (hit.entity or "").partition(":")
    name = hit.login or (name if kind in ("user", "account") else "")
    if name:
        return name.rpartition("\\")[2]
    return f"{UNKNOWN} at {hit.host}" if hit.host else UNKNOWN


def login_of(fields: Mapping[str, object]) -> str | None:
    """Who logged in, by the fields of an event: auditd's login user, or sudo's caller. None where nothing tells.

    >>> login_of({"AUID": "a.hoxha", "UID": "root"}), login_of({"AUID": "unset", "UID": "root"})
    ('a.hoxha', None)
    """
    for name in ("AUID", "SUDO_USER"):
        value = fields.get(name)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, str) and value not in ("", "unset", "root", "4294967295"):
            return value
    return None


def undeclared(found: Iterable[Act], jobs: Collection[str]) -> list[Act]:
    """Without the acts that declared jobs are there for: JOB_ACTS alone, by an account that is a job."""
    return [act for act in found if act.account not in jobs or not set(act.kinds) <= JOB_ACTS]


def _act(account: str, day: str, hits: list[Hit]) -> Act:
    times = [hit.time for hit in hits if hit.time is not None]
    worst = max(hits, key=lambda hit: LEVELS.index(hit.level))
    return Act(
        account, day, min(times), max(times), worst.level, tuple(dict.fromkeys(ACTS[hit.rule_id] for hit in hits)),
        tuple(dict.fromkeys(hit.title for hit in hits)), tuple(dict.fromkeys(hit.host for hit in hits if hit.host)),
        worst.rule_id, tuple(dict.fromkeys(hit.event_id for hit in hits)), len(hits),
    )  # fmt: skip
