"""What is wrong, weak or untold is remarked, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import payrolls
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from payrolls import START, key, owner, row, write
from pgserver import Server

from kulla.registers.desk.checking import check
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.recordmap import read_map, write_map
from kulla.registers.folder import RegisterFolder
from kulla.registers.keyfile import KeyFile, write_key
from kulla.registers.manifest import Column, Copy, Purpose
from kulla.registers.records import entombed


def sound(tmp_path: Path) -> tuple[RegisterFolder, KeyFile]:
    columns = tuple(replace(c, evidence="told by the owner") for c in payrolls.COLUMNS)
    copy = Copy("nightly", "backup", "", START, ("dba",), read_log=True)
    folder = owner(tmp_path / "own", columns=columns, copies=(copy,), purposes=(Purpose("tax"),))
    secret = key()
    imprint(folder, secret)
    write_key(tmp_path / "k", secret)
    return folder, secret


def test_a_sound_register_has_no_remark(tmp_path: Path) -> None:
    folder, _ = sound(tmp_path)
    assert check(folder, tmp_path / "k") == ()


def manifest(**other: object) -> Callable[[RegisterFolder, KeyFile], None]:
    return lambda folder, _: folder.write(replace(folder.read(), **other))  # type: ignore[arg-type]


def map_of(change: Callable[[pa.Table], pa.Table]) -> Callable[[RegisterFolder, KeyFile], None]:
    return lambda folder, _: write_map(folder, change(read_map(folder)))


def column(name: str) -> Callable[[RegisterFolder, KeyFile], None]:
    def add(folder: RegisterFolder, _: KeyFile) -> None:
        path = folder.history / "versions-000001.parquet"
        table = pq.read_table(path)
        pq.write_table(table.append_column(name, table["nid"]), path)

    return add


def misplaced(folder: RegisterFolder, secret: KeyFile) -> None:
    write_key(folder.path.parents[2] / "other", secret)
    (folder.path.parents[2] / "other").rename(folder.context.parent / "state" / "backup.dat")


@pytest.mark.parametrize(
    ("level", "text", "harm"),
    [
        ("warning", "legal_basis is empty", manifest(legal_basis=" ")),
        ("warning", "no purposes", manifest(purposes=())),
        ("warning", "no known copy", manifest(copies=())),
        ("warning", "no read log", manifest(copies=(Copy("x", "test", "", START, ("a",)),))),
        ("note", "frozen_at is not told", manifest(copies=(Copy("x", "backup", "", None, ("a",), True),))),
        ("note", "reachable_by is not told", manifest(copies=(Copy("x", "replica", read_log=True),))),
        ("error", "say which", manifest(columns=(*payrolls.COLUMNS[:-1], Column("note", "special", imprint=False)))),
        ("note", "no evidence", manifest(columns=payrolls.COLUMNS)),
        ("warning", "history is none", manifest(history="none")),
        ("error", "columns is", manifest(columns=payrolls.COLUMNS[:-2])),
        ("error", "no column pay", manifest(columns=(*payrolls.COLUMNS, Column("pay", "money", imprint=False)))),
        ("warning", "its column pay is not declared", column("pay")),
        ("note", "1 history files are new", lambda f, _: write(f, "versions-000002", [row(1, 2, 3, 40)])),
        ("error", "others may look", lambda f, _: f.history.chmod(0o755)),
        ("error", "lies inside the register's folder", misplaced),
        ("error", "a record number is 0 or stands twice", map_of(lambda m: pa.concat_tables([m, m.slice(0, 1)]))),
        ("error", "a record key stands twice", map_of(lambda m: pa.concat_tables([m, m.slice(0, 1)]))),
        ("error", "2 rows are of records unknown or erased", map_of(lambda m: entombed(m, payrolls.nid(5))[0])),
    ],
)
def test_each_fault_is_remarked(
    tmp_path: Path, level: str, text: str, harm: Callable[[RegisterFolder, KeyFile], None]
) -> None:
    folder, secret = sound(tmp_path)
    harm(folder, secret)
    assert [r.level for r in check(folder, tmp_path / "k") if text in r.text] == [level] * (
        8 if text == "no evidence" else 1
    )


def test_a_key_of_another_epoch_or_mode_is_an_error(tmp_path: Path) -> None:
    folder, secret = sound(tmp_path)
    write_key(tmp_path / "k", secret.rotated(START), replacing=True)
    (found,) = check(folder, tmp_path / "k")
    assert (found.level, found.about) == ("error", "key")
    (tmp_path / "k").chmod(0o644)
    (found,) = check(folder, tmp_path / "k")
    assert "others may reach" in found.text


def test_a_damaged_imprint_or_map_is_an_error(tmp_path: Path) -> None:
    folder, _ = sound(tmp_path)
    next((folder.outbox / "imprint").glob("*")).write_bytes(b"PAR1")
    (folder.map / "records.parquet").write_bytes(b"PAR1")
    assert [r.about for r in check(folder) if r.level == "error"] == ["map", "imprint"]


def test_a_live_source_is_asked(tmp_path: Path, pg: Server, database: str) -> None:
    names = [c.name for c in payrolls.COLUMNS if c.name != "phone"]
    pg.execute(f"CREATE TABLE payroll ({', '.join(f'{n} text' for n in names)}, bonus numeric)", database)
    pg.execute("CREATE MATERIALIZED VIEW copied AS SELECT nid FROM payroll", database)
    folder, _ = sound(tmp_path)
    manifest(source="postgresql", connection=pg.dsn(database=database), table="payroll")(folder, key())
    found = {(r.level, r.about) for r in check(folder)}
    expected = {("error", "column phone"), ("warning", "column bonus")}
    assert expected | {("warning", "copy materialised view public.copied")} <= found
    assert check(folder, live=False) == ()


def test_a_source_out_of_reach_is_an_error_and_the_rest_is_checked(tmp_path: Path) -> None:
    folder, _ = sound(tmp_path)
    unreachable = {"source": "postgresql", "connection": "host=127.0.0.1 port=1 dbname=x", "table": "t"}
    manifest(**unreachable, legal_basis="")(folder, key())
    assert [(r.level, r.about) for r in check(folder)] == [("warning", "manifest"), ("error", "source")]
