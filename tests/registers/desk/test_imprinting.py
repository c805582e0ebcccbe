"""Imprints on disk: full and incremental are the same, numbers stay, epochs never mix, nothing personal goes out."""

from __future__ import annotations

from pathlib import Path

import payrolls
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from payrolls import START, first_rows, key, nid, owner, row, write

from kulla.errors import ConfigError, InputError, OutputError
from kulla.registers.desk import imprintparts
from kulla.registers.desk.imprinting import MOST_PARTS, imprint
from kulla.registers.desk.imprintparts import compacted, parts_in
from kulla.registers.desk.recordmap import only_one, read_map, write_map
from kulla.registers.folder import RegisterFolder


def held(folder: RegisterFolder) -> list[tuple[object, ...]]:
    """What the imprint says once later parts have won, sorted."""
    rows = [r for part in parts_in(folder.outbox / "imprint") for r in pq.read_table(part.path).to_pylist()]
    latest = {tuple(v for k, v in r.items() if k != "to"): r for r in rows}
    return sorted((tuple(r.values()) for r in latest.values()), key=repr)


def test_a_full_imprint_has_a_row_for_each_version_and_numbers_from_one(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own")
    done = imprint(folder, key())
    assert (done.full, done.rows, done.new_records, done.skipped, done.parts) == (True, 36, 30, {}, 1)
    known = read_map(folder)
    assert sorted(known["record_no"].to_pylist()) == list(range(1, 31))
    assert known["key"].to_pylist() == [nid(n) for n in range(30)]
    made = pq.read_table(parts_in(folder.outbox / "imprint")[0].path)
    assert set(made["record_no"].to_pylist()) == set(range(1, 31))
    number = dict(zip(known["key"].to_pylist(), known["record_no"].to_pylist(), strict=True))[nid(0)]
    spans = [(str(r["from"])[:16], str(r["to"])[:16]) for r in made.to_pylist() if r["record_no"] == number]
    assert spans == [("2026-01-05 08:00", "2026-01-06 14:00"), ("2026-01-06 14:00", "None")]


def test_neither_numbers_nor_rows_are_in_the_order_of_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kulla.registers.desk.imprinting.CHUNK", 30)
    folder = owner(tmp_path / "own", [row(n, 1, 1, 0) for n in range(200)])
    imprint(folder, key())
    numbers = read_map(folder)["record_no"].to_pylist()
    assert numbers != sorted(numbers)
    assert sum(abs(n - place) for place, n in enumerate(numbers, 1)) > 200 * 20  # 200²/3 by chance
    made = pq.read_table(parts_in(folder.outbox / "imprint")[0].path)
    assert made["record_no"].to_pylist() == list(range(1, 201))


def test_increments_come_to_what_a_full_imprint_gives(tmp_path: Path) -> None:
    secret = key()
    folder = owner(tmp_path / "own")
    imprint(folder, secret)
    ended = payrolls.row(1, 1, 45001, 0, 50)
    write(folder, "versions-000002", [ended, row(1, 1, 50000, 50), row(77, 1, 1, 51)])
    second = imprint(folder, secret)
    assert (second.full, second.rows, second.new_records, second.parts) == (False, 3, 1, 2)
    grown = [*first_rows(), row(2, 2, 45002, 60), row(3, 1, 45003, 0, 61)]
    write(folder, "versions-000001", grown)
    third = imprint(folder, secret)
    assert (third.full, third.rows, third.parts) == (False, 2, 3)
    assert imprint(folder, secret).rows == 0
    by_steps, numbers = held(folder), read_map(folder)
    full = imprint(folder, secret, full=True)
    assert full.full
    assert held(folder) == by_steps
    assert read_map(folder).equals(numbers)


def test_a_version_that_ended_stands_once_after_a_compaction(tmp_path: Path) -> None:
    secret = key()
    folder = owner(tmp_path / "own", [row(1, 1, 10, 0)])
    imprint(folder, secret)
    write(folder, "versions-000002", [row(1, 1, 10, 0, 5), row(1, 1, 20, 5)])
    imprint(folder, secret)
    before = held(folder)
    part = compacted(folder.outbox / "imprint")
    assert part is not None
    assert part.rows == 2
    assert held(folder) == before
    ends = {r["from"]: r["to"] for r in pq.read_table(part.path).to_pylist()}
    assert ends[START] is not None
    assert [p.info.part for p in parts_in(folder.outbox / "imprint")] == [3]


def test_a_full_imprint_over_files_that_repeat_a_version_takes_the_later(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own", [row(1, 1, 10, 0)])
    write(folder, "versions-000002", [row(1, 1, 10, 0, 5)])
    imprint(folder, key())
    (only,) = held(folder)
    assert only[2] is not None


def test_many_increments_are_put_together(tmp_path: Path) -> None:
    secret = key()
    folder = owner(tmp_path / "own", [row(0, 1, 10, 0)])
    imprint(folder, secret)
    for step in range(1, MOST_PARTS + 1):
        write(folder, f"versions-{step + 1:06}", [row(step, 1, 10, step)])
        done = imprint(folder, secret)
    assert done.parts == 1
    assert len(held(folder)) == MOST_PARTS + 1


def test_chunks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = key()
    whole = owner(tmp_path / "one")
    imprint(whole, secret)
    monkeypatch.setattr(imprintparts, "CHUNK", 7)
    monkeypatch.setattr(imprintparts, "_RANGE_BITS", 2)
    monkeypatch.setattr("kulla.registers.desk.imprinting.CHUNK", 7)
    chunked = owner(tmp_path / "two")
    write_map(chunked, read_map(whole))
    imprint(chunked, secret)
    assert held(chunked) == held(whole)
    compacted(chunked.outbox / "imprint")
    assert held(chunked) == held(whole)


def test_an_epoch_that_differs_is_an_error_until_made_anew(tmp_path: Path) -> None:
    secret = key()
    folder = owner(tmp_path / "own")
    imprint(folder, secret)
    before = held(folder)
    rotated = secret.rotated(START)
    with pytest.raises(ConfigError, match="epoch"):
        imprint(folder, rotated)
    assert held(folder) == before
    assert imprint(folder, rotated, full=True).epoch == 2
    assert {p.info.epoch for p in parts_in(folder.outbox / "imprint")} == {2}
    assert sorted(read_map(folder)["record_no"].to_pylist()) == list(range(1, 31))


def test_a_changed_manifest_is_an_error_until_made_anew(tmp_path: Path) -> None:
    secret = key()
    folder = owner(tmp_path / "own")
    imprint(folder, secret)
    folder.write(payrolls.manifest(columns=payrolls.COLUMNS[:6]))
    with pytest.raises(ConfigError, match="columns"):
        imprint(folder, secret)
    assert imprint(folder, secret, full=True).full


def test_a_lost_map_would_renumber_so_another_run_is_kept_out(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own")
    with only_one(folder), pytest.raises(OutputError, match="another command"):
        imprint(folder, key())


def test_rows_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    bad = [row(1, 1, 1, 0), row(2, 1, 1, 0) | {"nid": None}, row(3, 1, 1, 0) | {"valid_from": None}]
    folder = owner(tmp_path / "own", [])
    loose = pa.schema([f.with_nullable(True) for f in payrolls.SCHEMA])
    pq.write_table(pa.Table.from_pylist(bad, loose), folder.history / "versions-000001.parquet")
    done = imprint(folder, key())
    assert (done.rows, done.new_records) == (1, 1)
    assert done.skipped == {"no record key": 1, "no valid_from": 1}


def test_no_history_and_a_missing_column_are_told(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own", [])
    (folder.history / "versions-000001.parquet").unlink()
    with pytest.raises(InputError, match="no versions here"):
        imprint(folder, key())
    pq.write_table(payrolls.table(first_rows()).drop_columns(["phone"]), folder.history / "versions-000001.parquet")
    with pytest.raises(InputError, match="no column phone"):
        imprint(folder, key())


def test_reconstructed_times_are_carried(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own", [row(1, 1, 10, 0) | {"known_from": START, "known_to": None}, row(2, 1, 10, 0)])
    imprint(folder, key())
    (part,) = parts_in(folder.outbox / "imprint")
    assert part.info.reconstructed
    assert set(pq.read_table(part.path)["known_from"].to_pylist()) == {START, None}


def test_nothing_personal_is_in_the_outbox(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own")
    secret = key()
    imprint(folder, secret)
    write(folder, "versions-000002", [row(90, 1, 77777, 90)])
    imprint(folder, secret)
    values = {
        str(value).encode()
        for r in [*first_rows(), row(90, 1, 77777, 90)]
        for name, value in r.items()
        if name in payrolls.NAMES and value is not None and len(str(value)) >= 6
    }
    assert len(values) > 100
    content = outbox_bytes(folder)
    assert len(content) > 10_000
    assert [value for value in values if value in content] == []
    assert [value for value in values if value[:6] in content] == []


def outbox_bytes(folder: RegisterFolder) -> bytes:
    """All that may leave: file contents, and Parquet's columns and metadata uncompressed."""
    return b"".join(decompressed(path) for path in sorted(folder.outbox.rglob("*")) if path.is_file())


def decompressed(path: Path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        parts = [b for column in table.columns for chunk in column.chunks for b in chunk.buffers() if b is not None]
        content += b"".join(part.to_pybytes() for part in parts) + repr(table.schema.metadata).encode()
    return content


def test_the_look_for_personal_values_finds_them_where_they_are(tmp_path: Path) -> None:
    folder = owner(tmp_path / "own")
    content = decompressed(folder.history / "versions-000001.parquet")
    assert all(nid(person).encode() in content for person in range(30))
