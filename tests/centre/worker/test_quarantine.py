"""What counts as a declared register's log, and what does not."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
import workermade

from kulla.centre.worker.quarantine import Declared, Scan, declared, scanned
from kulla.errors import InputError
from kulla.events.sources import Source
from kulla.settings import Settings

SYSLOG = b"<134>Mar  2 09:00:00 db01 postgres[100]: [5-1] AUDIT: SESSION,1,1,READ,SELECT,TABLE,fisc.wages,select 1\n"
JSONLOG = (
    b'{"timestamp":"2026-03-02 09:00:00.000 UTC","user":"clerk","dbname":"fisc","pid":1,"error_severity":"LOG",'
    b'"message":"statement: SELECT * FROM WAGES WHERE nid = 1","backend_type":"client backend"}\n'
)


def found(tmp_path: Path, data: bytes, manifest: str | None = None) -> list[str]:
    folder = tmp_path / "registers" / "payroll"
    folder.mkdir(parents=True)
    (folder / "manifest.toml").write_text(workermade.manifest() if manifest is None else manifest, "utf-8")
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
        workermade.AUDIT.decode().replace("wages", "orders").encode("utf-16"),
        workermade.AUDIT.replace(b"wages", b"orders"),
        SYSLOG.replace(b"wages", b"wages_archive_of_others"),
        b"Mar  2 09:00:00 web01 app[1]: the wages of sin\n",
        workermade.ndjson([workermade.process(0, "psql -c 'select * from fisc.wages'")]),
    ],
)
def test_logs_that_do_not(tmp_path: Path, data: bytes) -> None:
    assert found(tmp_path, data) == []


@pytest.mark.parametrize("data", [workermade.AUDIT, SYSLOG, JSONLOG], ids=["csv", "syslog", "json"])
@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_an_encoding_hides_no_log(tmp_path: Path, data: bytes, mark: bytes, name: str) -> None:
    assert found(tmp_path, mark + data.decode().encode(name)) == ["payroll"]


def test_nuls_hide_no_log(tmp_path: Path) -> None:
    """Other letters first, so that nothing tells UTF-16 by its head: no reader makes sense of it, but it is kept."""
    begin = "Дата: шифрование журнала " * 40
    assert found(tmp_path, (begin + SYSLOG.decode()).encode("utf-16-le")) == ["payroll"]


def test_a_table_s_name_beyond_ascii_is_known_in_any_case(tmp_path: Path) -> None:
    manifest = workermade.manifest().replace("fisc.wages", "fisc.pagë")
    for number, name in enumerate(("pagë", "PAGË", "Pagë")):
        assert found(tmp_path / str(number), SYSLOG.replace(b"fisc.wages", name.encode()), manifest) == ["payroll"]


@pytest.mark.parametrize("manifest", ["", "schema = 9", "[[["])
def test_while_a_manifest_cannot_be_read_every_database_log_is_kept_out(tmp_path: Path, manifest: str) -> None:
    assert found(tmp_path / "a", workermade.AUDIT.replace(b"fisc.wages", b"shop.orders"), manifest) == ["payroll"]
    assert found(tmp_path / "b", workermade.ndjson([workermade.process(0)]), manifest) == []
    (one,) = declared(tmp_path / "a" / "registers")
    assert "have the register delivered again" in one.reason()


def test_a_register_without_a_manifest_is_declared_all_the_same(tmp_path: Path) -> None:
    for name in ("payroll", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "note.txt").write_text("x")
    assert declared(tmp_path) == [Declared("payroll", ())]


def test_without_the_folder_of_registers_nothing_is_taken_in(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        declared(tmp_path / "gone")


def test_a_mark_between_two_blocks_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.events.lines._BLOCK", 60)
    assert found(tmp_path, b"Mar  2 09:00:00 web01 app[1]: hello\n" * 3 + SYSLOG) == ["payroll"]
