"""Key files: modes, owners, places, epochs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kulla.errors import ConfigError, InputError, KullaError, OutputError, UsageError
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import both_keys_here, keys_below, new_key, read_key, unsafe, write_key

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_key_comes_back_as_it_was_written_for_its_owner_alone(tmp_path: Path) -> None:
    key = new_key("centre", NOW)
    write_key(tmp_path / "k", key)
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    assert read_key(tmp_path / "k", "centre") == key
    assert len(key.sealing) == 32
    assert new_key("owner", NOW).secret() != new_key("owner", NOW).secret()
    assert not new_key("owner", NOW).sealing


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    key = new_key("centre", NOW)
    for secret in (key.secret(), key.sealing):
        assert repr(secret) not in repr(key)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_may_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "k"
    write_key(path, new_key("owner", NOW))
    path.chmod(mode)
    with pytest.raises(ConfigError, match="others may reach"):
        read_key(path)


def test_a_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "k"
    write_key(path, new_key("owner", NOW))
    here = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: here + 1)
    with pytest.raises(ConfigError, match="another user"):
        read_key(path)


def test_a_key_inside_a_folder_it_protects_is_refused(tmp_path: Path) -> None:
    for mark in ("owner.toml", "centre.toml", "registers/payroll/manifest.toml", "registers/payroll/imprint"):
        place = tmp_path / mark.replace("/", "-")
        (place / mark).parent.mkdir(parents=True)
        (place / mark).touch()
        (place / "deep").mkdir()
        with pytest.raises(UsageError, match="keep keys apart"):
            write_key(place / "deep" / "k", new_key("owner", NOW))
    key = tmp_path / "k"
    write_key(key, new_key("owner", NOW))
    inside = place / "deep" / "k"
    key.rename(inside)
    with pytest.raises(ConfigError, match="keep keys apart"):
        read_key(inside)
    outside = tmp_path / "link"
    outside.symlink_to(inside)
    assert "keep keys apart" in unsafe(outside)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "k"
    write_key(path, new_key("owner", NOW))
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        write_key(path, new_key("owner", NOW))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["k"]


def test_what_an_interrupted_run_left_is_told_and_old_secrets_are_overwritten(tmp_path: Path) -> None:
    path, key = tmp_path / "k", new_key("owner", NOW)
    write_key(path, key)
    os.link(path, tmp_path / "hold")
    write_key(path, key.rotated(NOW).without(1, NOW), replacing=True)
    assert set((tmp_path / "hold").read_bytes()) == {0}
    (tmp_path / "k.new").write_bytes(b"x")
    with pytest.raises(OutputError, match="an interrupted run left it"):
        write_key(path, key.rotated(NOW), replacing=True)
    assert read_key(path).current == 2


def test_rotation_keeps_the_old_epoch_until_it_is_destroyed(tmp_path: Path) -> None:
    path = tmp_path / "k"
    key = new_key("owner", NOW)
    write_key(path, key)
    write_key(path, key.rotated(NOW), replacing=True)
    two = read_key(path)
    assert (two.id, two.current) == (key.id, 2)
    assert two.secret(1) == key.secret()
    assert two.secret() != key.secret()
    write_key(path, two.without(1, NOW), replacing=True)
    one = read_key(path)
    assert one.secret() == two.secret()
    with pytest.raises(ConfigError, match="destroyed"):
        one.secret(1)
    with pytest.raises(ConfigError, match="has no epoch 7"):
        one.secret(7)
    assert one.rotated(NOW).current == 3


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"kulla_key": 2}', b'{"kulla_key": 1, "kind": "owner", "id": "x", "epochs": []}',
     b'{"kulla_key": 1, "kind": "owner", "id": "x", "epochs": [{"epoch": 1, "created": "2026-01-05","secret":"QQ"}]}'],
)  # fmt: skip
def test_what_is_no_key_is_refused_without_being_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no key file") as told:
        read_key(path)
    assert "secret" not in str(told.value)
    assert told.value.__cause__ is None


def test_the_wrong_kind_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    write_key(tmp_path / "k", new_key("owner", NOW))
    with pytest.raises(ConfigError, match="of kind centre"):
        read_key(tmp_path / "k", "centre")
    with pytest.raises(InputError, match="cannot be read"):
        read_key(tmp_path / "missing")
    with pytest.raises(KullaError):
        read_key(tmp_path)


def test_both_parts_in_one_folder_are_found_whatever_they_are_called(tmp_path: Path) -> None:
    folder = tmp_path / "centre"
    (folder / "registers" / "payroll").mkdir(parents=True)
    for name, kind in (("a", "owner"), ("b", "centre")):
        write_key(tmp_path / name, new_key(kind, NOW))  # type: ignore[arg-type]
    assert both_keys_here(folder) == ()
    (tmp_path / "a").rename(folder / "registers" / "notes.txt")
    assert both_keys_here(folder) == ()
    assert [p.name for p, _ in keys_below(folder)] == ["notes.txt"]
    (tmp_path / "b").rename(folder / "b")
    assert {p.name for p in both_keys_here(folder)} == {"notes.txt", "b"}
    assert both_keys_here(OwnerFolder(tmp_path / "elsewhere").path) == ()


def test_a_destroyed_key_is_no_part(tmp_path: Path) -> None:
    write_key(tmp_path / "a", new_key("owner", NOW).without(1, NOW))
    write_key(tmp_path / "b", new_key("centre", NOW))
    assert both_keys_here(tmp_path) == ()
