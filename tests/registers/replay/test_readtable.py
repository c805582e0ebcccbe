"""The ids of reads, made together and one by one."""

from __future__ import annotations

from hashlib import blake2b

import pyarrow as pa
import pytest

from kulla.registers.replay.readtable import read_ids
from kulla.registers.schema import LABEL


@pytest.mark.parametrize("skipped", [0, 1])
@pytest.mark.parametrize(
    ("files", "hashes"),
    [
        (["ab" * 32, "cd" * 32, "ab" * 32], [b"\1" * 16, b"\2" * 16, b"\3" * 16]),
        (["ab" * 32, "short", "ab" * 32], [b"\1" * 16, b"\2" * 16, b"\3" * 16]),
        (["ab" * 32, None, "ab" * 32], [b"\1" * 16, None, b"\3" * 16]),
        ([None, None, None], [b"\1" * 16, b"\2" * 16, b"\3" * 16]),
    ],
    ids=["alike", "names of two lengths", "nulls", "no file"],
)
def test_each_is_the_hash_of_its_line(files: list[str | None], hashes: list[bytes | None], skipped: int) -> None:
    lines = [7, 300, 70_000]
    columns = pa.array(files, pa.string()).cast(LABEL), pa.array(lines), pa.array(hashes, pa.binary(16))
    found = read_ids(*(column.slice(skipped) for column in columns)).to_pylist()
    assert (
        found
        == [
            blake2b((file or "").encode() + line.to_bytes(8, "big") + (told or b""), digest_size=16).digest()
            for file, line, told in zip(files, lines, hashes, strict=True)
        ][skipped:]
    )
