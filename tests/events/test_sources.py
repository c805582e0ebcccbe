from __future__ import annotations

import hashlib
import lzma
import os
import pickle
import random
import socket
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from archives import PACKERS, make_tar, make_zip
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kulla.errors import InputError
from kulla.events import unpack
from kulla.events.sources import (
    MOST_PARTS,
    Broken,
    Found,
    Opened,
    Skipped,
    Source,
    find,
    open_source,
    sha256,
    split,
    walk,
)
from kulla.settings import MIB, Settings

DEFAULT = Settings()
TIGHT = replace(DEFAULT, archive_ratio=100, archive_ratio_free=MIB)


def read(path: Path, using: Settings = DEFAULT) -> tuple[dict[str, bytes], list[Found]]:
    """Data of every stream by member, and everything else that was reported."""
    return read_source(Source(str(path)), using)


def read_source(source: Source, using: Settings = DEFAULT) -> tuple[dict[str, bytes], list[Found]]:
    data: dict[str, bytes] = {}
    other: list[Found] = []
    for found in walk(source, using):
        if isinstance(found, Opened):
            assert found.source.member not in data
            data[found.source.member] = found.stream.read()
            assert data[found.source.member].startswith(found.head)
        else:
            other.append(found)
    return data, other


def stored(folder: Path, data: bytes, name: str = "x") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


# ---- finding


def test_a_folder_in_order_with_reasons_for_what_is_left(tmp_path: Path) -> None:
    for name in ("b/2.log", "b/1.log", "a.log", "c.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "out").symlink_to("/etc/passwd")
    (tmp_path / "gone").symlink_to("/nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
        found = list(find([str(tmp_path)], DEFAULT))
    assert [os.path.relpath(f.path, tmp_path) for f in found if isinstance(f, Source)] == [
        "a.log",
        "b/1.log",
        "b/2.log",
        "c.log",
    ]
    reasons = {os.path.basename(f.source.path): f.reason for f in found if isinstance(f, Skipped)}
    link = "symbolic link, not followed inside a folder"
    assert reasons == {
        "empty": "empty file",
        "fifo": "FIFO",
        "loop": link,
        "out": link,
        "gone": link,
        "sock": "socket",
    }


def test_links_named_outright_are_followed_and_doubles_dropped(tmp_path: Path) -> None:
    stored(tmp_path, b"x", "a")
    (tmp_path / "b").symlink_to("a")
    found = list(find([str(tmp_path / "b"), str(tmp_path), "/dev/null", str(tmp_path / "none"), "a\0b"], DEFAULT))
    assert [type(f).__name__ for f in found] == ["Source", "Skipped", "Skipped", "Skipped", "Broken", "Broken"]
    assert next(f.reason for f in found if isinstance(f, Skipped)) == "given twice"


def test_a_file_that_vanished_or_became_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    for name in ("none", "f"):
        (found,) = walk(Source(str(tmp_path / name)), DEFAULT)
        assert isinstance(found, Broken)
        with pytest.raises(InputError):
            sha256(Source(str(tmp_path / name)))


def test_a_disk_error_is_told() -> None:
    found = list(walk(Source("/proc/self/mem"), DEFAULT))
    assert [f.reason for f in found if isinstance(f, Broken)] == ["Input/output error"]


def test_standard_input_is_spooled_and_opens_in_another_process() -> None:
    program = """
import pickle, subprocess, sys
from kulla.events.sources import find, sha256
from kulla.settings import Settings
source, = find(["-"], Settings())
other = "import pickle,sys; from kulla.events.sources import *; from kulla.settings import Settings\\n"
other += "s = pickle.load(sys.stdin.buffer)\\nprint(s.shown, s.size, [f.stream.read() for f in walk(s, Settings())])"
subprocess.run([sys.executable, "-c", other], input=pickle.dumps(source))
print(sha256(source))
"""
    packed = PACKERS["gzip"](b"one\ntwo\n")
    done = subprocess.run([sys.executable, "-c", program], input=packed, capture_output=True, check=True)
    expected = f"- {len(packed)} [b'one\\ntwo\\n']\n{hashlib.sha256(packed).hexdigest()}\n"
    assert done.stdout.decode() == expected


# ---- unpacking


@pytest.mark.parametrize("kind", PACKERS)
def test_compressions_with_several_streams_and_padding(tmp_path: Path, kind: str) -> None:
    one, two = noise(300_000), b"line\n" * 100_000
    pack = PACKERS[kind]
    path = stored(tmp_path, pack(one) + pack(two) + b"\0" * 512, "a.txt")
    assert read(path) == ({"": one + two}, [])


@pytest.mark.parametrize("kind", PACKERS)
def test_truncation_keeps_what_came_before(tmp_path: Path, kind: str) -> None:
    whole = noise(1_200_000)
    packed = PACKERS[kind](whole)
    data, other = read(stored(tmp_path, packed[: len(packed) // 2]))
    assert len(data[""]) > 300_000
    assert whole.startswith(data[""])
    (broken,) = other
    assert isinstance(broken, Broken)
    assert "truncated" in broken.reason
    assert broken.offset == len(packed) // 2
    assert not broken.unsafe


@pytest.mark.parametrize("kind", PACKERS)
def test_damage_is_told(tmp_path: Path, kind: str) -> None:
    packed = bytearray(PACKERS[kind](noise(200_000)))
    packed[len(packed) // 2] ^= 0xFF
    _, other = read(stored(tmp_path, bytes(packed)))
    assert [type(found) for found in other] == [Broken]


def test_garbage_behind_the_end_is_told(tmp_path: Path) -> None:
    data, other = read(stored(tmp_path, PACKERS["gzip"](b"a\n") + b"garbage"))
    assert data == {"": b"a\n"}
    assert isinstance(other[0], Broken)


def test_nesting_and_names(tmp_path: Path) -> None:
    inner = PACKERS["zstd"](make_tar({"d/c.evtx": b"c", "d/plain.log.gz": PACKERS["gzip"](b"p")}))
    path = stored(tmp_path, make_zip({"logs/b.tar.zst": inner, "x!y.log": b"x", "e": b""}), "no-extension")
    data, other = read(path)
    assert data == {
        "logs/b.tar.zst!d/c.evtx": b"c",
        "logs/b.tar.zst!d/plain.log.gz": b"p",
        "x%21y.log": b"x",
    }
    assert [(type(found), found.source.member) for found in other] == [(Skipped, "e")]


def test_members_open_again_elsewhere(tmp_path: Path) -> None:
    inside = {f"n{i}": b"%d" % i * 3 for i in range(4)}
    zipped = {"b.tgz": PACKERS["gzip"](make_tar(inside)), "c.zip": make_zip(inside), "d": b"d"}
    path = stored(tmp_path, make_tar({"a.zip": make_zip(zipped)}))
    count = 0
    for found in walk(Source(str(path)), DEFAULT):
        assert isinstance(found, Opened)
        count += 1
        again = pickle.loads(pickle.dumps(found.source))
        data = found.stream.read()
        (second,) = (o.stream.read() for o in open_source(again, DEFAULT) if isinstance(o, Opened))
        assert data == second
    assert count == 9


def test_zip_is_split_by_member_and_union_is_whole(tmp_path: Path) -> None:
    path = stored(
        tmp_path, make_zip({"a": b"1", "b.gz": PACKERS["gzip"](b"2"), "c.tar": make_tar({"d": b"3", "e": b"4"})})
    )
    source = Source(str(path))
    parts = split(source, DEFAULT)
    assert [part.member for part in parts] == ["a", "b.gz", "c.tar"]
    union = {k: v for part in parts for k, v in read_source(part)[0].items()}
    assert union == read(path)[0] == {"a": b"1", "b.gz": b"2", "c.tar!d": b"3", "c.tar!e": b"4"}
    many = make_zip({f"{i:03}": noise(1 + i * 7 % 50) for i in range(300)})
    groups = split(Source(str(stored(tmp_path, many, "z"))), DEFAULT)
    assert 2 < len(groups) <= MOST_PARTS
    assert [name for group in groups for name in read_source(group)[0]] == [f"{i:03}" for i in range(300)]
    assert split(Source(str(stored(tmp_path, b"text", "y"))), DEFAULT) == [Source(str(tmp_path / "y"))]


def test_doubled_names_stay_apart(tmp_path: Path) -> None:
    packed = make_tar({"a": b"1"})[:1024] + make_tar({"a": b"2"})
    assert read(stored(tmp_path, packed))[0] == {"a": b"1", "a#2": b"2"}


def test_hostile_names_go_nowhere(tmp_path: Path) -> None:
    names = ["../../etc/x", "/etc/x", "..\\..\\x", "a/../../b", "\x1b[2J"]
    (tmp_path / "work").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for make in (make_zip, make_tar):
        path = stored(tmp_path, make(dict.fromkeys(names, b"x")))
        data, other = read(path)
        assert list(data.values()) == [b"x"] * 5
        assert other == []
        assert all(member.isprintable() for member in data)
        path.unlink()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_tar_dialects(tmp_path: Path, form: int) -> None:
    long = "/".join(["d" * 40] * 5)[:240]
    names = {long: b"l" * 1000, "ë.log": b"x" * 512, "empty": b""}
    data, other = read(stored(tmp_path, make_tar(names, form)))
    assert data == {long: b"l" * 1000, "ë.log": b"x" * 512}
    assert [type(found) for found in other] == [Skipped]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, b"Z"])
def test_tar_members_that_are_no_files(tmp_path: Path, kind: bytes) -> None:
    path = stored(tmp_path, make_tar({"m": b""}, kind=kind)[:1024] + make_tar({"after": b"x"}))
    data, other = read(path)
    assert [type(found) for found in other] == [Skipped]
    assert data in ({"after": b"x"}, {})


def test_a_truncated_tar_keeps_its_first_members(tmp_path: Path) -> None:
    packed = make_tar({"a": b"a" * 2000, "b": b"b" * 2000}, tarfile.USTAR_FORMAT)
    data, other = read(stored(tmp_path, packed[: 512 + 2048 + 512 + 700]))
    assert data == {"a": b"a" * 2000, "b": b"b" * 700}
    (broken,) = other
    assert isinstance(broken, Broken)
    assert (broken.source.member, broken.offset) == ("b", 700)


def test_encrypted_and_corrupt_zip_members(tmp_path: Path) -> None:
    packed = bytearray(make_zip({"a": b"first", "b": b"second"}, zipfile.ZIP_STORED))
    packed[packed.index(b"first")] ^= 1
    directory = packed.index(b"PK\x01\x02")
    second = packed.index(b"PK\x01\x02", directory + 4)
    packed[second + 8] |= 1
    _, other = read(stored(tmp_path, bytes(packed)))
    assert [(type(found), found.source.member) for found in other] == [(Broken, "a"), (Skipped, "b")]
    assert isinstance(other[1], Skipped)
    assert "encrypted" in other[1].reason


# ---- limits


def test_a_gzip_bomb_ends_at_the_ratio(tmp_path: Path) -> None:
    path = stored(tmp_path, PACKERS["gzip"](bytes(20 * MIB)))
    data, (broken,) = read(path, TIGHT)
    assert isinstance(broken, Broken)
    assert broken.unsafe
    assert "archive_ratio" in broken.reason
    assert 0 < len(data[""]) < 6 * MIB


@pytest.mark.parametrize("kind", ["zstd", "xz", "bzip2"])
def test_bombs_of_great_ratio(tmp_path: Path, kind: str) -> None:
    path = stored(tmp_path, PACKERS[kind](bytes(100 * MIB)))
    assert path.stat().st_size < 20_000
    data, (broken,) = read(path, TIGHT)
    assert isinstance(broken, Broken)
    assert broken.unsafe
    assert len(data[""]) < 10 * MIB


def test_a_nested_bomb_is_met_by_all_layers_together(tmp_path: Path) -> None:
    layer = make_zip({f"{i}": b"\0" * MIB for i in range(8)})
    for _ in range(2):
        layer = make_zip({f"{i}.zip": layer for i in range(8)})
    path = stored(tmp_path, layer)
    data, other = read(path, TIGHT)
    assert sum(map(len, data.values())) < 10 * MIB
    assert [found.unsafe for found in other if isinstance(found, Broken)].count(True) >= 1
    assert len(other) < 10


def test_depth_members_and_totals(tmp_path: Path) -> None:
    deep = b"x"
    for _ in range(6):
        deep = PACKERS["gzip"](deep)
    members = {str(i): noise(1000) for i in range(10)}
    window = zstandard.ZstdCompressionParameters(window_log=25)
    packer = zstandard.ZstdCompressor(compression_params=window).compressobj()
    wide = packer.compress(noise(1000)) + packer.flush()
    tarred = PACKERS["gzip"](make_tar({"big": noise(5000)}))
    cases: list[tuple[bytes, Settings, str, int]] = [
        (deep, DEFAULT, "archive_depth", 0),
        (make_zip(members), replace(DEFAULT, archive_members=4), "archive_members", 4),
        (make_tar(members), replace(DEFAULT, archive_members=4), "archive_members", 4),
        (make_zip(members), replace(DEFAULT, archive_bytes=3500), "archive_bytes", 3),
        (
            tarred,
            replace(DEFAULT, archive_member_bytes=900),
            "member_bytes",
            0,
        ),
        (make_tar({"a.zip": make_zip(members)}), replace(DEFAULT, spool_bytes=900), "spool_bytes", 0),
        (lzma.compress(b"x", preset=6), replace(DEFAULT, archive_window=MIB), "archive_window", 0),
        (wide, replace(DEFAULT, archive_window=MIB), "archive_window", 0),
    ]
    for packed, using, name, kept in cases:
        data, other = read(stored(tmp_path, packed), using)
        unsafe = [found for found in other if isinstance(found, Broken) and found.unsafe]
        assert [name in found.reason for found in unsafe] == [True], (name, other)
        assert sum(len(value) == 1000 for value in data.values()) == kept, name


def test_a_zip_directory_too_long_is_not_loaded(tmp_path: Path) -> None:
    path = stored(tmp_path, make_zip({f"{i:060}": b"" for i in range(100)}))
    with path.open("rb") as file, pytest.raises(InputError, match="archive_members"):
        unpack.open_zip(file, replace(DEFAULT, archive_members=10))


def test_spooled_data_is_seekable_and_leaves_no_file(tmp_path: Path) -> None:
    using = replace(DEFAULT, spool_folder=str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    path = stored(tmp_path, PACKERS["gzip"](b"abcdef"))
    walking = walk(Source(str(path)), using)
    found = next(walking)
    assert isinstance(found, Opened)
    with unpack.spool(found.stream, using) as file:
        file.seek(3)
        assert file.read() == b"def"
        assert list((tmp_path / "spool").iterdir()) == []


# ---- anything at all

SEEDS = [pack(b"some text\n" * 50) for pack in PACKERS.values()]
SEEDS += [make_zip({"a": b"text" * 99, "b/c.gz": SEEDS[0]}), make_zip({"a": b"text"}, zipfile.ZIP_LZMA)]
SEEDS += [make_tar({"a": b"text" * 99, "ë" * 120: b"x"}, form) for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT)]
SEEDS += [PACKERS["gzip"](make_tar({"a.zip": SEEDS[4]}))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_archives_never_raise(tmp_path: Path, data: st.DataObject) -> None:
    packed = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)) | st.just(len(packed)))
    path = stored(tmp_path, bytes(packed[:cut]))
    members, other = read(path, TIGHT)
    assert sum(map(len, members.values())) < 4 * MIB
    assert members or other
    for part in split(Source(str(path)), TIGHT):
        read_source(part, TIGHT)
