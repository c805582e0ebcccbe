"""What a register's history costs: `PYTHONPATH=tests python -m bench.history --rows 1000000`.

A payroll of that many rows in a throw-away PostgreSQL (see tests/pgserver.py); of each step the elapsed seconds, the
processor seconds of this process (not the server's) and its peak memory so far as the kernel counts it. Triggers are
judged by the same updates before and after they are applied, the median of five each.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pgserver import Server, cluster

from kulla.registers.desk import history
from kulla.registers.folder import RegisterFolder
from kulla.registers.manifest import Column, Manifest

CHANGED = 50_000
ROWS = """
CREATE TABLE payroll (
    nid text, period date, salary numeric(12,2), employer text, phone text, PRIMARY KEY (nid, period));
INSERT INTO payroll SELECT 'J' || lpad(i::text, 9, '0'), '2026-01-01', i % 100000, 'NIPT' || i % 5000, '069' || i
FROM generate_series(1, {}) i
"""
UPDATE = """
UPDATE payroll SET salary = salary + 1 WHERE nid IN
    (SELECT 'J' || lpad((i + {})::text, 9, '0') FROM generate_series(1, {}) i)
"""


def _folder(root: Path, name: str, pg: Server) -> RegisterFolder:
    made = RegisterFolder(root / name)
    columns = tuple(Column(each, "other") for each in ("nid", "period", "salary", "employer", "phone"))
    names = ("payroll", "owner", "owner", "civil", "law", "postgresql", pg.dsn(), "payroll")
    made.write(Manifest(*names, ("nid",), columns, ("period",)))  # type: ignore[arg-type]
    return made


def _timed(what: str, step: Callable[[], Any]) -> dict[str, object]:
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return {"step": what, "seconds": round(time.perf_counter() - wall, 2),
            "cpu": round(time.process_time() - cpu, 2), "peak_mib": peak}  # fmt: skip


def _updates(pg: Server) -> float:
    taken = []
    for number in range(5):
        start = time.perf_counter()
        pg.execute(UPDATE.format(number * CHANGED, CHANGED))
        taken.append(time.perf_counter() - start)
    return round(statistics.median(taken), 2)


def _run(root: Path, pg: Server, rows: int) -> list[dict[str, object]]:
    pg.execute(ROWS.format(rows))
    snapshots, kept = _folder(root, "snapshots", pg), _folder(root, "kept", pg)
    now = datetime.now(UTC)
    found = [_timed(f"first snapshot, {rows} rows", lambda: history.snapshot(snapshots))]
    without = _updates(pg)
    found.append(_timed(f"next snapshot, {5 * CHANGED} rows changed", lambda: history.snapshot(snapshots)))
    history.apply(kept, None, "postgres")
    found.append(_timed("first take", lambda: history.take(kept, now)))
    found.append({"step": f"update of {CHANGED} rows, without and with triggers", "seconds": [without, _updates(pg)]})
    found.append(_timed(f"take of {5 * CHANGED} changes", lambda: history.take(kept, now)))
    found.append(_timed("take of nothing", lambda: history.take(kept, now)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    root = Path(tempfile.mkdtemp(prefix="kulla-bench-"))
    root.chmod(0o755)  # the server runs as another user
    try:
        with cluster(root / "pg", {"shared_buffers": "256MB", "max_wal_size": "4GB"}, pgaudit=False) as pg:
            for line in _run(root, pg, rows):
                print(json.dumps(line), flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
