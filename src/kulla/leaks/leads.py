"""Leads, not proof: what other logs show around a candidate's episode, and around as many others, gathered alike.

Whoever looks only at a suspect finds something. So for every candidate as many comparison accounts are looked at over
the same time, with the same rules on the same logs, and what a kind of log does not exist for is said. Hits of rules of
ours are handed in. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

HOUR: Final = 3_600_000_000

BEFORE: Final = 12 * HOUR
AFTER: Final = 72 * HOUR
"""How far before and after an episode is looked, in microseconds: packing and carrying away follow an export."""

_EVENTS: Final = 10

KINDS: Final = ("logon", "vpn", "archive", "dump", "media", "upload", "log_removed")

LEADS: Final[Mapping[str, str]] = {
    "018e7bd3-c925-5f49-9391-61364ec4e030": "logon",
    "4f932c0e-6077-59f8-91ff-8c0d511e82fe": "logon",
    "1888c972-b11d-588e-9579-287f019bd9d6": "vpn",
    "50cbf7de-42c3-53cd-b145-4e7b5c35c845": "archive",
    "c098053e-2c65-54c3-9fbb-b6c6ac0b8249": "archive",
    "b5c81218-5c32-47ba-b645-36ee7ff27c18": "archive",
    "da33e5f5-037d-5903-b000-cc7a76402311": "archive",
    "1d5d770e-fea9-5c0b-9a50-fb9c7dc56725": "archive",
    "1bc31b42-e732-4118-9981-6d9f81227b09": "dump",
    "75b32e0f-39a1-409c-8730-5bae844b1322": "dump",
    "55b6e82c-4682-463a-96ec-09e2e362f303": "dump",
    "45b8772a-8a99-4b2d-9c3d-aeeab2d6897b": "dump",
    "819fbecf-5780-54b6-b64a-9e9b9f7aebe2": "media",
    "1882e526-c6ee-58d5-a164-fcb5c0753b88": "media",
    "3a10d94c-1107-57c4-8c21-73f132af65f2": "upload",
    "50b7ba45-c442-504c-9554-c1fbdcced659": "upload",
    "2fbf59d8-a071-5b22-8b48-05849c4889af": "upload",
    "f8b46cba-268c-56e6-adbe-c74cb7c6941b": "upload",
    "5ecd7684-01f1-5c9f-94f1-ca580e559b7e": "upload",
    "b6f3eda4-0834-5c61-9ab9-08bd085cfd02": "log_removed",
    "aae5bede-614b-50b7-9abd-8abd2358c411": "log_removed",
    "a5933af1-8cb5-56e1-9d06-0d6addd03c71": "log_removed",
}
"""Rule id → what kind of lead its hit is. Rules of ours alone."""

Role = Literal["candidate", "comparison"]


@dataclass(frozen=True, slots=True)
class Seen:
    """A rule's hit on a log: the rule, when (microseconds UTC), whose account and on which host, the event's id."""

    rule_id: str
    time: int
    account: str
    host: str
    event_id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom, and around when: an account, and the first and last moment of a candidate's episode.

    piece: the piece that the episode is a candidate for.
    """

    piece: int
    account: str
    role: Role
    episode: str
    first: int
    last: int


def comparisons(accounts: Sequence[str], reads: Sequence[int], candidates: Collection[str], count: int) -> list[str]:
    """As many accounts to compare with: of those that read at the time, but are no candidates, the busiest.

    accounts, reads: who read in the time looked at, and how often. The busiest, since an account that hardly works
    would make every candidate look busy. Equal ones by name, so that the choice is the same in each run.
    """
    known = {account.casefold() for account in candidates}
    others = [(-number, name) for name, number in zip(accounts, reads, strict=True) if name.casefold() not in known]
    return [name for _, name in sorted(others)[:count]]


def leads(asked: Sequence[Asked], seen: Iterable[Seen], covered: Collection[str]) -> tuple[dict[str, Any], ...]:
    """What was seen of each account asked for, as plain values for the trace.

    Args:
        covered: kinds for which there is any log at all.

    Returns:
        For each asked: piece, account, role, episode, from, to; found: kind → how many, None when there is no such log;
        details: kind → first, last, hosts, events (ids of the first ten).
    """
    by_account: dict[str, list[Seen]] = defaultdict(list)
    for each in seen:
        if each.rule_id in LEADS:
            by_account[_plain(each.account)].append(each)
    return tuple(_told(one, by_account.get(_plain(one.account), []), covered) for one in asked)


def kinds_of(rules: Iterable[str]) -> frozenset[str]:
    """The kinds that these rules tell of; rules that are not among LEADS tell of none."""
    return frozenset(LEADS[rule] for rule in rules if rule in LEADS)


def _told(asked: Asked, seen: Sequence[Seen], covered: Collection[str]) -> dict[str, Any]:
    low, high = asked.first - BEFORE, asked.last + AFTER
    near: dict[str, list[Seen]] = {kind: [] for kind in KINDS}
    for each in sorted(seen, key=lambda s: (s.time, s.rule_id, s.event_id)):
        if low <= each.time <= high:
            near[LEADS[each.rule_id]].append(each)
    found = {kind: len(hits) if hits or kind in covered else None for kind, hits in near.items()}
    details = {
        kind: {
            "first": _iso(hits[0].time),
            "last": _iso(hits[-1].time),
            "hosts": sorted({hit.host for hit in hits if hit.host}),
            "events": [hit.event_id for hit in hits[:_EVENTS]],
        }
        for kind, hits in near.items()
        if hits
    }
    return {
        "piece": asked.piece, "account": asked.account, "role": asked.role, "episode": asked.episode,
        "from": _iso(low), "to": _iso(high), "found": found, "details": details,
    }  # fmt: skip


def _plain(account: str) -> str:
    """An account as it is compared: without domain, case folded."""
    return account.rpartition("\\")[2].partition("@")[0].casefold()


def _iso(moment: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()
