"""What counts as a declared register's log, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import workermade

from kulla.centre.worker.quarantine import Scan, declared, scanned
from kulla.events.sources import Source
from kulla.settings import Settings

SYSLOG = b"<134>Mar  2 09:00:00 db01 postgres[100]: [5-1] AUDIT: SESSION,1,1,READ,SELECT,TABLE,fisc.wages,select 1\n"
JSONLOG = (
    b'{"timestamp":"2026-03-02 09:00:00.000 UTC","user":"clerk","dbname":"fisc","pid":1,"error_severity":"LOG",'
    b'"message":"statement: SELECT * FROM WAGES WHERE nid = 1","backend_type":"client backend"}\n'
)


def found(tmp_path: Path, data: bytes) -> list[str]:
    folder = tmp_path / "registers" / "payroll"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(workermade.manifest(), "utf-8")
    path = tmp_path / "a.log"
    path.write_bytes(data)
    registers = tuple(declared(tmp_path / "registers"))
    return list(scanned(Scan(Source("a.log", place=str(path)), registers), Settings()))


@pytest.mark.parametrize("data", [workermade.AUDIT, SYSLOG, JSONLOG, b"x" * (8 << 20) + b"\n" + SYSLOG])
def test_logs_that_quote_the_register(tmp_path: Path, data: bytes) -> None:
    assert found(tmp_path, data) == ["payroll"]


@pytest.mark.parametrize(
    "data",
    [
        workermade.AUDIT.replace(b"wages", b"orders"),
        SYSLOG.replace(b"wages", b"wages_archive_of_others"),
        b"Mar  2 09:00:00 web01 app[1]: the wages of sin\n",
        workermade.ndjson([workermade.process(0, "psql -c 'select * from fisc.wages'")]),
    ],
)
def test_logs_that_do_not(tmp_path: Path, data: bytes) -> None:
    assert found(tmp_path, data) == []


def test_a_mark_between_two_blocks_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.centre.worker.quarantine._BLOCK", 60)
    assert found(tmp_path, b"Mar  2 09:00:00 web01 app[1]: hello\n" * 3 + SYSLOG) == ["payroll"]
