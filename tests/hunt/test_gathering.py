"""Parts put in order: the events handed over are those of the file read in one piece, however it was cut."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import evtxmade
import pyarrow as pa
import pytest

from kulla.events import sources
from kulla.events.batch import Origin
from kulla.events.formats import FORMATS
from kulla.events.sandbox import Pool
from kulla.events.schema import SCHEMA
from kulla.events.sources import Source
from kulla.events.table import LogsourceTable
from kulla.hunt import find
from kulla.hunt.gathering import Came, Gathering, Lost, Passed
from kulla.hunt.options import Options
from kulla.hunt.pieces import Task, bundled, tasks
from kulla.hunt.reader import Read, Reader
from kulla.hunt.run import BUNDLING
from kulla.hunt.worker import Worker
from kulla.settings import Settings

RULE = """\
title: T
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows}
detection: {s: {User: a}, condition: s}
"""


def gathered(options: Options, paths: list[Path]) -> tuple[dict[str, pa.Table], list[object]]:
    """The events of each file by its name, and everything else that came."""
    settings = options.settings
    worker = Worker(options, keep_events=True)
    found = [each for each in sources.find([str(path) for path in paths], settings) if isinstance(each, Source)]
    shas = {each.path: sources.sha256(each) for each in found}
    pieces = [each for each in bundled(tasks(found, FORMATS, None, settings), BUNDLING) if isinstance(each, Task)]
    held: dict[str, list[pa.Table]] = {}
    rest: list[object] = []
    gathering = Gathering()
    with Pool(worker, 0, settings, worker.load) as pool:
        for outcome in pool.run(gathering.numbered(pieces)):
            for came in gathering.take(outcome):
                if isinstance(came, Came) and came.part.events is not None:
                    origin = Origin(came.source.path, shas[came.source.path], came.source.member, "tax", "civil")
                    held.setdefault(came.source.name, []).append(find.events(came.part.events, came.offset, origin))
                else:
                    rest.append(came)
    return {name: pa.concat_tables(tables) for name, tables in held.items()}, rest


def whole(options: Options, path: Path) -> pa.Table:
    """The oracle: the file read by one reader in one piece, its origin known from the start."""
    (source,) = (each for each in sources.find([str(path)], options.settings) if isinstance(each, Source))
    tables = []
    for task in tasks([source], FORMATS, None, options.settings):
        assert isinstance(task, Task)
        for read in Reader(options, LogsourceTable()).read(replace(task, cut=None)):
            if isinstance(read, Read):
                read.batch.origin = Origin(source.path, sources.sha256(source), "", "tax", "civil")
                tables.append(read.batch.table())
    return pa.concat_tables(tables)


def same(one: pa.Table, other: pa.Table) -> bool:
    """Equal but for the time of reading, and for logsources, which the oracle does not look up."""
    apart = {"ingest_time", "product", "category", "service"}
    names = [name for name in SCHEMA.names if name not in apart]
    return bool(one.select(names).to_pylist() == other.select(names).to_pylist())


@pytest.fixture
def options(tmp_path: Path) -> Options:
    (tmp_path / "rule.yml").write_text(RULE)
    return Options((), [str(tmp_path / "rule.yml")], cache="", settings=Settings())


def test_a_file_cut_into_pieces_gives_its_events_as_they_stand(
    tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.ndjson"
    lines = [json.dumps({"EventID": at, "User": "ab"[at % 2], "Channel": "Security"}) for at in range(200)]
    lines[50] = "{broken"
    path.write_text("\n".join(lines) + "\n")
    expected = whole(options, path)
    monkeypatch.setattr("kulla.hunt.pieces.AIM", 2000)
    found, rest = gathered(options, [path])
    assert len([each for each in rest if isinstance(each, Passed)]) > 3
    assert same(found["a.ndjson"], expected)
    assert found["a.ndjson"]["position"].to_pylist() == [at for at in range(1, 201) if at != 51]


def test_files_of_a_bundle_get_their_own_events(tmp_path: Path, options: Options) -> None:
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.evtx")
        events: list[Mapping[str, str]] = [{"User": user} for user in "abc"[: number + 1]]
        paths[-1].write_bytes(evtxmade.file([evtxmade.chunk(10 * number + 1, events)]))
    found, rest = gathered(options, paths)
    assert [len(found[path.name]) for path in paths] == [1, 2, 3]
    assert all(same(found[path.name], whole(options, path)) for path in paths)
    assert len([each for each in rest if isinstance(each, Passed)]) == 3
    assert not any(isinstance(each, Lost) for each in rest)
