"""Measure how fast audit logs become accesses. `python -m bench.audit --lines 1000000 --out FILE.json`

Synthetic csvlog and jsonlog as PostgreSQL 15 with pgaudit 1.7 writes them: sessions of ten records, four fifths of the
statements with bound values, and once more with the line that `log_min_duration_statement = 0` adds to each. Told
are records a second on all processes, from a file in the page cache to ACCESS tables in memory, processor time of all
of them, and the peak memory of this process.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from kulla.events.sandbox import Pool
from kulla.registers.desk.auditparts import Task, parts, work
from kulla.settings import Settings

_FORMS = {"csv": "postgres_csvlog", "json": "postgres_jsonlog"}


def records(lines: int, durations: bool, seed: int) -> Iterator[tuple[str, str, int, str, str, str]]:
    """Time, user, session number, message, application, line number's text."""
    draw = random.Random(seed)
    number = line = 0
    while number < lines:
        session = number // 10
        moment = number * 37
        clock = f"2026-05-{11 + moment // 86_400_000 % 18:02d} {moment // 3_600_000 % 24:02d}"
        stamp = f"{clock}:{moment // 60_000 % 60:02d}:{moment // 1000 % 60:02d}.{moment % 1000:03d} UTC"
        line = number % 10 + 1
        nid = f"J{draw.randrange(10**8):08d}A"
        if draw.random() < 0.8:
            statement, value = "SELECT nid, name, salary FROM payroll WHERE nid = $1", nid
        else:
            statement, value = f"SELECT nid, name FROM payroll WHERE employer = 'NIPT{nid[1:6]}'", "<none>"
        rows = draw.randrange(50)
        told = f'AUDIT: SESSION,{line},1,READ,SELECT,,,"{statement}",{value},{rows}'
        application = f"front-office/1.4;user=u{session % 300};case=2026/{session % 900}"
        user = f"clerk{session % 500}"
        yield stamp, user, session, told, application, str(line)
        number += 1
        if durations and number < lines:
            yield stamp, user, session, f"duration: 1.250 ms  statement: {statement}", application, str(line + 1)
            number += 1


def csv_lines(lines: int, durations: bool, seed: int) -> Iterator[bytes]:
    """The log as csvlog."""
    for stamp, user, session, told, application, line in records(lines, durations, seed):
        message = told.replace('"', '""')
        client = f"10.0.{session % 250}.{session % 199}:{40_000 + session % 20_000}"
        yield (
            f'{stamp},"{user}","reg",{session % 30_000},"{client}",'
            f'{0x6B04C4AE + session:x}.{session % 30_000:x},{line},"SELECT",{stamp},3/{session},0,LOG,00000,"{message}"'
            f',,,,,,,,,"{application}","client backend",,0\n'
        ).encode()


def json_lines(lines: int, durations: bool, seed: int) -> Iterator[bytes]:
    """The log as jsonlog."""
    for stamp, user, session, told, application, line in records(lines, durations, seed):
        yield orjson.dumps({
            "timestamp": stamp, "user": user, "dbname": "reg", "pid": session % 30_000,
            "remote_host": f"10.0.{session % 250}.{session % 199}", "remote_port": 40_000 + session % 20_000,
            "session_id": f"{0x6B04C4AE + session:x}.{session % 30_000:x}", "line_num": int(line), "ps": "SELECT",
            "session_start": stamp, "vxid": f"3/{session}", "txid": 0, "error_severity": "LOG", "message": told,
            "application_name": application, "backend_type": "client backend", "query_id": 0,
        }) + b"\n"  # fmt: skip


def measure(path: Path, form: str, jobs: int) -> dict[str, float]:
    """One pass over the log."""
    before = _processor()
    size = path.stat().st_size
    with Pool[Task](work, jobs, Settings()) as pool, path.open("rb") as stream:
        start = time.perf_counter()
        found = [
            (part.records, len(part.accesses), len(part.rejects))
            for part in parts(stream, size, form, (0, 0), "", (), pool)
        ]
        spent = time.perf_counter() - start
    # The workers have ended and been waited for by now, through the helper that forked them.
    used = _processor() - before
    total, accesses, rejects = (sum(column) for column in zip(*found, strict=True))
    return {
        "records": total, "accesses": accesses, "rejects": rejects, "seconds": round(spent, 3),
        "cpu_seconds": round(used, 3), "cpu_us_per_record": round(used / total * 1e6, 2),
        "records_per_second": round(total / spent), "mb_per_second": round(size / spent / 1e6, 1),
    }  # fmt: skip


def _processor() -> float:
    """Processor seconds of this process and those it has waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    makers: dict[str, Callable[[int, bool, int], Iterator[bytes]]] = {"csv": csv_lines, "json": json_lines}
    results = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        for name, maker in makers.items():
            for durations in (False, True):
                with path.open("wb") as log:
                    log.writelines(maker(chosen.lines, durations, chosen.seed))
                runs = [measure(path, _FORMS[name], chosen.jobs) for _ in range(chosen.runs)]
                best = max(runs, key=lambda run: run["records_per_second"])
                told = {"format": name, "durations": durations, "jobs": chosen.jobs, "bytes": path.stat().st_size}
                results.append({**told, **best})
                print(results[-1])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print({"peak_mib": memory, "peak_worker_mib": workers})
    if chosen.out is not None:
        chosen.out.write_bytes(
            orjson.dumps({"schema": 1, "peak_mib": memory, "results": results}, option=orjson.OPT_INDENT_2)
        )


if __name__ == "__main__":
    main()
