"""Remembered hashes are those of the files, whatever was done to a file's times."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from kulla.leaks.desk.filehashes import file_hashes
from kulla.leaks.desk.indexstore import beside


def test_an_exchanged_file_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    path, kept = tmp_path / "reads.parquet", tmp_path / "index" / "reads.json"
    path.write_bytes(b"one")
    before = path.stat()
    assert file_hashes([path], kept) == file_hashes([path], kept) == [hashlib.sha256(b"one").digest()]
    other = tmp_path / "other"
    other.write_bytes(b"two")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert file_hashes([path], kept) == [hashlib.sha256(b"two").digest()]


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"reads.parquet": 3}'])
def test_a_damaged_memory_only_costs_time(tmp_path: Path, damage: bytes) -> None:
    path, kept = tmp_path / "reads.parquet", tmp_path / "reads.json"
    path.write_bytes(b"one")
    kept.write_bytes(damage)
    assert file_hashes([path], kept) == [hashlib.sha256(b"one").digest()]


def test_what_is_derived_never_lies_in_an_outbox(tmp_path: Path) -> None:
    assert beside(tmp_path / "payroll" / "outbox" / "reads") == tmp_path / "payroll" / "state" / "index"
    assert beside(tmp_path / "payroll" / "reads") == tmp_path / "payroll" / "index"
