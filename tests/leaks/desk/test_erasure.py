"""After an erasure nothing of the person is left in what traces sorted of the imprint, at the owner's or the centre."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from payrolls import START, first_rows, key, nid, owner

from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.registers.desk.erasing import erase
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.receiving import receive
from kulla.registers.desk.recordmap import read_map
from kulla.registers.keyfile import new_key
from kulla.registers.tokens import unfixed

GONE = 5


def hashes_of(imprint_folder: Path, number: int) -> set[bytes]:
    """All hashes that the imprint holds of one record."""
    found: set[bytes] = set()
    for path in imprint_folder.glob("*.parquet"):
        table = pq.read_table(path)
        mine = np.flatnonzero(table["record_no"].to_numpy() == number)
        for name in table.column_names:
            if name.startswith(("cell_", "block_")):
                every = unfixed(table[name].combine_chunks())
                found |= {bytes(each) for each in every[mine]} - {bytes(16)}
    return found


def sorted_out(index: RegisterIndex) -> None:
    """Ask for all that a trace keeps: keys, cells and blocks."""
    cells, _ = index.hashes("cell_nid", np.arange(index.versions))
    index.find(cells)
    index.population()


def holding(folder: Path, hashes: set[bytes]) -> list[Path]:
    """Files below a folder that hold the beginning of one of the hashes, which is what is sorted by."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(each[:8] in path.read_bytes() for each in hashes)]


def test_the_index_beside_an_imprint_is_erased_with_the_person(tmp_path: Path) -> None:
    folder, secret, centre_key = owner(tmp_path / "own", first_rows(28)), key(), new_key("centre", START)
    imprint(folder, secret)
    known = read_map(folder)
    number = dict(zip(known["key"].to_pylist(), known["record_no"].to_pylist(), strict=True))[nid(GONE)]
    receive(folder.outbox, tmp_path / "centre", centre_key)
    kept = tmp_path / "centre" / "registers" / "payroll"
    places = ((folder.outbox / "imprint", folder.state / "index", None), (kept / "imprint", kept / "index", centre_key))
    before = [hashes_of(at, number) for at, _, _ in places]
    for at, _, secret_of in places:
        sorted_out(open_index(at, secret_of))
    for (_, index, _), hashes in zip(places, before, strict=True):
        assert len(hashes) > 3
        assert holding(index, hashes)
    erase(folder, nid(GONE))
    imprint(folder, secret)
    receive(folder.outbox, tmp_path / "centre", centre_key)
    for (at, index, secret_of), hashes in zip(places, before, strict=True):
        assert holding(index, hashes) == []
        assert holding(at, hashes) == []
        sorted_out(open_index(at, secret_of))
        assert holding(index, hashes) == []
        assert any(index.rglob("*.npy"))
