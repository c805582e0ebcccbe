from __future__ import annotations

import io
import os
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import deltalake
import pyarrow as pa
import pytest
from centremade import NOW, centre_at, secrets_of

from kulla.centre.folder import Centre, opened
from kulla.centre.vault import archive
from kulla.centre.vault import backup as backups
from kulla.centre.vault.archive import read_archive
from kulla.centre.vault.backup import backup
from kulla.centre.vault.keybackup import back_up_keys, make_shares, recover_keys
from kulla.centre.vault.keyring import new_vault_key
from kulla.centre.vault.restore import problems, restore
from kulla.centre.vault.stage import Stage
from kulla.centre.vault.store import Store
from kulla.centre.vault.stores import reports_store
from kulla.centre.vault.stream import Sealer, unsealed
from kulla.errors import ConfigError, InputError, KullaError, OutputError, UsageError
from kulla.leaks.desk.runs import Run, begin, runs_in


def store_of(centre: Centre) -> Store:
    return Store(centre.evidence, centre.keys.evidence())


@contextmanager
def database(centre: Centre) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(centre.database, timeout=30, isolation_level=None)) as found:
        found.execute("PRAGMA journal_mode=WAL")
        found.execute("CREATE TABLE IF NOT EXISTS item (address TEXT)")
        found.execute("CREATE TABLE IF NOT EXISTS done (n INTEGER)")
        yield found


def begun(centre: Centre, number: int) -> None:
    run = Run(0, NOW, "begun", f"case {number}", "p", "a", "b", "leak", ("f",), (), "centre")
    begin(centre.traces / "runs.jsonl", run, 20)


def append(centre: Centre, number: int) -> None:
    deltalake.write_deltalake(
        str(centre.lake / "events"), pa.table({"n": [number], "p": ["a b/ç"]}), mode="append", partition_by=["p"]
    )


def numbers(centre: Centre) -> set[int]:
    return set(deltalake.DeltaTable(str(centre.lake / "events")).to_pyarrow_table()["n"].to_pylist())


def filled(folder: Path) -> Centre:
    """A centre with something of everything."""
    centre = centre_at(folder)
    with database(centre) as rows:
        for content in (b"one", b"two", bytes(3_000_000)):
            rows.execute("INSERT INTO item VALUES (?)", [store_of(centre).put([content]).address])
    for number in range(4):
        append(centre, number)
        begun(centre, number)
    register = centre.registers / "payroll"
    for name in ("imprint/part-0.parquet", "reads/r.parquet", "index/large", "manifest.toml"):
        (register / name).parent.mkdir(parents=True, exist_ok=True)
        (register / name).write_text(name)
    (centre.inbox_of("min-1") / "waiting.log").write_text("waiting")
    (centre.inbox_of("min-1") / "coming.log.part").write_text("com")
    centre.inbox_of("empty")
    (centre.rejects / "bad").write_text("bad")
    (centre.state / "cursor.json").write_text("{}")
    (centre.lake / "note.txt").write_text("kept")
    return centre


@pytest.fixture
def centre(tmp_path: Path) -> Centre:
    return filled(tmp_path)


def test_a_centre_is_restored_on_a_bare_folder_from_its_backup_and_the_shares(tmp_path: Path) -> None:
    centre = filled(tmp_path / "old")
    before = {each: b"".join(store_of(centre).get(each)) for each in store_of(centre).addresses()}
    shares = make_shares(centre.keys, 2, 3)
    back_up_keys(centre.keys, tmp_path / "keys.backup")
    made = backup(centre, tmp_path / "centre.backup", NOW)
    shutil.rmtree(tmp_path / "old")

    keys = recover_keys(tmp_path / "keys.backup", shares[:2], tmp_path / "new" / "keys")
    found = restore(tmp_path / "centre.backup", tmp_path / "new" / "centre", keys.folder)
    assert found.problems == ()
    assert (found.told["name"], found.told["made"]) == ("Qendra", NOW.isoformat())
    assert found.told["tables"] == {"lake/events": 3}
    again = opened(tmp_path / "new" / "centre")
    for path in (again.path, *again.path.rglob("*")):
        assert not path.stat().st_mode & 0o077, path
    assert again.told == replace(centre.told, keys=str(tmp_path / "new" / "keys"))
    assert {each: b"".join(store_of(again).get(each)) for each in store_of(again).addresses()} == before
    with database(again) as rows:
        assert {row[0] for row in rows.execute("SELECT address FROM item")} == set(before)
    assert numbers(again) == {0, 1, 2, 3}
    append(again, 4)
    assert numbers(again) == {0, 1, 2, 3, 4}, "the table can be written to"
    assert len(runs_in(again.traces / "runs.jsonl")) == 4
    there = {path.relative_to(again.path).as_posix() for path in again.path.rglob("*") if path.is_file()}
    for name in ("registers/payroll/imprint/part-0.parquet", "registers/payroll/manifest.toml", "rejects/bad",
                 "inbox/min-1/waiting.log", "state/cursor.json", "lake/note.txt"):  # fmt: skip
        assert name in there, name
    assert not [name for name in there if name.endswith((".part", "run.lock", "backup.lock", "-wal", "index/large"))]
    assert (again.inbox / "empty").is_dir()
    assert made.files == len(made.manifest.files)


def test_the_archive_holds_no_key_and_nothing_in_the_clear(tmp_path: Path, centre: Centre) -> None:
    make_shares(centre.keys, 2, 3)
    made = backup(centre, tmp_path / "b", NOW)
    data = made.path.read_bytes()
    assert not [secret for secret in secrets_of(centre) if secret in data]
    for words in (b"waiting", b"centre.toml", b"Qendra", b"payroll"):
        assert words not in data
    assert made.path.stat().st_mode & 0o777 == 0o600
    read_archive(made.path, tmp_path / "x", centre.keys.backup(), centre.keys.signing().public_key())
    clear = b"".join(path.read_bytes() for path in (tmp_path / "x").rglob("*") if path.is_file())
    assert not [secret for secret in secrets_of(centre) if secret in clear]
    assert not list(centre.state.glob("backup-*"))
    whole = b"".join(path.read_bytes() for path in centre.path.rglob("*") if path.is_file())
    assert not [secret for secret in secrets_of(centre) if secret in whole]


def test_any_byte_altered_or_cut_is_found_and_leaves_nothing(tmp_path: Path, centre: Centre) -> None:
    good = backup(centre, tmp_path / "b", NOW).path.read_bytes()
    step = len(good) // 37
    changed = [
        good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in (*range(0, 100, 9), *range(100, len(good), step))
    ]
    changed += [good[:length] for length in (0, 50, 84, 1000, len(good) // 2, len(good) - 1)] + [good + b"\0"]
    for data in changed:
        (tmp_path / "bad").write_bytes(data)
        with pytest.raises(InputError, match="bad"):
            restore(tmp_path / "bad", tmp_path / "again", centre.keys.folder)
        assert not (tmp_path / "again").exists()
        assert not (tmp_path / "again.restoring").exists()


def test_a_backup_signed_by_another_or_of_another_centre_is_refused(tmp_path: Path, centre: Centre) -> None:
    backup(centre, tmp_path / "b", NOW)
    other = centre_at(tmp_path / "other")
    with pytest.raises(InputError, match="not among these keys"):
        restore(tmp_path / "b", tmp_path / "again", other.keys.folder)
    shutil.copy(centre.keys.folder / "backup.key", other.keys.folder / "backup.key")
    with pytest.raises(InputError, match="not signed with this centre's key"):
        restore(tmp_path / "b", tmp_path / "again", other.keys.folder)
    shutil.copy(centre.keys.folder / "signing.key", other.keys.folder / "signing.key")
    with pytest.raises(InputError, match="another centre"):
        restore(tmp_path / "b", tmp_path / "again", other.keys.folder)
    assert not (tmp_path / "again").exists()


def test_a_backup_of_before_a_key_was_rotated_is_still_read(tmp_path: Path, centre: Centre) -> None:
    backup(centre, tmp_path / "b", NOW)
    centre.keys.rotate("backup.key")
    assert restore(tmp_path / "b", tmp_path / "again", centre.keys.folder).problems == ()


def forged(path: Path, centre: Centre, change: Callable[[dict[str, bytes]], object], link: bool = False) -> None:
    """The archive again, with other members, by someone who has the backup's key but not the one that signs."""
    data = path.read_bytes()
    own = archive._own_key(data[: archive._HEAD], centre.keys.backup())
    plain = b"".join(unsealed(io.BytesIO(data[archive._HEAD :]), own, archive._CONTEXT))
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        members = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    change(members)
    out = io.BytesIO(data[: archive._HEAD])
    out.seek(0, os.SEEK_END)
    sealer = Sealer(out.write, own, archive._CONTEXT)
    with tarfile.open(fileobj=cast("BinaryIO", sealer), mode="w|") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            if link and name == "link":
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, "/etc/passwd", 0
            tar.addfile(entry, io.BytesIO(content))
    sealer.close()
    path.write_bytes(out.getvalue())


FORGERIES: list[tuple[Callable[[dict[str, bytes]], object], str]] = [
    (lambda m: m.update({"rejects/bad": b"BAD"}), "what its list says"),
    (lambda m: m.pop("rejects/bad"), "what its list says"),
    (lambda m: m.update({"rejects/more": b""}), "what its list says"),
    (lambda m: m.update({"../outside": b""}), "outside the folder"),
    (lambda m: m.update({"/tmp/outside": b""}), "outside the folder"),
    (lambda m: m.update({"link": b""}), "what no backup holds"),
    (lambda m: m.update({"MANIFEST.json": m["MANIFEST.json"].replace(b"Qendra", b"Qendre")}), "not signed"),
    (lambda m: m.pop("MANIFEST.sig"), "not signed"),
    (lambda m: m.clear(), "not signed"),
]


@pytest.mark.parametrize(("change", "why"), FORGERIES)
def test_what_was_forged_without_the_signing_key_is_refused(
    tmp_path: Path, centre: Centre, change: Callable[[dict[str, bytes]], object], why: str
) -> None:
    made = backup(centre, tmp_path / "b", NOW)
    forged(made.path, centre, lambda members: None)
    assert restore(made.path, tmp_path / "same", centre.keys.folder).problems == ()
    forged(made.path, centre, change, link=True)
    with pytest.raises(InputError, match=why):
        restore(made.path, tmp_path / "again", centre.keys.folder)
    assert not (tmp_path / "again").exists()
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("place", ["centre/b", "centre/state/b", "keys/b"])
def test_a_backup_lies_outside(tmp_path: Path, centre: Centre, place: str) -> None:
    with pytest.raises(UsageError, match="outside"):
        backup(centre, tmp_path / place, NOW)


def test_nothing_is_overwritten(tmp_path: Path, centre: Centre) -> None:
    backup(centre, tmp_path / "b", NOW)
    with pytest.raises(OutputError, match="exists already"):
        backup(centre, tmp_path / "b", NOW)
    with pytest.raises(OutputError, match="holds something"):
        restore(tmp_path / "b", centre.path, centre.keys.folder)
    with pytest.raises(UsageError, match="outside"):
        restore(tmp_path / "b", tmp_path / "keys" / "centre", centre.keys.folder)
    (tmp_path / "again.restoring").mkdir()
    with pytest.raises(OutputError, match="interrupted"):
        restore(tmp_path / "b", tmp_path / "again", centre.keys.folder)
    assert (tmp_path / "again.restoring").is_dir()


def test_what_was_wrong_before_is_told_after(tmp_path: Path, centre: Centre) -> None:
    item = next(centre.evidence.glob("items/*/*"))
    data = bytearray(item.read_bytes())
    data[-1] ^= 1
    item.chmod(0o600)
    item.write_bytes(data)
    runs = centre.traces / "runs.jsonl"
    runs.write_bytes(runs.read_bytes().replace(b"case 1", b"case 7"))
    next(centre.lake.glob("events/*/*.parquet")).rename(tmp_path / "gone")
    with pytest.raises(KullaError):
        backup(centre, tmp_path / "b", NOW)
    shutil.move(tmp_path / "gone", next(centre.lake.glob("events/p=*")) / "elsewhere.parquet")
    with pytest.raises(KullaError):
        backup(centre, tmp_path / "b", NOW)
    shutil.rmtree(centre.lake / "events")
    backup(centre, tmp_path / "b", NOW)
    found = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder, checks=[lambda _: ["the audit's chain"]])
    assert len(found.problems) == 3
    assert item.name in found.problems[0]
    assert "runs.jsonl:3" in found.problems[1]
    assert found.problems[2] == "the audit's chain"


def test_what_came_with_reports_is_settled_and_read_too(tmp_path: Path, centre: Centre) -> None:
    store = reports_store(centre)
    address = store.put([b"attached"]).address
    with store.incoming() as coming:
        coming.write(b"not whole")
        backup(centre, tmp_path / "whole", NOW)
    again = restore(tmp_path / "whole", tmp_path / "one", centre.keys.folder)
    assert again.problems == ()
    kept = reports_store(again.centre)
    assert b"".join(kept.get(address)) == b"attached"
    (item,) = (path for path in kept.path.rglob("*") if path.is_file())
    assert item.stat().st_mode & 0o777 == 0o400
    item = next(store.path.glob("items/*/*"))
    item.chmod(0o600)
    item.write_bytes(item.read_bytes()[:-1])
    backup(centre, tmp_path / "cut", NOW)
    found = restore(tmp_path / "cut", tmp_path / "two", centre.keys.folder)
    assert [each.partition(":")[0] for each in found.problems] == [f"reports {address}"]


def test_a_damaged_database_is_told(tmp_path: Path, centre: Centre) -> None:
    with database(centre) as rows:
        rows.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)"
            " INSERT INTO done SELECT i FROM n"
        )
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(centre.database.read_bytes())
    data[-8000:-4000] = os.urandom(4000)
    centre.database.write_bytes(data)
    assert any("centre.sqlite3" in text for text in problems(centre))


def test_under_load_what_the_database_speaks_of_is_in_the_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kulla.centre.vault.store._PATIENCE", 0.01)
    centre, stop, failed = filled(tmp_path), threading.Event(), []

    def until_stopped(work: Callable[[int], None]) -> Callable[[], None]:
        def loop() -> None:
            number = 100
            try:
                while not stop.is_set():
                    work(number)
                    number += 1
            except Exception as error:  # noqa: BLE001 - told in the test's own thread
                failed.append(error)

        return loop

    def intake(number: int) -> None:
        item = store_of(centre).put([os.urandom(50_000)])
        with database(centre) as rows:
            rows.execute("INSERT INTO item VALUES (?)", [item.address])
        if number % 3 == 0:
            with database(centre) as rows:
                rows.execute("DELETE FROM item WHERE address = ?", [item.address])
            with suppress(OutputError):  # a backup is at work
                store_of(centre).remove(item.address)

    def lake(number: int) -> None:
        append(centre, number)
        with database(centre) as rows:
            rows.execute("INSERT INTO done VALUES (?)", [number])
        table = deltalake.DeltaTable(str(centre.lake / "events"))
        if number % 4 == 0:
            table.create_checkpoint()
        if number % 7 == 0:
            table.optimize.compact()
            table.vacuum(0, dry_run=False, enforce_retention_duration=False)

    def runs(number: int) -> None:
        with (centre.traces / "other.jsonl").open("ab", buffering=0) as file:
            file.write(b'{"n": ')
            file.write(b"%d}\n" % number)

    threads = [threading.Thread(target=until_stopped(work)) for work in (intake, lake, runs)]
    for thread in threads:
        thread.start()
    try:
        for number in range(4):
            backup(centre, tmp_path / f"b{number}", datetime.now(UTC))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failed
    counts = []
    for number in range(4):
        found = restore(tmp_path / f"b{number}", tmp_path / f"c{number}", centre.keys.folder)
        assert found.problems == ()
        again = found.centre
        with database(again) as rows:
            items = {row[0] for row in rows.execute("SELECT address FROM item")}
            done = {row[0] for row in rows.execute("SELECT n FROM done")}
        assert items <= set(store_of(again).addresses())
        assert done <= numbers(again)
        assert (again.traces / "other.jsonl").read_bytes()[-1:] in (b"\n", b"")
        counts.append((len(items), len(done)))
    assert counts[-1] > counts[0], "there was a load"


def test_what_comes_after_the_database_was_taken_is_not_told_of(
    tmp_path: Path, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heads that sign what the copy of the database does not have would say that the chain was cut off; evidence of
    which it does not speak would lie there for good."""
    (centre.state / "audit-heads.jsonl").write_text("1\n")
    before, late, take = set(store_of(centre).addresses()), list[str](), backups._database

    def overtaken(centre: Centre, stage: Stage, url: str) -> None:
        late.append(store_of(centre).put([b"taken in, and in the database"]).address)
        take(centre, stage, url)
        late.append(store_of(centre).put([b"taken in too late"]).address)
        with (centre.state / "audit-heads.jsonl").open("a") as heads:
            heads.write("2\n")

    monkeypatch.setattr(backups, "_database", overtaken)
    told = backup(centre, tmp_path / "b", NOW).manifest.told
    assert told["arriving"] == sorted(late)
    asked: list[frozenset[str]] = []

    def unspoken(centre: Centre, addresses: frozenset[str]) -> list[str]:
        asked.append(addresses)
        return late[1:]

    again = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder, unspoken=unspoken).centre
    assert asked == [frozenset(late)]
    assert set(store_of(again).addresses()) == {*before, late[0]}
    assert (again.state / "audit-heads.jsonl").read_text() == "1\n"


def test_a_folder_of_registers_with_none_in_it_comes_back(tmp_path: Path, centre: Centre) -> None:
    shutil.rmtree(centre.registers / "payroll")
    backup(centre, tmp_path / "b", NOW)
    assert restore(tmp_path / "b", tmp_path / "again", centre.keys.folder).centre.registers.is_dir()


def test_a_lake_with_a_checkpoint_and_without_its_first_entries(tmp_path: Path, centre: Centre) -> None:
    table = deltalake.DeltaTable(str(centre.lake / "events"))
    table.create_checkpoint()
    append(centre, 9)
    for version in range(3):
        (centre.lake / "events" / "_delta_log" / f"{version:020}.json").unlink()
    backup(centre, tmp_path / "b", NOW)
    found = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder)
    assert found.problems == ()
    assert numbers(found.centre) == {0, 1, 2, 3, 9}
    assert (found.centre.lake / "events" / "_delta_log" / "_last_checkpoint").exists()


def test_files_of_the_lake_that_no_version_names_stay_out(tmp_path: Path, centre: Centre) -> None:
    table = deltalake.DeltaTable(str(centre.lake / "events"))
    before = len(list(centre.lake.rglob("*.parquet")))
    table.optimize.compact()
    backup(centre, tmp_path / "b", NOW)
    again = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder).centre
    assert before == 4
    assert len(list(again.lake.rglob("*.parquet"))) == 1
    assert numbers(again) == {0, 1, 2, 3}


def test_an_entry_that_is_not_whole_is_not_yet_one_and_a_gap_is_told(tmp_path: Path, centre: Centre) -> None:
    log = centre.lake / "events" / "_delta_log"
    (log / f"{4:020}.json").write_text('{"add": {"pa')
    backup(centre, tmp_path / "b", NOW)
    again = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder).centre
    assert numbers(again) == {0, 1, 2, 3}
    append(again, 5)
    (log / f"{5:020}.json").write_text("{}")
    with pytest.raises(InputError, match="later entries follow"):
        backup(centre, tmp_path / "c", NOW)
    (log / f"{4:020}.json").unlink()
    with pytest.raises(InputError, match="entry 4 is missing"):
        backup(centre, tmp_path / "c", NOW)


def test_a_register_is_taken_at_one_moment(tmp_path: Path, centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    register = centre.registers / "payroll"
    count = 0
    add = Stage.add

    def slowly(self: Stage, path: Path, place: str | None = None) -> None:
        nonlocal count
        add(self, path, place)
        if path.name == "manifest.toml" and count < 2:  # while it is being looked at, a delivery arrives
            count += 1
            for name in ("imprint/part-0.parquet", "manifest.toml"):
                (register / f"{name}.new").write_text(f"delivery {count}")
                (register / f"{name}.new").replace(register / name)

    monkeypatch.setattr(Stage, "add", slowly)
    backup(centre, tmp_path / "b", NOW)
    again = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder).centre
    for name in ("imprint/part-0.parquet", "manifest.toml"):
        assert (again.registers / "payroll" / name).read_text() == "delivery 2"


@pytest.mark.parametrize(
    ("whole", "rest"), [(b"one\ntwo\n", b"thr"), (b"", b"o"), (b"x\n", b"y" * 200_000), (b"x\n", b"")]
)
def test_of_a_file_of_lines_whole_lines_are_taken(tmp_path: Path, centre: Centre, whole: bytes, rest: bytes) -> None:
    (centre.traces / "more.jsonl").write_bytes(whole + rest)
    backup(centre, tmp_path / "b", NOW)
    again = restore(tmp_path / "b", tmp_path / "again", centre.keys.folder).centre
    assert (again.traces / "more.jsonl").read_bytes() == whole


def test_one_backup_at_a_time_and_what_a_killed_one_left_goes(tmp_path: Path, centre: Centre) -> None:
    (centre.state / "backup-left").mkdir()
    with backups._staging(centre), pytest.raises(OutputError, match="another backup"):
        backup(centre, tmp_path / "b", NOW)
    backup(centre, tmp_path / "b", NOW)
    assert not list(centre.state.glob("backup-*"))


def test_another_purposes_key_does_not_open_an_archive(tmp_path: Path, centre: Centre) -> None:
    made = backup(centre, tmp_path / "b", NOW)
    (tmp_path / "x").mkdir()
    with pytest.raises(InputError, match="not among these keys"):
        read_archive(made.path, tmp_path / "x", new_vault_key("backup"), centre.keys.signing().public_key())
    (centre.keys.folder / "backup.key").write_text("{}")
    with pytest.raises(ConfigError):
        centre.keys.backup()
