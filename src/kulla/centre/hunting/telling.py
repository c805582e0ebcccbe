"""What a row of the hunt shows of an event: a line as it came, or of a record the fields that tell most. Pure.

Records in JSON and XML begin alike: with their envelope, which says nothing of what happened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

TELLING: Final = (
    *("CommandLine", "command_line", "ScriptBlockText", "proctitle", "cmdline", "Image", "NewProcessName", "exe"),
    *("ParentImage", "ParentProcessName", "TargetUserName", "User", "SubjectUserName", "user_name", "acct", "userName"),
    *(
        "IpAddress",
        "SourceIp",
        "sourceIPAddress",
        "source_ip",
        "DestinationIp",
        "DestinationPort",
        "DestinationHostname",
    ),
    *("QueryName", "LogonType", "Status", "FailureReason", "WorkstationName", "TargetFilename", "TargetObject"),
    *("Details", "ImageLoaded", "SourceImage", "TargetImage", "GrantedAccess", "PipeName", "ServiceName", "ImagePath"),
    *("ServiceFileName", "TaskName", "ShareName", "RelativeTargetName", "ObjectName", "TicketEncryptionType"),
    *("eventName", "eventSource", "errorCode", "param1", "param2", "Payload", "message"),
)
"""Names without what stands before the last dot, the most telling first."""
_RECORD: Final = re.compile(r"^\s*[{<](?!\d)|<Event[ >]")
"""JSON or XML, Sysmon's XML behind a header of syslog included; no priority of syslog."""
_MOST: Final = 7
_VALUE: Final = 180


def parts_of(
    raw: str | None, fields: Iterable[tuple[str, str | None]], length: int
) -> tuple[list[tuple[str, str]], bool]:
    """(field, value) pairs to show, and whether something was cut; a line as it came is one pair without a field.

    >>> parts_of('{"a": {"Image": "x.exe"}}', [("a.Image", "x.exe"), ("a.Version", "5")], 80)
    ([('Image', 'x.exe')], False)
    >>> parts_of("a long line", [], 6)
    ([('', 'a long')], True)
    """
    known = [(name, value) for name, value in fields if value]
    if raw and not _RECORD.search(raw[:200]):
        return [("", raw[:length])], len(raw) > length
    by_name: dict[str, str] = {}
    for name, value in known:
        by_name.setdefault(name.rpartition(".")[2], value)
    pairs = [(name, by_name[name]) for name in TELLING if by_name.get(name, "-") != "-"][:_MOST]
    if not pairs:
        line = raw or "  ".join(f"{name}={value}" for name, value in known)
        return [("", line[:length])], len(line) > length
    return [(name, value[:_VALUE]) for name, value in pairs], any(len(value) > _VALUE for _, value in pairs)
