"""The bench's corpora: the same by seed, whole after growing, fresh where they say so."""

from __future__ import annotations

import json
import zipfile
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from shared import SHARED, needs_shared

from bench import corpora, sources
from bench.corpora import Sizes, grown
from bench.mutate import Mutator

GUID = "{19de6d3b-196c-64dc-0e0c-000000000c00}"
CREATION: dict[str, Any] = {
    "EventID": 1,
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "ProviderGuid": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
    "UtcTime": "2023-08-16 00:33:51.685",
    "RecordNumber": 7,
    "ProcessId": "0x123c",
    "ProcessGuid": GUID,
    "ParentProcessGuid": GUID,
    "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
    "Image": "C:\\Windows\\System32\\whoami.exe",
    "CommandLine": "whoami /groups",
    "Hashes": "SHA1=3B71F43FF30F4B15B5CD85DD9E95EBC7E84EB5A3",
    "Message": f"Process Create:\r\nProcessGuid: {GUID}\r\nCommandLine: whoami /groups",
}
SIZES = Sizes(lsass=5, evtx=1, mixed=6, worst=9)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder as the real one, with one recording."""
    path = tmp_path / sources.LSASS
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        lines = [json.dumps(CREATION), json.dumps({"EventID": 4, "Channel": "System", "Time": "2023-01-01T00:00:00Z"})]
        archive.writestr("recorded.json", "\n".join(lines) + "\n")
    return tmp_path


def made(name: str, data: Path, out: Path, seed: int = 1) -> list[dict[str, Any]]:
    corpus = corpora.make(name, data, out, SIZES, seed)
    lines = corpus.path.read_bytes().splitlines()
    assert (len(lines), corpus.path.stat().st_size) == (corpus.events, corpus.size)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", ["lsass", "lsass-replica", "mixed", "worst"])
def test_same_seed_same_corpus(name: str, data: Path, tmp_path: Path) -> None:
    assert made(name, data, tmp_path / "a") == made(name, data, tmp_path / "b")


def test_other_seed_other_corpus(data: Path, tmp_path: Path) -> None:
    assert made("lsass", data, tmp_path / "a", 1) != made("lsass", data, tmp_path / "b", 2)


def test_kept_corpus_is_not_made_again(data: Path, tmp_path: Path) -> None:
    corpus = corpora.make("lsass", data, tmp_path / "a", SIZES, 1)
    corpus.path.write_bytes(b"kept\n")
    assert corpora.make("lsass", data, tmp_path / "a", SIZES, 1) == corpus
    assert corpus.path.read_bytes() == b"kept\n"
    assert corpora.make("lsass", data, tmp_path / "a", SIZES, 2).path.read_bytes() != b"kept\n"


def test_copies_have_guids_records_and_days_of_their_own() -> None:
    events = list(grown(lambda: iter([CREATION]), 4, 0.0, 1))
    assert len({event["ProcessGuid"] for event in events} | {GUID}) == 5
    assert len({event["RecordNumber"] for event in events}) == 4
    assert [event["UtcTime"][:10] for event in events] == ["2023-08-16", "2023-08-17", "2023-08-18", "2023-08-19"]
    assert len({event["ProcessId"] for event in events}) == 4


def test_relations_inside_a_copy_stay() -> None:
    event = Mutator(1, 1, 0.0, 10).fresh(CREATION)
    assert event["ProcessGuid"] == event["ParentProcessGuid"]
    assert event["ProcessGuid"] in event["Message"]
    assert GUID not in event["Message"]
    unchanged = ("ProviderGuid", "LogonGuid", "Image", "CommandLine", "Hashes", "EventID", "Channel")
    assert {name: event[name] for name in unchanged} == {name: CREATION[name] for name in unchanged}


def test_mutated_share() -> None:
    for share, least, most in ((0.0, 0, 0), (0.2, 150, 250), (1.0, 1000, 1000)):
        mutator = Mutator(3, 0, share, 0)
        events = [mutator.fresh(CREATION) for _ in range(1000)]
        for name in ("CommandLine", "Image", "Hashes"):
            assert least <= sum(event[name] != CREATION[name] for event in events) <= most
    assert CREATION["CommandLine"] == "whoami /groups"


def test_nested_events_are_followed() -> None:
    nested = {"Event": {"System": {"EventRecordID": 3}, "EventData": {"ProcessGuid": GUID, "Data": ["a", "b"]}}}
    event = Mutator(1, 2, 1.0, 10).fresh(nested)["Event"]
    assert event["System"]["EventRecordID"] == 23
    assert event["EventData"]["ProcessGuid"] != GUID
    assert event["EventData"]["Data"] == ["a", "b"]


def test_worst_case_repeats_no_command_line(data: Path, tmp_path: Path) -> None:
    events = made("worst", data, tmp_path / "a")
    assert len(events) == 9
    assert {event["EventID"] for event in events} == {1}
    assert len({event["CommandLine"] for event in events}) == 9


@needs_shared
def test_real_recording_grows(tmp_path: Path) -> None:
    first = list(islice(sources.events(SHARED / sources.LSASS), 3000))
    events = list(grown(lambda: iter(first), 6000, 0.2, 1))
    assert len(events) == 6000
    assert [event["EventID"] for event in events] == [event["EventID"] for event in first] * 2
    old = {event["SourceProcessGUID"] for event in first if "SourceProcessGUID" in event}
    assert old
    assert not old & {event.get("SourceProcessGUID") for event in events}


@needs_shared
def test_evtx_is_copied_whole(tmp_path: Path) -> None:
    corpus = corpora.make("evtx-small", SHARED, tmp_path, SIZES)
    files = list(corpus.path.rglob("*.evtx"))
    assert len(files) == len(sources.evtx_files(SHARED))
    assert sum(path.stat().st_size for path in files) == corpus.size
    assert corpus.events > 10_000
