from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from centremade import NOW, centre_at, secrets_of

from kulla.centre import folder
from kulla.centre.centretoml import CentreToml
from kulla.errors import ConfigError, InputError, KullaError, OutputError, UsageError
from kulla.leaks.desk.centrefolder import CentreFolder
from kulla.registers.desk import receiving
from kulla.registers.keyfile import new_key

TOLD = CentreToml(name="Qendra", host="kulla.example.al")


def test_a_centre_is_made_and_opened(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    again = folder.opened(tmp_path / "centre")
    assert again.told == made.told
    assert again.keys.id() == made.told.id
    top = {name for name in folder.FOLDERS if "/" not in name}
    assert {path.name for path in made.path.iterdir()} == {*top, "centre.toml"}
    assert folder.opened(tmp_path / "centre", tmp_path / "keys") == again
    assert len({*again.keys.fingerprints().values()}) == 2


def test_everything_is_for_its_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = centre_at(tmp_path)
    finally:
        os.umask(old)
    for path in (made.path, made.keys.folder, *made.path.rglob("*"), *made.keys.folder.rglob("*")):
        if path.suffix != ".pub":
            assert not path.stat().st_mode & 0o077, path


def test_no_secret_lies_in_the_folder(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    found = b"".join(path.read_bytes() for path in made.path.rglob("*") if path.is_file())
    secrets = list(secrets_of(made))
    assert len(secrets) == 31
    assert not [secret for secret in secrets if secret in found]
    held = b"".join(path.read_bytes() for path in made.keys.files())
    assert sum(secret in held for secret in secrets) >= 6, "the scan looks for what is there"


@pytest.mark.parametrize(("centre", "keys"), [("c", "c"), ("c", "c/keys"), ("k/c", "k"), ("c", "x/../c/state")])
def test_keys_inside_the_folder_are_refused_and_the_other_way(tmp_path: Path, centre: str, keys: str) -> None:
    with pytest.raises(UsageError, match="outside"):
        folder.create(tmp_path / centre, tmp_path / keys, TOLD, NOW)
    assert not list(tmp_path.rglob("*.key"))


def test_keys_moved_into_the_folder_are_refused(tmp_path: Path) -> None:
    centre_at(tmp_path)
    shutil.move(tmp_path / "keys", tmp_path / "centre" / "keys")
    with pytest.raises(UsageError, match="outside"):
        folder.opened(tmp_path / "centre", tmp_path / "centre" / "keys")


def test_keys_in_another_centre_are_refused(tmp_path: Path) -> None:
    centre_at(tmp_path)
    with pytest.raises(UsageError, match="inside the folder"):
        folder.create(tmp_path / "second", tmp_path / "centre" / "state" / "k", TOLD, NOW)


def test_the_keys_of_another_centre_are_refused(tmp_path: Path) -> None:
    centre_at(tmp_path / "a")
    centre_at(tmp_path / "b")
    with pytest.raises(ConfigError, match="another centre"):
        folder.opened(tmp_path / "a" / "centre", tmp_path / "b" / "keys")


@pytest.mark.parametrize("which", ["centre", "keys", "keys/console.key", "keys/evidence.key", "keys/signing.key"])
def test_what_others_may_reach_is_refused(tmp_path: Path, which: str) -> None:
    centre_at(tmp_path)
    path = tmp_path / which
    path.chmod(path.stat().st_mode | 0o040)
    with pytest.raises(ConfigError, match="others may reach"):
        _all_of(folder.opened(tmp_path / "centre"))


@pytest.mark.parametrize("which", ["console", "evidence", "backup", "signing", "audit", "centre"])
def test_a_damaged_key_is_told_without_its_content(tmp_path: Path, which: str) -> None:
    made = centre_at(tmp_path)
    (made.keys.folder / f"{which}.key").unlink()
    with pytest.raises(InputError, match=f"{which}.key"):
        _all_of(made)
    if which != "console":
        (made.keys.folder / f"{which}.key").touch(0o600)
        (made.keys.folder / f"{which}.key").write_text("geheim")
        with pytest.raises(ConfigError) as told:
            _all_of(made)
        assert "geheim" not in str(told.value)


def test_a_key_of_one_purpose_is_none_of_another(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    shutil.copy(made.keys.folder / "backup.key", made.keys.folder / "evidence.key")
    with pytest.raises(ConfigError, match="no evidence key"):
        made.keys.evidence()
    shutil.copy(centre_at(tmp_path / "other").keys.folder / "evidence.key", made.keys.folder / "backup.key")
    with pytest.raises(ConfigError, match="no backup key"):
        made.keys.backup()


def test_a_rotated_key_keeps_the_old_secret(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    before = made.keys.evidence()
    made.keys.rotate("evidence.key")
    after = made.keys.evidence()
    assert after.secret(before.current) == before.secret(before.current)
    assert (after.address, len(after.secrets)) == (before.address, 2)
    assert after.current != before.current
    with pytest.raises(ConfigError, match="not among the keys"):
        before.secret(after.current)


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    centre_at(tmp_path)
    with pytest.raises(UsageError, match="a centre already"):
        folder.create(tmp_path / "centre", tmp_path / "k2", TOLD, NOW)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(UsageError, match="other things"):
        folder.create(tmp_path / "other", tmp_path / "k2", TOLD, NOW)
    with pytest.raises(UsageError, match="holds something already"):
        folder.create(tmp_path / "third", tmp_path / "other", TOLD, NOW)
    with pytest.raises(UsageError, match="no folder"):
        folder.create(tmp_path / "other" / "file", tmp_path / "k2", TOLD, NOW)
    assert not (tmp_path / "k2").exists()


def test_a_wrong_value_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="host"):
        folder.create(tmp_path / "centre", tmp_path / "keys", CentreToml(name="x", host="a b"), NOW)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_received_registers_becomes_a_centre(tmp_path: Path) -> None:
    kept = tmp_path / "centre" / "registers" / "payroll" / "imprint"
    kept.mkdir(parents=True)
    (kept / "part-0.parquet").write_bytes(b"x")
    (tmp_path / "centre" / "centre.toml").write_text("schema = 1\n")
    with pytest.raises(ConfigError, match="kulla init"):
        folder.opened(tmp_path / "centre", tmp_path / "keys")
    key = new_key("centre", NOW)
    made = folder.create(tmp_path / "centre", tmp_path / "keys", TOLD, NOW, key)
    assert made.keys.registers() == key
    assert (kept / "part-0.parquet").exists()
    CentreFolder(made.path).check()  # traces work as before
    receiving._centre(made.path)  # and so do deliveries


def test_what_is_no_centre_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kulla init"):
        folder.opened(tmp_path)


def test_one_process_at_a_time_has_the_centre(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    with made.alone(), pytest.raises(OutputError, match="another process"), made.alone():
        pass
    with made.alone():
        pass


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "ë", "x" * 65])
def test_an_inbox_has_a_plain_name(tmp_path: Path, name: str) -> None:
    made = centre_at(tmp_path)
    with pytest.raises(UsageError):
        made.inbox_of(name)
    assert made.inbox_of("min-drejtesia_1").is_dir()


def test_the_address_of_the_database(tmp_path: Path) -> None:
    assert centre_at(tmp_path / "a").database_url() == ""
    made = centre_at(tmp_path / "b", database="postgresql")
    with pytest.raises(ConfigError, match=r"database\.url"):
        made.database_url()
    assert made.database_url("postgresql://e") == "postgresql://e"
    (made.keys.folder / "database.url").touch(0o600)
    (made.keys.folder / "database.url").write_text("postgresql://k\n")
    assert made.database_url() == "postgresql://k"


def test_values_are_rewritten(tmp_path: Path) -> None:
    made = centre_at(tmp_path)
    made.rewritten(replace(made.told, anchors=("/mnt/away",), more={"mail": {"host": "mx"}}))
    again = folder.opened(made.path)
    assert again.told.anchors == ("/mnt/away",)
    assert again.told.more == {"mail": {"host": "mx"}}
    with pytest.raises(ConfigError, match=r"mail\.password"):
        made.rewritten(replace(made.told, more={"mail": {"password": "x"}}))
    assert folder.opened(made.path).told == again.told


def _all_of(made: folder.Centre) -> None:
    keys = made.keys
    for each in (keys.console, keys.evidence, keys.backup, keys.signing, keys.audit, keys.registers):
        each()


def test_errors_are_for_people(tmp_path: Path) -> None:
    with pytest.raises(KullaError, match="kulla init"):
        folder.told_in(tmp_path / "nowhere")
