"""The index of reads on disk is that of the reads, of these reads alone, and goes when they go."""

from __future__ import annotations

import shutil
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from payrolls import nid
from registers.desk.test_erasing import GONE, filled, put, read

from kulla.errors import InputError
from kulla.exercise.layout import Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.leaks.attribute import Index, index
from kulla.leaks.attribute.readlog import PER_READ
from kulla.leaks.desk.indexstore import IndexStore, beside
from kulla.leaks.desk.readindex import open_reads
from kulla.leaks.desk.readlog import readlog
from kulla.registers.bitmap import unpack
from kulla.registers.desk.erasing import erase
from kulla.registers.desk.receiving import receive
from kulla.registers.keyfile import new_key
from kulla.registers.schema import EXTENTS, READ, SEALS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small country's reads, in two files."""
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(folder, Settings(2_000, 2, 7, "steady", ("civil",)), Reads("direct", 40, (), None, 2_000), None)
    reads = folder / "owner" / "registers" / "civil" / "outbox" / "reads"
    (path,) = reads.glob("*.parquet")
    table = pq.read_table(path)
    pq.write_table(table.slice(0, 700), path)
    pq.write_table(table.slice(700), reads / "zz-later.parquet", row_group_size=300)
    return reads


@pytest.fixture
def reads(made: Path, tmp_path: Path) -> Path:
    """The reads as they lie at a centre."""
    folder = tmp_path / "registers" / "civil" / "reads"
    shutil.copytree(made, folder)
    return folder


def same(one: Index, other: Index) -> None:
    for each in fields(Index):
        if each.name != "log":
            assert np.array_equal(getattr(one, each.name), getattr(other, each.name)), each.name
    for each in fields(one.log):
        left, right = getattr(one.log, each.name), getattr(other.log, each.name)
        if each.name in PER_READ:
            assert left.dtype == right.dtype
            assert np.array_equal(left, right), each.name
        else:
            assert left == right, each.name
    for code in range(len(one.sizes)):
        assert one.records(code).tolist() == other.records(code).tolist()


def stored(reads: Path) -> Path:
    (state,) = (beside(reads) / "reads").iterdir()
    return state / "log"


def test_the_log_is_what_its_rows_say(reads: Path) -> None:
    log = readlog(reads)
    rows = [row for path in sorted(reads.glob("*.parquet")) for row in pq.read_table(path).to_pylist()]
    assert len(log) == len(rows)
    for at, row in list(enumerate(rows))[::7]:
        assert log.accounts[log.account[at]] == row["account"]
        assert (log.end_users[log.end_user[at]] if log.end_user[at] >= 0 else None) == row["end_user"]
        assert log.column_sets[log.columns[at]] == (None if row["columns"] is None else tuple(row["columns"]))
        assert int(log.start[at]) == round(row["snapshot_from"].timestamp() * 1e6)
        assert int(log.record[at]) == (row["record"] or 0)
        assert (log.bitmaps[log.bitmap[at]] if log.bitmap[at] >= 0 else None) == row["records"]
        assert (EXTENTS[log.extent[at]], SEALS[log.sealed[at]]) == (row["extent"], row["sealed"])
        assert log.read_id[at].tobytes() == row["read_id"]
        assert int(log.lines[at]) == row["line_to"] - row["line_from"] + 1


def test_a_span_keeps_the_reads_whose_snapshots_meet_it(reads: Path) -> None:
    whole = readlog(reads)
    first, last = np.sort(whole.start)[[300, 900]].tolist()
    some = readlog(reads, (first, last))
    kept = (whole.start < last) & (whole.stop >= first)
    assert np.array_equal(some.read_id, whole.read_id[kept])
    assert np.array_equal(some.start, whole.start[kept])


def test_mapped_and_made_index_are_those_of_the_reads(reads: Path) -> None:
    log = readlog(reads)
    pooled = (log.accounts[0], log.accounts[3])
    for names in (pooled, ()):
        wanted = index(log, names)
        same(open_reads(reads, names), wanted)
        before = stored(reads).stat().st_mtime_ns
        same(open_reads(reads, names), wanted)
        assert stored(reads).stat().st_mtime_ns == before
    assert any(bitmap for bitmap in log.bitmaps)
    assert unpack(log.bitmaps[0]).tolist() == open_reads(reads).records(0).tolist()


def test_no_reads_are_an_empty_index(tmp_path: Path) -> None:
    folder = tmp_path / "registers" / "civil" / "reads"
    folder.mkdir(parents=True)
    for _ in range(2):
        known = open_reads(folder)
        assert (len(known.log), known.actors, known.spans, known.sets) == (0, (), (), 0)


def test_other_reads_are_never_answered_from_an_index_of_these(reads: Path) -> None:
    open_reads(reads)
    before = stored(reads)
    later = reads / "zz-later.parquet"
    table = pq.read_table(later)
    pq.write_table(table.slice(0, table.num_rows - 1), later)
    same(open_reads(reads), index(readlog(reads)))
    assert stored(reads) != before
    assert not before.exists()
    later.unlink()
    same(open_reads(reads), index(readlog(reads)))


@pytest.mark.parametrize("what", ["lost", "cut", "empty", "another's", "text"])
def test_a_damaged_index_is_made_anew(reads: Path, what: str) -> None:
    wanted = index(readlog(reads))  # not a mapped one: its files are cut short below
    open_reads(reads)
    folder = stored(reads)
    files = sorted(folder.glob("*.npy"))
    for victim in (files[0], files[-1], files[len(files) // 2]):
        whole = victim.read_bytes()
        if what == "lost":
            victim.unlink()
        elif what == "cut":
            victim.write_bytes(whole[: len(whole) // 2])
        elif what == "empty":
            victim.write_bytes(b"")
        elif what == "another's":
            np.save(victim, np.zeros(5, np.int32))
        else:
            victim.write_text("not an array")
        same(open_reads(reads), wanted)
        assert victim.read_bytes() == whole


def test_reads_that_cannot_be_read_leave_no_index(reads: Path) -> None:
    (reads / "zz-later.parquet").write_bytes(b"PAR1 not quite")
    with pytest.raises(InputError, match="zz-later"):
        open_reads(reads)
    assert not list(beside(reads).glob("reads/*/log"))


def test_the_index_of_an_imprint_and_that_of_reads_leave_each_other_alone(reads: Path) -> None:
    open_reads(reads)
    kept = stored(reads)
    store = IndexStore(beside(reads), ["imprint", 1])
    store.arrays("records", lambda: (np.arange(3),))
    IndexStore(beside(reads), ["imprint", 2])
    assert kept.exists()
    assert not list(beside(reads).glob("*/records"))
    open_reads(reads, ("nobody",))
    assert not kept.exists()


def mentions(known: Index, number: int) -> bool:
    held = [known.records(code) for code in range(len(known.sizes))]
    return number in known.log.record or any(number in records for records in held)


def test_an_erasure_at_the_owners_takes_the_index_away(tmp_path: Path) -> None:
    folder, secret = filled(tmp_path)
    reads = folder.outbox / "reads"
    before = open_reads(reads)
    assert (folder.state / "index" / "reads").exists()
    number = erase(folder, nid(GONE), secret).record_no
    assert mentions(before, number)
    assert not (folder.state / "index").exists()
    assert not mentions(open_reads(reads), number)


def test_a_delivery_of_other_reads_takes_their_index_away_and_leaves_the_imprints(tmp_path: Path) -> None:
    folder, _ = filled(tmp_path)
    centre, key = tmp_path / "centre", new_key("centre", datetime(2026, 5, 1, tzinfo=UTC))
    receive(folder.outbox, centre, key)
    kept = centre / "registers" / folder.read().name
    open_reads(kept / "reads")
    other = kept / "index" / ("0" * 16)
    other.mkdir()
    receive(folder.outbox, centre, key)
    assert (kept / "index" / "reads").exists()
    put(folder.outbox / "reads" / "s.parquet", READ, [read(9, 3, None)])
    receive(folder.outbox, centre, key)
    assert not (kept / "index" / "reads").exists()
    assert other.exists()
    assert len(open_reads(kept / "reads").log) == 6
