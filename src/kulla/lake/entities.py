"""Hosts, accounts, users, addresses and hashes in events: where logs name them, and what stands beside one.

Field names are those of the logs themselves and of the common schemas (ECS, the Windows logs, Sysmon, auditd, web
servers, cloud trails).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

import numpy as np

from kulla.errors import UsageError
from kulla.lake.layout import DAY, File, day_of, micros
from kulla.lake.scan import Scan
from kulla.lake.summary import Tally, extent, valued
from kulla.lake.tree import Field, Node, Wild, either, pattern

FIELDS: Final = MappingProxyType(
    {
        "host": (
            *("host", "Computer", "ComputerName", "Hostname", "WorkstationName", "Workstation", "SourceHostname"),
            *(
                "DestinationHostname",
                "host.name",
                "agent.hostname",
                "TargetServerName",
                "cs-host",
                "query",
                "QueryName",
            ),
        ),
        "account": (
            *("userIdentity.arn", "userIdentity.userName", "userIdentity.principalId", "userPrincipalName"),
            *("properties.userPrincipalName", "UserId", "actor.email", "actor.alternateId", "callerIdentity"),
            "protoPayload.authenticationInfo.principalEmail",
        ),
        "user": (
            *("User", "SubjectUserName", "TargetUserName", "SourceUser", "UserName", "user.name", "winlog.user.name"),
            *("acct", "AUID", "UID", "cs-username", "AccountName", "session_user", "user_name", "dbuser", "username"),
        ),
        "address": (
            *("SourceIp", "DestinationIp", "IpAddress", "SourceAddress", "DestAddress", "c-ip", "s-ip", "ClientIP"),
            *("source.ip", "destination.ip", "client.ip", "src_ip", "dst_ip", "sourceIPAddress", "remote_addr"),
            *("remote_host", "addr", "rhost", "connection_from", "callerIpAddress", "id.orig_h", "id.resp_h", "src"),
        ),
        "hash": (
            *("md5", "sha1", "sha256", "imphash", "Hashes", "Hash", "file.hash.sha256", "file.hash.sha1"),
            *("file.hash.md5", "process.hash.sha256", "FileHash"),
        ),
    }
)
"""Kind of entity → the fields that name one."""

_LISTED = "Hashes"
"""Sysmon's list of several hashes, `SHA256=…,MD5=…`, in one value."""

_EMPTY = frozenset(["", "-", "(null)", "null", "n/a", "unset", "4294967295", "unknown"])


_YEAR_1, _YEAR_9999 = micros(datetime(1, 1, 1)), micros(datetime(9999, 1, 1))
"""Times that a calendar can show. Broken clocks make others; their events count, but for no day."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the lake knows of an entity: the query that finds its events, how many there are, when, and what stands
    beside it in them, by kind: (name, events), most frequent first. Times are None when no event bears one."""

    query: Node
    events: int
    first: datetime | None
    last: datetime | None
    days: Mapping[str, int]
    beside: Mapping[str, list[tuple[str, int]]]


def query_of(kind: str, name: str) -> Node:
    """The query that finds an entity's events. Raises UsageError for another kind, or no name."""
    if kind not in FIELDS or not name:
        raise UsageError(f"no such entity; kinds are {', '.join(FIELDS)}, and each has a name")
    whole = [Field(field, pattern(name)) for field in FIELDS[kind] if field != _LISTED]
    if kind == "hash":
        whole.append(Field(_LISTED, pattern(Wild.MANY, name, Wild.MANY)))
    return either(*whole)


def around(scan: Scan, files: Iterable[File], kind: str, name: str, most: int) -> Around:
    """What the files know of the entity that the scan's query finds."""
    tallies = {other: Tally() for other in FIELDS}
    events, first, last = 0, None, None
    days: dict[str, int] = {}
    for block, met in extent(scan, files):
        events += int(met.sum())
        time = block.time[met]
        time = time[(time >= _YEAR_1) & (time < _YEAR_9999)]
        if len(time):
            low, high = int(time.min()), int(time.max())
            first, last = min(low, low if first is None else first), max(high, high if last is None else last)
            for day, number in zip(*np.unique(time // DAY, return_counts=True), strict=True):
                shown = day_of(int(day) * DAY)
                days[shown] = days.get(shown, 0) + int(number)
        for other, fields in FIELDS.items():
            tallies[other].add(*valued(block, fields, met))
    beside = {other: _others(tally, most, name if other == kind else "") for other, tally in tallies.items()}
    return Around(scan.node, events, _moment(first), _moment(last), dict(sorted(days.items())), beside)


def _others(tally: Tally, most: int, name: str) -> list[tuple[str, int]]:
    left_out = {*_EMPTY, name.lower()}
    found = tally.facet(most + len(left_out)).values
    return [(text, number) for text, number in found if text.lower() not in left_out][:most]


def _moment(time: int | None) -> datetime | None:
    return None if time is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
