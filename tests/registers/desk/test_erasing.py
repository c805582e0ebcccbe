"""One person erased: from every table, found nowhere by a search of all bytes, and the number never used again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from payrolls import START, first_rows, key, nid, owner, row, write
from registers.desk.test_imprinting import decompressed

from kulla.errors import InputError
from kulla.registers.bitmap import pack, unpack
from kulla.registers.desk.erasing import erase, erased_numbers, neutralise_reads
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.imprintparts import parts_in
from kulla.registers.desk.recordmap import read_map
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.imprint import plan, record_tokens
from kulla.registers.keyfile import KeyFile
from kulla.registers.keys import owner_keys
from kulla.registers.schema import ACCESS, EXPLANATIONS, GROUPS, READ, WATCHED
from kulla.registers.tokens import fixed

GONE = 5


def read(number: int, record: int | None, records: list[int] | None) -> dict[str, object]:
    return {
        "read_id": bytes([number]) * 16, "account": "clerk", "snapshot_from": START, "snapshot_to": START,
        "extent": "exact", "rows": 1, "record": record, "records": None if records is None else pack(records),
    }  # fmt: skip


def filled(tmp_path: Path) -> tuple[RegisterFolder, KeyFile]:
    """A register with an imprint, and the person in every kind of table."""
    folder, secret = owner(tmp_path / "own", first_rows(28)), key()
    imprint(folder, secret)
    number = number_of(folder)
    phone, name = first_rows()[6]["phone"], first_rows()[6]["full_name"]
    assert first_rows()[6]["nid"] == nid(GONE)
    statements = [f"select * from payroll where nid = '{nid(GONE).lower()}'", f"select 1 -- {name}", "select 2"]
    put(folder.accesses / "a.parquet", ACCESS, [
        {"time": START, "statement": text, "parameters": f"{phone}" if text == "select 2" else None}
        for text in [*statements, f"select {nid(7)}"]
    ])  # fmt: skip
    put(folder.outbox / "reads" / "r.parquet", READ, [
        read(1, number, None), read(2, None, [number, 900]), read(3, 900, None), read(4, None, []),
        read(5, None, None),
    ])  # fmt: skip
    put(folder.outbox / "groups.parquet", GROUPS, [{"record_no": n, "group": "Tiranë"} for n in (number, 900)])
    put(folder.context / "explanations.parquet", EXPLANATIONS, [{"record_no": n} for n in (number, None)])
    planned = plan(folder.read(), secret.id, 1)
    tokens = fixed(*record_tokens(owner_keys(secret.secret()), planned, {"nid": pa.array([nid(GONE), nid(7)])}))
    put(folder.context / "watched.parquet", WATCHED, [{"token": t, "reason": "x"} for t in tokens.to_pylist()])
    write(folder, "../state/snapshot", [row(GONE, 1, 1, 0), row(7, 1, 1, 0)])
    return folder, secret


def number_of(folder: RegisterFolder) -> int:
    known = read_map(folder)
    found: int = dict(zip(known["key"].to_pylist(), known["record_no"].to_pylist(), strict=True))[nid(GONE)]
    return found


def put(path: Path, schema: pa.Schema, rows: list[dict[str, object]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema), made(path.parent) / path.name)


def test_an_erased_person_is_found_nowhere(tmp_path: Path) -> None:
    folder, secret = filled(tmp_path)
    there = everything(folder)
    assert nid(GONE).encode() in there
    done = erase(folder, nid(GONE), secret)
    assert (done.versions, done.imprint_rows, done.reads, done.statements) == (2, 2, 2, 3)
    assert done.others == 4  # group, explanation, watched token, snapshot
    assert done.remains == []
    after = everything(folder).lower()
    person = first_rows()[6]
    for value in (person["nid"], person["full_name"], person["phone"]):
        assert str(value).lower().encode() in there.lower()
        assert str(value).lower().encode() not in after
    assert nid(7).lower().encode() in after


def everything(folder: RegisterFolder) -> bytes:
    return b"".join(decompressed(path) for path in sorted(folder.path.rglob("*")) if path.is_file())


def test_what_stays_of_reads(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path)
    erase(folder, nid(GONE))
    reads = pq.read_table(folder.outbox / "reads" / "r.parquet")
    assert reads.num_rows == 5
    assert reads["record"].to_pylist() == [None, None, 900, None, None]
    bitmaps = reads["records"].to_pylist()
    assert [None if b is None else unpack(b).tolist() for b in bitmaps] == [[], [900], None, [], None]
    assert reads["rows"].to_pylist() == [1] * 5
    assert reads.schema.equals(READ)


def test_the_number_is_never_used_again_and_the_centre_is_told(tmp_path: Path) -> None:
    folder, secret = filled(tmp_path)
    number = erase(folder, nid(GONE)).record_no
    assert erased_numbers(folder.outbox).tolist() == [number]
    write(folder, "versions-000002", [row(GONE, 1, 5, 99), row(GONE, 2, 5, 99)])
    imprint(folder, secret)
    known = read_map(folder)
    assert known["erased"].to_pylist() == [n == number for n in known["record_no"].to_pylist()]
    assert number_of(folder) == 29
    assert number not in pq.read_table(parts_in(folder.outbox / "imprint")[0].path)["record_no"].to_pylist()
    second = erase(folder, nid(GONE)).record_no
    assert sorted(erased_numbers(folder.outbox).tolist()) == [number, second]
    assert second == 29


def test_the_centre_takes_the_references_out_of_its_reads(tmp_path: Path) -> None:
    put(tmp_path / "reads" / "day" / "r.parquet", READ, [read(1, 4, None), read(2, 9, None), read(3, None, [4, 9])])
    assert neutralise_reads(tmp_path / "reads", np.array([4], np.uint32)) == 2
    assert pq.read_table(tmp_path / "reads" / "day" / "r.parquet")["record"].to_pylist() == [None, 9, None]
    assert neutralise_reads(tmp_path / "reads", np.array([4], np.uint32)) == 0
    assert erased_numbers(tmp_path).tolist() == []


def test_an_unknown_key_is_not_quoted(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path)
    with pytest.raises(InputError, match="no record has that key") as told:
        erase(folder, "J99999999X")
    assert "J99999999X" not in str(told.value)


def test_files_that_it_cannot_treat_are_named(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path)
    (folder.context / "notes.txt").write_text(f"call {nid(GONE)} back")
    pq.write_table(pa.table({"remark": [f"see {nid(GONE)}"]}), folder.state / "odd.parquet")
    remains = erase(folder, nid(GONE)).remains
    assert [line.split("/")[-1].split(":")[0] for line in remains] == ["notes.txt", "odd.parquet"]
    assert not any(nid(GONE) in line for line in remains)


def test_an_erasure_cut_short_can_be_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = filled(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("kulla.registers.desk.erasing.write_map", lambda *_: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            erase(folder, nid(GONE))
    done = erase(folder, nid(GONE))
    assert (done.versions, done.remains) == (0, [])
    assert nid(GONE).encode() not in everything(folder)
