"""The walk-through of docs/guard.md, run block by block against a real server, and what it must have found."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pgserver import Server, binaries, cluster, why_not

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of its own: in the log of one that is shared, other tests' acts would be found too."""
    if binaries() is None:
        pytest.skip(why_not())
    with tempfile.TemporaryDirectory(prefix="kulla-guard-") as place:
        Path(place).chmod(0o755)
        with cluster(Path(place)) as started:
            yield started


def blocks() -> list[str]:
    return re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "guard.md").read_text(), re.DOTALL)


def test_the_walk_through_finds_all_three(server: Server, tmp_path: Path) -> None:
    database = server.new_database()
    folder = binaries()
    assert folder is not None
    told = dict(pair.split("=", 1) for pair in server.dsn(database=database).split() if "=" in pair)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{folder}:{os.environ['PATH']}",
        "PGHOST": told["host"],
        "PGPORT": told["port"],
        "PGDATABASE": database,
        "LOGS": str(next(path for path in server.logs() if path.suffix == ".csv")),
        "RULES": str(ROOT / "rules"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for block in blocks():
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}\n--- out\n{done.stdout}\n--- err\n{done.stderr}"
    assert sorted((tmp_path / "accounts.txt").read_text().split()) == ["besa", "dba", "dritan"], done.stderr
    folder_of = tmp_path / "owner" / "registers" / "payroll"
    reads = pa.concat_tables(pq.read_table(path) for path in (folder_of / "outbox" / "reads").glob("*.parquet"))
    rows = [row for row in reads.to_pylist() if row["account"] in ("agron", "mira", "ilir") and row["record"]]
    assert len(rows) == 60
    assert {row["extent"] for row in rows} == {"exact"}
    assert {row["sealed"] for row in rows} <= {"sealed", "late"}
    findings = [json.loads(line) for line in (folder_of / "outbox" / "findings.jsonl").read_text().splitlines()]
    explained = " ".join(finding["explanation"] for finding in findings)
    for word in ("cursor", "error", "dump"):
        assert word in explained
