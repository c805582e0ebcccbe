"""The generator of ordinary weeks: the same by seed, readable whole, and true about its intrusions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.weeks.generate import Plan, generate
from bench.weeks.intrusion import INTRUSIONS
from bench.weeks.samples import build
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Context, Parsed
from kulla.events.sniff import choose

SAMPLES = Path(__file__).parents[2] / "samples"
SMALL = Plan(seed=3, hours=12, scale=0.004)
EXPECTED = {
    "cloud": "ndjson", "iis": "w3c", "linux": "", "mysql": "mysql", "postgres": "postgres_csvlog", "web": "access",
    "windows": "ndjson", "winlogbeat": "ndjson", "zeek": "zeek",
}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def parse(path: Path) -> Iterator[Parsed]:
    chosen = choose(path.read_bytes()[: 64 << 10], path.name, FORMATS)
    assert chosen is not None, path
    with path.open("rb") as stream:
        yield from chosen.read(stream, None, Context(name=path.name))


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("week") / "logs"
    assert generate(folder, SMALL) > 300
    return folder


def test_same_seed_same_bytes(week: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", SMALL)
    generate(tmp_path / "other", Plan(seed=4, hours=12, scale=0.004))
    assert files(tmp_path / "again") == files(week)
    assert files(tmp_path / "other") != files(week)


def test_every_file_is_known_and_read_whole(week: Path) -> None:
    read = 0
    for path in sorted(week.rglob("*.*")):
        for run in parse(path):
            assert not run.rejects, (path, [reject.reason for reject in run.rejects])
            assert run.time.null_count == 0, path
            expected = EXPECTED[path.parent.name]
            assert run.format == expected or not expected, (path, run.format)
            read += len(run)
    assert read > 300


def test_records_stand_in_time_order(week: Path) -> None:
    for path in sorted((week / "windows").glob("*.json")):
        times = [json.loads(line)["TimeCreated"] for line in path.read_text(encoding="utf-8").splitlines()]
        assert times == sorted(times), path


@pytest.mark.parametrize("name", sorted(INTRUSIONS))
def test_truth_names_the_records_that_the_intrusion_added(name: str, tmp_path: Path) -> None:
    plan = Plan(seed=3, hours=40, scale=0.001)
    generate(tmp_path / "plain", plan)
    generate(tmp_path / "logs", Plan(plan.seed, plan.hours, plan.scale, name))
    steps = json.loads((tmp_path / "logs.truth.json").read_bytes())["steps"]
    assert len(steps) >= 10
    assert all(step["records"] and step["technique"].startswith("T") for step in steps)
    marked = {(each["file"], each["record"]) for step in steps for each in step["records"]}
    plain = files(tmp_path / "plain")
    for file, content in files(tmp_path / "logs").items():
        if file.endswith("-audit.log"):
            continue  # records of several lines: their first is marked
        lines = content.splitlines(keepends=True)
        ordinary = [line for number, line in enumerate(lines, 1) if (file, number) not in marked]
        assert b"".join(ordinary).splitlines() == plain.get(file, b"").splitlines(), file


def test_shipped_samples_are_those_of_the_seed(tmp_path: Path) -> None:
    build(tmp_path)
    shipped = files(SAMPLES)
    shipped.pop("README.md")
    assert files(tmp_path) == shipped
    assert sum(map(len, shipped.values())) < 3_000_000
