"""Hashes of a register's imprint: those of its parts as they are, remembered or not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kulla.leaks.desk.centrefolder import CentreRegister
from kulla.leaks.desk.site import imprint_sha256


def parts(path: Path) -> CentreRegister:
    register = CentreRegister(path / "payroll")
    register.imprint.mkdir(parents=True)
    for number in (1, 2):
        (register.imprint / f"part-{number:06}.parquet").write_bytes(bytes([number]) * 1000)
    return register


def by_hand(register: CentreRegister) -> str:
    digests = [hashlib.sha256(part.read_bytes()).digest() for part in sorted(register.imprint.glob("*.parquet"))]
    return hashlib.sha256(b"".join(digests)).hexdigest()


def test_the_hash_is_what_bare_commands_give(tmp_path: Path) -> None:
    register = parts(tmp_path)
    assert imprint_sha256(register) == imprint_sha256(register) == by_hand(register)
    assert (register.path / "index" / "hashes.json").exists()


def test_a_part_exchanged_with_its_size_and_time_kept_is_read_again(tmp_path: Path) -> None:
    register = parts(tmp_path)
    before = imprint_sha256(register)
    part = register.imprint / "part-000002.parquet"
    state = part.stat()
    part.write_bytes(b"x" * 1000)
    os.utime(part, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert imprint_sha256(register) == by_hand(register) != before


def test_where_nothing_can_be_remembered_it_is_the_same(tmp_path: Path) -> None:
    register = parts(tmp_path)
    (register.path / "index").write_text("a file in the folder's place")
    assert imprint_sha256(register) == by_hand(register)
