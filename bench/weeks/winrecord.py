"""A Windows record in the shape that a host's shipper gives it: flat, or as Winlogbeat."""

from __future__ import annotations

import orjson

from bench.weeks.clock import iso, plain
from bench.weeks.estate import Host
from bench.weeks.scene import Scene

SYSMON = "Microsoft-Windows-Sysmon/Operational"
SECURITY = "Security"
_GUIDS = {
    "Microsoft-Windows-Sysmon": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
    "Microsoft-Windows-Security-Auditing": "{54849625-5478-4994-a5ba-3e3b0328c30d}",
    "Microsoft-Windows-PowerShell": "{a0c1853b-5c40-4b15-8766-3cf1c58f985a}",
    "Service Control Manager": "{555908d1-a6d7-4695-8e1e-26931d2012f4}",
    "Microsoft-Windows-TaskScheduler": "{de7b24ea-73c8-4a09-985d-5bdadcfa9017}",
    "Microsoft-Windows-Windows Defender": "{11cd958a-c507-4ef3-b3f2-5fd9dfbd2c78}",
}
_TASKS = {
    4624: 12544,
    4625: 12544,
    4634: 12545,
    4648: 12544,
    4672: 12548,
    4688: 13312,
    4768: 14339,
    4769: 14337,
    4776: 14336,
    5140: 12808,
    5145: 12811,
    4663: 12800,
    4720: 13824,
    4724: 13824,
    4738: 13824,
}
SYSTEM = "NT AUTHORITY\\SYSTEM"
Data = dict[str, str | None]
"""A record's own members."""


def record(s: Scene, host: Host, channel: str, source: str, code: int, data: dict[str, str | None]) -> None:
    """One record in the shape that the host's shipper gives it."""
    when = iso(s.time)
    task = _TASKS.get(code, code if channel == SYSMON else 0)
    if host.shape == "flat":
        level = "0" if channel == SECURITY else "4"
        keywords = "0x8010000000000000" if code == 4625 else "0x8020000000000000"
        head = {
            "SourceName": source,
            "ProviderGuid": _GUIDS.get(source, ""),
            "Level": level,
            "Keywords": keywords,
            "Channel": channel,
            "Hostname": host.fqdn,
            "TimeCreated": when,
            "@timestamp": when,
            "EventID": code,
            "Task": str(task),
        }
        s.write(f"windows/{host.name}.json", orjson.dumps(head | data))
        return
    whole = {
        "@timestamp": when,
        "event": {"code": str(code), "provider": source, "kind": "event"},
        "host": {"name": host.fqdn},
        "agent": {"type": "winlogbeat", "version": "8.15.2"},
        "log": {"level": "information"},
        "winlog": {
            "channel": channel,
            "provider_name": source,
            "computer_name": host.fqdn,
            "event_id": str(code),
            "record_id": s.rng.randrange(10**5, 10**8),
            "task": str(task),
            "api": "wineventlog",
            "event_data": {k: v for k, v in data.items() if v is not None},
        },
    }
    s.write(f"winlogbeat/{host.name}.ndjson", orjson.dumps(whole))


def guid(s: Scene) -> str:
    """A process GUID."""
    n = s.rng.getrandbits(64)
    return f"{{8d1f2c4b-{n & 0xFFFF:04x}-{n >> 16 & 0xFFFF:04x}-{n >> 32 & 0xFFFF:04x}-{n >> 48:04x}00000000}}"


def sysmon(s: Scene, host: Host, code: int, data: dict[str, str | None]) -> None:
    """A Sysmon record: RuleName and UtcTime first."""
    record(s, host, SYSMON, "Microsoft-Windows-Sysmon", code, {"RuleName": "-", "UtcTime": plain(s.time), **data})


def security(s: Scene, host: Host, code: int, data: dict[str, str | None]) -> None:
    """A Security record."""
    record(s, host, SECURITY, "Microsoft-Windows-Security-Auditing", code, data)
