"""`kulla backup`, `restore`, `upgrade` and `centre`, each in a process of its own, as an operator uses them."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from cli.command import kulla
from cli.inprocess import kulla as here

from kulla.centre.folder import opened
from kulla.centre.vault.store import Store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A centre as `kulla init` makes it, with an item and an entry in its audit."""
    folder = tmp_path_factory.mktemp("made")
    done = kulla("init", folder / "centre", "--name", "Qendra", "--keys", folder / "keys", "--no-tls")
    assert done.code == 0, done.err
    return folder


def shares_in(out: str) -> list[str]:
    """The shares as they were printed, each on one line."""
    return [" ".join(text.split("needed")[1].split()) for text in re.split(r"share \d+ of ", out)[1:]]


def test_a_centre_comes_back_from_its_backup_and_two_of_three_shares(made: Path, tmp_path: Path) -> None:
    done = kulla("centre", "shares", made / "centre", "--need", "2", "--of", "3")
    assert done.code == 0, done.err
    shares = shares_in(done.out)
    assert [len(share.split()) for share in shares] == [33, 33, 33]
    done = kulla("backup", made / "centre", tmp_path / "b", "--json")
    assert done.code == 0, done.err
    told = cast("dict[str, object]", done.json())
    assert told["keys"] == str(tmp_path / "b.keys")

    given = f"{shares[2]}\n\n{shares[0].upper()}\n".encode()
    arguments = ("--keys", tmp_path / "k", "--keys-backup", tmp_path / "b.keys")
    done = kulla("restore", tmp_path / "b", tmp_path / "c", *arguments, given=given)
    assert done.code == 0, done.err
    assert "every chain holds" in done.out
    assert "1 more" in done.err
    assert opened(made / "centre").keys.fingerprints()["signing"] in done.out
    assert not any(word in done.out + done.err for word in shares[0].split() if len(word) > 6)
    with closing(sqlite3.connect(tmp_path / "c" / "state" / "centre.sqlite3")) as rows:
        assert rows.execute("SELECT count(*) FROM audit_entry").fetchone()[0] >= 1
    assert opened(tmp_path / "c").keys.folder == tmp_path / "k"


def test_a_chain_that_does_not_hold_is_told(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "m")
    centre = opened(tmp_path / "m" / "centre", tmp_path / "m" / "keys")
    item = Store(centre.evidence, centre.keys.evidence()).put([b"nobody took this in"])
    with closing(sqlite3.connect(centre.database)) as rows:
        triggers = [row[0] for row in rows.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for trigger in triggers:
            rows.execute(f"DROP TRIGGER {trigger}")
        rows.execute("UPDATE audit_entry SET actor = 'x' WHERE seq = 1")
        rows.commit()
    keys = ("--keys", tmp_path / "m" / "keys")
    assert kulla("backup", centre.path, tmp_path / "b", *keys).code == 0
    done = kulla("restore", tmp_path / "b", tmp_path / "c", *keys)
    assert done.code == 3
    assert "audit entry 1: was altered" in done.err
    assert f"{item.address}: is here, and no custody record" in done.err


def test_without_shares_the_missing_keys_are_told(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "m")
    (tmp_path / "m" / "keys" / "recovery.pub").unlink(missing_ok=True)
    done = here("backup", tmp_path / "m" / "centre", tmp_path / "b", "--keys", tmp_path / "m" / "keys")
    assert (done.code, "kulla centre shares" in done.err) == (0, True)
    assert not (tmp_path / "b.keys").exists()


def test_an_altered_backup_is_refused(made: Path, tmp_path: Path) -> None:
    assert here("backup", made / "centre", tmp_path / "b").code == 0
    data = bytearray((tmp_path / "b").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "b").write_bytes(data)
    done = here("restore", tmp_path / "b", tmp_path / "c", "--keys", made / "keys")
    assert (done.code, "altered" in done.err) == (3, True)
    assert not (tmp_path / "c").exists()


def test_an_upgrade_backs_up_first_and_says_what_it_did(made: Path, tmp_path: Path) -> None:
    done = kulla("upgrade", made / "centre", "--backup", tmp_path / "b")
    assert done.code == 0, done.err
    assert "layout 1" in done.out
    assert (tmp_path / "b").exists()
    for wrong in ([], ["--no-backup", "--backup", tmp_path / "x"]):
        assert here("upgrade", made / "centre", *wrong).code == 2


def test_the_check_of_a_centre(made: Path) -> None:
    done = here("centre", "check", made / "centre", "--evidence", "--json")
    assert done.code == 0
    assert {each["level"] for each in cast("list[dict[str, str]]", done.json())} == {"warning"}
    (made / "centre" / "state" / "key").write_bytes((made / "keys" / "evidence.key").read_bytes())
    done = here("centre", "check", made / "centre")
    (made / "centre" / "state" / "key").unlink()
    assert (done.code, "a key lies inside" in " ".join(done.out.split())) == (3, True)


def test_keys_are_rotated(made: Path) -> None:
    before = opened(made / "centre").keys.evidence()
    assert here("centre", "rotate", made / "centre", "evidence").code == 0
    assert opened(made / "centre").keys.evidence().current != before.current
    assert here("centre", "rotate", made / "centre", "signing").code == 2
