"""What `make run` makes of a centre, on a smaller country: everything goes through, and nothing personal lies about."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

_ID = re.compile(rb"[A-Z][0-9]{8}[A-Z]")
ROOT = Path(__file__).resolve().parents[2]
KULLA = Path(sys.executable).with_name("kulla")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("made") / "centre"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "centre_demo.py", KULLA, folder, port], capture_output=True, text=True,
        env={**os.environ, "PERSONS": "3000", "KULLA_DEMO_SERVE": "0", "DATABASE_URL": ""}, timeout=400, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-1500:] + ran.stderr[-1500:]
    return folder, ran.stdout


def test_the_outcome_is_told_on_one_page(demo: tuple[Path, str]) -> None:
    told = demo[1]
    parts = ("Alerts:", "Administrator's act", "Case C-2", "Notification of the breach", "from payroll", "/welcome/")
    for each in parts:
        assert each in told, each
    assert len(told.splitlines()) < 70


def test_no_personal_value_of_the_register_lies_in_the_centre(demo: tuple[Path, str]) -> None:
    """The leaked file's ids and names are nowhere: not in the database, the lake, the traces, the rejects."""
    folder = demo[0]
    keys = pq.read_table(folder / "country/owner/registers/payroll/map/records.parquet")["key"].to_pylist()
    ids = {str(key).split("\x1f")[0].encode() for key in keys if key}
    assert len(ids) > 500
    assert all(_ID.fullmatch(each) for each in ids)
    found = {str(path): len(ids & set(_ID.findall(body))) for path, body in _bodies(folder / "centre")}
    assert len(found) > 50
    assert {path: count for path, count in found.items() if count} == {}
    where_they_are = _bodies(folder / "country/owner/registers/payroll/map")
    assert any(ids <= set(_ID.findall(body)) for _, body in where_they_are)  # so they would be seen


def _bodies(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file as it lies, and Parquet also as the texts that it packs."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        body = path.read_bytes()
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            columns = [
                column.cast("string") for column in table.columns if str(column.type) in {"string", "large_string"}
            ]
            body += "\n".join(str(value) for column in columns for value in column.to_pylist()).encode()
        yield path.relative_to(folder), body
