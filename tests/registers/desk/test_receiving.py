"""A delivery taken into a centre's folder."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kulla.errors import ConfigError, InputError
from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.make import Reads, make_exercise
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.receiving import receive
from kulla.registers.folder import OwnerFolder
from kulla.registers.imprintformat import imprint_info
from kulla.registers.keyfile import new_key
from kulla.registers.manifest import read_manifest

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> OwnerFolder:
    folder = tmp_path_factory.mktemp("country") / "c"
    make_exercise(folder, Settings(300, 2, 5, "steady", ("civil",)), Reads("direct", 12, (), 5, None), None)
    found = ExerciseFolder(folder).owner
    imprint(found.register("civil"), new_key("owner", NOW))
    return found


def test_an_outbox_becomes_what_the_centre_keeps(owner: OwnerFolder, tmp_path: Path) -> None:
    outbox = owner.register("civil").outbox
    done = receive(outbox, tmp_path / "centre", new_key("centre", NOW))
    kept = tmp_path / "centre" / "registers" / "civil"
    assert (done.parts_taken, done.reads_taken, done.parts_dropped, done.reads_dropped) == (1, 1, 0, 0)
    manifest = read_manifest((kept / "manifest.toml").read_text("utf-8"), "kept")
    assert manifest.connection == ""
    assert manifest.columns == owner.register("civil").read().columns
    part = next((kept / "imprint").glob("*.parquet"))
    assert imprint_info(pq.read_schema(part), "kept").side == "outer"
    accounts = pq.read_table(kept / "accounts.parquet")
    assert set(accounts.column_names) == {"account", "role", "office", "administrator", "pooled", "job"}
    assert (tmp_path / "centre" / "centre.toml").exists()


def test_what_is_gone_at_the_owner_goes_here_too(owner: OwnerFolder, tmp_path: Path) -> None:
    outbox, key = owner.register("civil").outbox, new_key("centre", NOW)
    receive(outbox, tmp_path / "centre", key)
    stray = tmp_path / "centre" / "registers" / "civil" / "reads" / "reads-old.parquet"
    stray.write_bytes(b"x")
    again = receive(outbox, tmp_path / "centre", key)
    assert (again.parts_taken, again.reads_taken, again.reads_dropped) == (0, 0, 1)
    assert not stray.exists()


def test_what_is_no_delivery_or_no_centre_is_refused(owner: OwnerFolder, tmp_path: Path) -> None:
    key = new_key("centre", NOW)
    with pytest.raises(InputError, match="give the outbox"):
        receive(tmp_path, tmp_path / "centre", key)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("x")
    with pytest.raises(InputError, match="holds other things"):
        receive(owner.register("civil").outbox, tmp_path / "other", key)


def test_another_owners_register_of_the_same_name_is_refused(owner: OwnerFolder, tmp_path: Path) -> None:
    key = new_key("centre", NOW)
    receive(owner.register("civil").outbox, tmp_path / "centre", key)
    path = tmp_path / "centre" / "registers" / "civil" / "manifest.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace('owner = "', 'owner = "Another '), "utf-8")
    with pytest.raises(ConfigError, match="another name"):
        receive(owner.register("civil").outbox, tmp_path / "centre", key)


def test_what_was_sorted_of_an_imprint_goes_with_the_parts_it_was_of(owner: OwnerFolder, tmp_path: Path) -> None:
    """After an erasure nothing of the person may wait beside the imprint for the next trace."""
    outbox = tmp_path / "outbox"
    shutil.copytree(owner.register("civil").outbox, outbox)
    key = new_key("centre", NOW)
    receive(outbox, tmp_path / "centre", key)
    index = tmp_path / "centre" / "registers" / "civil" / "index" / "0123"
    index.mkdir(parents=True)
    receive(outbox, tmp_path / "centre", key)
    assert index.exists()
    (part,) = (outbox / "imprint").glob("*.parquet")
    part.rename(part.with_name("part-000009.parquet"))
    receive(outbox, tmp_path / "centre", key)
    assert not index.parent.exists()


@pytest.mark.parametrize("place", ["seals.jsonl", "reads/more.parquet", "imprint/part-000002.parquet", "reads"])
def test_a_delivery_with_a_link_in_it_is_refused(owner: OwnerFolder, tmp_path: Path, place: str) -> None:
    """It would be followed at the centre: to its key, which would then go into packages as a seal."""
    outbox, secret = tmp_path / "outbox", tmp_path / "centre.key"
    shutil.copytree(owner.register("civil").outbox, outbox)
    secret.write_text("secret")
    if place == "reads":
        shutil.move(outbox / "reads", tmp_path / "elsewhere")
        secret = tmp_path / "elsewhere"
    (outbox / place).unlink(missing_ok=True)
    (outbox / place).symlink_to(secret)
    with pytest.raises(InputError, match="is a link"):
        receive(outbox, tmp_path / "centre", new_key("centre", NOW))
    assert not (tmp_path / "centre").exists()


def test_what_the_owner_no_longer_has_goes(owner: OwnerFolder, tmp_path: Path) -> None:
    outbox, key = tmp_path / "outbox", new_key("centre", NOW)
    shutil.copytree(owner.register("civil").outbox, outbox)
    (outbox / "seals.jsonl").write_text("{}\n")
    receive(outbox, tmp_path / "centre", key)
    kept = tmp_path / "centre" / "registers" / "civil" / "seals.jsonl"
    assert kept.exists()
    (outbox / "seals.jsonl").unlink()
    receive(outbox, tmp_path / "centre", key)
    assert not kept.exists()
