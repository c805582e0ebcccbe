from __future__ import annotations

import hashlib
import os
import resource
import signal
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.centre.vault.item import HEADER
from kulla.centre.vault.keyring import VaultKey, new_vault_key
from kulla.centre.vault.store import Store, Stored
from kulla.centre.vault.stream import CHUNK
from kulla.errors import InputError, OutputError

KEY = new_vault_key("evidence")
CONTENT = b"the leaked file " * 4


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "evidence", KEY)


def place(store: Store, address: str) -> Path:
    return store.path / "items" / address[:2] / address


def altered(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)
    path.chmod(0o400)


def got(store: Store, address: str) -> bytes:
    return b"".join(store.get(address))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5])
def test_what_is_put_in_comes_out(store: Store, size: int) -> None:
    whole = os.urandom(size)
    item = store.put(whole[at : at + 70_000] for at in range(0, size, 70_000))
    assert (item.sha256, item.size, item.fresh) == (hashlib.sha256(whole).hexdigest(), size, True)
    assert got(store, item.address) == whole
    assert store.about(item.address).sha256 == item.sha256
    assert store.verify() == ()
    assert place(store, item.address).stat().st_mode & 0o777 == 0o400
    assert not list(store.path.glob("incoming/*"))


def test_the_folder_tells_neither_content_nor_hash(store: Store) -> None:
    item = store.put([CONTENT])
    found = b"".join(path.read_bytes() + str(path).encode() for path in store.path.rglob("*") if path.is_file())
    for told in (CONTENT[:16], item.sha256.encode(), bytes.fromhex(item.sha256)):
        assert told not in found
    other = Store(store.path.parent / "other", new_vault_key("evidence")).put([CONTENT])
    assert other.address != item.address, "an address depends on the key"


def test_equal_content_is_kept_once_in_a_scope_and_apart_otherwise(store: Store) -> None:
    first, second = store.put([CONTENT], "case 1"), store.put([CONTENT], "case 1")
    assert (first.address, first.fresh, second.fresh) == (second.address, True, False)
    third = store.put([CONTENT], "case 2")
    assert third.fresh
    a, b = (place(store, each.address).read_bytes() for each in (first, third))
    assert a[HEADER:] != b[HEADER:], "two items have two keys"


def test_what_is_held_but_was_altered_is_not_passed_off_as_stored(store: Store) -> None:
    item = store.put([CONTENT])
    path = place(store, item.address)
    altered(path, path.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match="altered"):
        store.put([CONTENT])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_byte_altered_anywhere_is_found_and_named(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder), KEY)
        items = [store.put([CONTENT + bytes([n])]) for n in range(3)]
        item = data.draw(st.sampled_from(items))
        path = place(store, item.address)
        good = path.read_bytes()
        at, flip = data.draw(st.integers(0, len(good) - 1)), data.draw(st.integers(1, 255))
        altered(path, good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :])
        assert {flaw.address for flaw in store.verify()} == {item.address}
        with pytest.raises(InputError):
            got(store, item.address)


def test_every_single_byte_of_an_item_counts(store: Store) -> None:
    item = store.put([b"ab"])
    path = place(store, item.address)
    good = path.read_bytes()
    for at in range(len(good)):
        altered(path, good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :])
        assert len(store.verify()) == 1, at
    altered(path, good)
    assert store.verify() == ()


def test_every_truncation_and_every_addition_is_found(store: Store) -> None:
    item = store.put([b"ab"])
    path = place(store, item.address)
    good = path.read_bytes()
    for changed in [*(good[:length] for length in range(len(good))), good + b"\0", good + good]:
        altered(path, changed)
        assert [flaw.address for flaw in store.verify()] == [item.address], len(changed)


def test_large_items_whose_pieces_change_places_are_found(store: Store) -> None:
    item = store.put([os.urandom(3 * CHUNK)])
    path = place(store, item.address)
    good, piece = path.read_bytes(), CHUNK + 16
    head, body = good[:HEADER], good[HEADER:]
    altered(path, head + body[piece : 2 * piece] + body[:piece] + body[2 * piece :])
    assert [flaw.address for flaw in store.verify()] == [item.address]
    altered(path, head + body[: 2 * piece])
    assert "longer or shorter" in store.verify()[0].text


def test_two_items_that_change_places_are_both_found(store: Store) -> None:
    first, second = store.put([b"one"]), store.put([b"two"])
    a, b = (place(store, each.address) for each in (first, second))
    one, two = a.read_bytes(), b.read_bytes()
    altered(a, two)
    altered(b, one)
    assert {flaw.address for flaw in store.verify()} == {first.address, second.address}
    # The heads alone, each before the other's content.
    altered(a, two[:HEADER] + one[HEADER:])
    altered(b, one[:HEADER] + two[HEADER:])
    assert {flaw.address for flaw in store.verify()} == {first.address, second.address}


def test_an_older_item_put_back_is_told_by_custody(store: Store) -> None:
    first, second = store.put([b"one"]), store.put([b"two"])
    kept = [first.address, second.address]
    assert store.verify(kept) == ()
    place(store, second.address).unlink()
    assert store.verify() == (), "alone, the store cannot know"
    assert [(flaw.address, flaw.text) for flaw in store.verify(kept)] == [(second.address, "is missing")]
    assert "no custody record" in store.verify([])[0].text


def test_what_lies_about_in_the_store_is_told(store: Store) -> None:
    item = store.put([b"one"])
    (store.path / "items" / "note.txt").touch()
    place(store, item.address).with_name("f" * 64).symlink_to(place(store, item.address))
    place(store, item.address).chmod(0o440)
    texts = {flaw.address: flaw.text for flaw in store.verify()}
    assert texts["note.txt"] == "is no item of the store"
    assert "f" * 64 in texts
    assert "chmod 400" in texts[item.address]


def test_a_key_that_was_rotated_reads_the_old_and_seals_the_new(store: Store) -> None:
    old = store.put([b"one"])
    rotated = Store(store.path, KEY.rotated())
    new = rotated.put([b"two"])
    assert got(rotated, old.address) == b"one"
    assert rotated.verify() == ()
    assert [flaw.address for flaw in store.verify()] == [new.address]
    assert "not among the keys" in store.verify()[0].text
    assert not rotated.put([b"one"]).fresh, "addresses outlive a rotation"


def test_other_keys_read_nothing(store: Store) -> None:
    item = store.put([CONTENT])
    wrong = VaultKey("evidence", {KEY.current: bytes(32)}, KEY.address)
    with pytest.raises(InputError, match="altered"):
        got(Store(store.path, wrong), item.address)


@pytest.mark.parametrize("address", ["", "x", "../../../etc/passwd", "A" * 64, "a" * 63])
def test_an_address_is_nothing_else(store: Store, address: str) -> None:
    assert not store.holds(address)
    with pytest.raises(InputError):
        got(store, address)
    with pytest.raises(InputError, match="no such item"):
        got(store, "a" * 64)


def test_a_removed_item_is_gone_and_its_key_first(store: Store) -> None:
    item, other = store.put([CONTENT]), store.put([b"x"])
    hold = place(store, item.address).open("rb")  # as an undeleted file would be found on the disk
    store.remove(item.address)
    with hold:
        assert hold.read(HEADER) == bytes(HEADER)
    assert not store.holds(item.address)
    assert store.verify([other.address]) == ()
    with pytest.raises(InputError, match="no such item"):
        store.remove(item.address)


def test_nothing_is_removed_while_a_backup_is_at_work(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kulla.centre.vault.store._PATIENCE", 0.05)
    item = store.put([CONTENT])
    with store.nothing_removed():
        with pytest.raises(OutputError, match="a backup is at work"):
            store.remove(item.address)
        assert got(store, item.address) == CONTENT
        assert store.put([b"more"]).fresh, "intake goes on"
    store.remove(item.address)
    assert not store.holds(item.address)


def test_equal_items_at_once_are_kept_once(store: Store) -> None:
    found: list[Stored] = []
    threads = [threading.Thread(target=lambda: found.append(store.put([CONTENT]))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.fresh for item in found) == [False] * 5 + [True]
    assert len(list(store.addresses())) == 1
    assert store.verify() == ()


def test_a_removal_that_was_cut_short_is_told_and_can_be_done_again(store: Store) -> None:
    item = store.put([CONTENT])
    path = place(store, item.address)
    altered(path, bytes(HEADER) + path.read_bytes()[HEADER:])
    assert [flaw.address for flaw in store.verify()] == [item.address]
    store.remove(item.address)
    assert store.verify([]) == ()


def test_removals_wait_for_each_other(store: Store) -> None:
    items = [store.put([bytes([n])]) for n in range(8)]
    threads = [threading.Thread(target=store.remove, args=(item.address,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not list(store.addresses())


def test_without_commit_nothing_stays(store: Store) -> None:
    with store.incoming() as item:
        item.write(CONTENT)

    def fails() -> Iterator[bytes]:
        yield CONTENT
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.put(fails())
    assert not [path for path in store.path.rglob("*") if path.is_file()]


def test_sweeping_leaves_alone_what_is_at_work(store: Store) -> None:
    with store.incoming() as item:
        item.write(CONTENT)
        (store.path / "incoming" / "left").write_bytes(b"of a killed process")
        assert store.sweep() == 1
        found = item.commit()
    assert got(store, found.address) == CONTENT
    assert store.sweep() == 0


def test_a_lent_copy_is_wiped(store: Store, tmp_path: Path) -> None:
    item = store.put([CONTENT])
    with store.lent(item.address, "../leak.csv", tmp_path) as path:
        assert (path.name, path.read_bytes()) == ("leak.csv", CONTENT)
        assert (path.stat().st_mode | path.parent.stat().st_mode) & 0o077 == 0
        hold = path.open("rb")
    with hold:
        assert hold.read() == bytes(len(CONTENT))
    assert {each.name for each in tmp_path.iterdir()} == {"evidence"}


def test_intake_needs_little_memory(store: Store) -> None:
    def blocks() -> Iterator[bytes]:
        for number in range(48):
            yield bytes([number]) * CHUNK

    tracemalloc.start()
    item = store.put(blocks())
    for _ in store.get(item.address):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert item.size == 48 * CHUNK
    assert peak < 10 * CHUNK


def test_a_full_disk_is_told_and_leaves_nothing(store: Store) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK, before[1]))
    try:
        for size in (100, 2 * CHUNK, CHUNK + 1):
            if size > CHUNK:
                with pytest.raises(OutputError, match="cannot be written"):
                    store.put([bytes(size)])
            else:
                store.put([bytes(size)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(list(store.addresses())) == 1
    assert not list(store.path.glob("incoming/*"))
    assert store.verify() == ()


def test_an_item_is_on_disk_before_its_name_is_and_its_name_before_it_is_told(store: Store) -> None:
    for number in range(256):
        (store.path / "items" / f"{number:02x}").mkdir(parents=True)
    names: list[str] = []
    sys.setprofile(lambda frame, event, called: names.append(called.__name__) if event == "c_call" else None)
    try:
        store.put([CONTENT])
    finally:
        sys.setprofile(None)
    steps = [name for name in names if name in ("fchmod", "fsync", "rename")]
    assert steps == ["fchmod", "fsync", "rename", "fsync"]


def killed_at(step: int, store: Store) -> bool:
    """Put an item in a child that is killed as it touches files for the `step`-th time; whether it was killed."""
    child = os.fork()
    if child == 0:
        count = 0

        def calls(frame: object, event: str, argument: object) -> None:
            nonlocal count
            touches = getattr(argument, "__module__", "") in ("posix", "fcntl")
            touches = touches or type(getattr(argument, "__self__", None)).__module__ == "_io"
            if event == "c_call" and touches:
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(calls)
        try:
            store.put([CONTENT, CONTENT])
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_killed_at_every_step_an_item_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    address = Store(tmp_path / "sample", KEY).put([CONTENT * 2]).address
    seen = []
    for step in range(1, 2000):
        store = Store(tmp_path / str(step), KEY)
        killed = killed_at(step, store)
        assert store.verify() == (), step
        seen.append(store.holds(address))
        store.sweep()
        assert not list(store.path.glob("incoming/*"))
        again = store.put([CONTENT * 2])
        assert again.fresh is not seen[-1]
        assert got(store, again.address) == CONTENT * 2
        if not killed:
            break
    assert not killed
    assert len(seen) > 25
    assert seen == sorted(seen), "once it is there it stays"
    assert {False, True} <= set(seen[:-1]), "some were killed before it was there, and some after"
