"""`python -m bench.weeks.samples samples`: the sample logs we ship, two small days with an intrusion in them.

The same seed gives the same bytes. Some files are compressed, one has a broken line, and one is no log at all.
"""

from __future__ import annotations

import gzip
import shutil
import sys
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.weeks.generate import Plan, generate

PLAN = Plan(seed=7, hours=48, scale=0.005, intrusion="webshell-to-register")
_SMALL = (
    "windows/ADM02.json",
    "windows/DEV01.json",
    "zeek/http.log",
    "winlogbeat/WS103.ndjson",
    "winlogbeat/WS104.ndjson",
    "winlogbeat/WS105.ndjson",
    "winlogbeat/WS106.ndjson",
)
"""Left out: they add weight and nothing to see."""
_BROKEN = b'{"@timestamp":"2026-11-10T03:11:'


def build(folder: Path) -> int:
    """Fill the folder (README.md stays); the number of records generated."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "logs"
        count = generate(made, PLAN)
        for name in _SMALL:
            (made / name).unlink(missing_ok=True)
        for old in folder.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        for source in sorted(made.rglob("*.*")):
            _place(source, folder / source.relative_to(made))
        _zip(made / "linux", folder / "linux" / "syslog.zip")
        _no_log(folder / "windows" / "shenime.txt")
    return count


def _place(source: Path, target: Path) -> None:
    data = source.read_bytes()
    if source.name.endswith("-syslog.log"):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.name in ("web01-access.log", "DC01.json"):
        target.with_name(source.name + ".gz").write_bytes(gzip.compress(data, mtime=0))
        return
    if source.name == "FS01.ndjson":
        lines = data.splitlines(keepends=True)
        data = b"".join([*lines[: len(lines) // 2], _BROKEN + b"\n", *lines[len(lines) // 2 :]])
    target.write_bytes(data)


def _zip(folder: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(folder.glob("*-syslog.log")):
            # By this the year of RFC 3164 is found; archives keep local time without a zone.
            written = datetime.fromtimestamp(source.stat().st_mtime, UTC) + timedelta(hours=3)
            info = zipfile.ZipInfo(source.name, written.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, source.read_bytes())


def _no_log(target: Path) -> None:
    target.write_text(
        "Shenime: disku i ri per FS01 vjen te premten; pyet Entelen per celesin e salles.\n", encoding="utf-8"
    )


if __name__ == "__main__":
    print(build(Path(sys.argv[1])), "records generated")
