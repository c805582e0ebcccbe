"""The real events that corpora are grown from, read as a stream, as their publishers wrote them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from evtx import PyEvtxParser

Event = dict[str, Any]

LSASS = "security-datasets/compound/LSASS_campaign_02/metasploit_procdump_lsass_memory_dump.zip"
_PROCESS_CREATIONS = {1: "microsoft-windows-sysmon/operational", 4688: "security"}


def json_members(data: Path) -> list[tuple[Path, str]]:
    """Each JSON file inside the zips of security-datasets, as (zip, member), in a fixed order."""
    found = []
    for path in sorted(data.glob("security-datasets/**/*.zip")):
        with zipfile.ZipFile(path) as archive:
            found += [(path, name) for name in sorted(archive.namelist()) if name.endswith(".json")]
    return found


def lines(path: Path, member: str | None = None) -> Iterator[bytes]:
    """The lines of one zipped file (its only one unless named), without reading it whole."""
    with zipfile.ZipFile(path) as archive, archive.open(member or archive.namelist()[0]) as stream:
        for line in io.BufferedReader(stream, 1 << 20):  # type: ignore[type-var]
            if line.strip():
                yield line.rstrip(b"\r\n")


def events(path: Path, member: str | None = None) -> Iterator[Event]:
    """The JSON objects of one zipped file; lines that hold none are left out."""
    for line in lines(path, member):
        if line.startswith(b"{"):
            yield orjson.loads(line)


def evtx_files(data: Path) -> list[Path]:
    """The shared EVTX files, in a fixed order."""
    return sorted([*data.glob("evtx-samples/*.evtx"), *data.glob("sigma/regression_data/**/*.evtx")])


def evtx_events(path: Path) -> Iterator[Event]:
    """The records of an EVTX file that can be read, in the nested JSON form that EVTX tools write."""
    try:
        records = PyEvtxParser(str(path)).records_json()
    except (RuntimeError, OSError):
        return
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except (RuntimeError, OSError):
            # Some samples are broken on purpose; the records after the break are used.
            continue
        if record is not None:
            yield orjson.loads(record["data"])


def is_process_creation(event: Event) -> bool:
    """Whether a flat event is Sysmon's 1 or Security's 4688, with a command line."""
    channel = _PROCESS_CREATIONS.get(event.get("EventID", 0))
    return channel is not None and str(event.get("Channel", "")).lower() == channel and bool(event.get("CommandLine"))
