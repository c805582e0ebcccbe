from __future__ import annotations

import base64
import itertools
import secrets
from pathlib import Path

import orjson
import pytest
from centremade import centre_at, secrets_of
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.centre.vault import keybackup
from kulla.centre.vault.keybackup import back_up_keys, make_shares, recover_keys
from kulla.centre.vault.shares import combined, shares_of
from kulla.errors import InputError, KullaError, OutputError, UsageError


def test_any_of_enough_shares_give_the_secret_and_fewer_do_not() -> None:
    secret = secrets.token_bytes(32)
    shares = shares_of(secret, 3, 5)
    for some in itertools.permutations(shares, 3):
        assert combined(some) == secret
    assert combined(shares) == secret, "more than are needed"
    assert combined([shares[0], *shares[:3]]) == secret, "one twice"
    for fewer in itertools.combinations(shares, 2):
        with pytest.raises(InputError, match="3 different shares are needed, and 2"):
            combined([*fewer, fewer[0]])


def test_shares_are_read_as_people_type_them() -> None:
    secret = secrets.token_bytes(32)
    first, second, _ = shares_of(secret, 2, 3)
    assert combined([f"  {first.upper()} \n", second.replace(" ", "\n  ")]) == secret
    assert len(first.split()) == 33


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_wrong_word_is_found_and_not_repeated(data: st.DataObject) -> None:
    shares = list(shares_of(bytes(range(32)), 2, 3))
    words = shares[1].split()
    at = data.draw(st.integers(0, len(words) - 1))
    other = data.draw(st.sampled_from(["academic", "zero", "kulla", words[at - 1]]))
    if other != words[at]:
        words[at] = other
        with pytest.raises(InputError, match="share 2") as told:
            combined([shares[0], " ".join(words)])
        assert not any(word in str(told.value).split() for word in (*words, *shares[0].split()) if len(word) > 5)


def test_what_does_not_go_together_is_told() -> None:
    one, two = shares_of(bytes(32), 2, 2), shares_of(bytes(32), 2, 2)
    with pytest.raises(InputError, match="share 2: belongs to other"):
        combined([one[0], two[1]])
    with pytest.raises(InputError, match="no share"):
        combined([])


@pytest.mark.parametrize(("need", "of"), [(1, 3), (0, 0), (4, 3), (2, 17)])
def test_numbers_that_protect_nothing_are_refused(need: int, of: int) -> None:
    with pytest.raises(UsageError):
        shares_of(bytes(32), need, of)


def test_keys_are_backed_up_and_recovered_by_enough_people(tmp_path: Path) -> None:
    centre = centre_at(tmp_path)
    with pytest.raises(UsageError, match="kulla centre shares"):
        back_up_keys(centre.keys, tmp_path / "keys.backup")
    shares = make_shares(centre.keys, 2, 3)
    back_up_keys(centre.keys, tmp_path / "keys.backup")
    data = (tmp_path / "keys.backup").read_bytes()
    assert not [secret for secret in secrets_of(centre) if secret in data]
    assert (tmp_path / "keys.backup").stat().st_mode & 0o777 == 0o600
    held = b"".join(path.read_bytes() for path in centre.keys.files())
    assert not [share for share in shares if share.encode() in held]
    again = recover_keys(tmp_path / "keys.backup", shares[1:], tmp_path / "again")
    assert {p.name: p.read_bytes() for p in again.files()} == {p.name: p.read_bytes() for p in centre.keys.files()}
    assert not [p for p in (again.folder, *again.files()) if p.stat().st_mode & 0o077]


def test_keys_are_not_recovered_otherwise(tmp_path: Path) -> None:
    centre = centre_at(tmp_path)
    old = make_shares(centre.keys, 2, 2)
    back_up_keys(centre.keys, tmp_path / "one")
    new = make_shares(centre.keys, 2, 2)
    back_up_keys(centre.keys, tmp_path / "two")
    wrong = (("one", new), ("two", old), ("three", old), ("one", old[:1]))
    for name, shares in wrong:
        with pytest.raises(InputError):
            recover_keys(tmp_path / name, shares, tmp_path / "again")
    assert not (tmp_path / "again").exists()
    with pytest.raises(OutputError):
        back_up_keys(centre.keys, tmp_path / "one")
    with pytest.raises(UsageError, match="holds something"):
        recover_keys(tmp_path / "one", old, centre.keys.folder)
    with pytest.raises(UsageError, match="inside the folder"):
        recover_keys(tmp_path / "one", old, centre.state / "k")
    recover_keys(tmp_path / "one", old, tmp_path / "again")


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/b", "..", "", "."])
def test_a_bundle_that_names_files_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Whoever has recovery.pub, which is no secret, can seal one."""
    centre = centre_at(tmp_path)
    shares = make_shares(centre.keys, 2, 2)
    fresh, public = X25519PrivateKey.generate(), centre.keys.recovery()
    own = fresh.public_key().public_bytes_raw()
    key = keybackup._key(fresh.exchange(X25519PublicKey.from_public_bytes(public)), own, public)
    body = AESGCM(key).encrypt(bytes(12), orjson.dumps({name: "", "console.key": ""}), b"c")
    told = {"ephemeral": base64.b64encode(own).decode(), "body": base64.b64encode(body).decode()}
    (tmp_path / "one").write_bytes(orjson.dumps({"kulla_keys_backup": 1, "centre": "c", **told}))
    with pytest.raises(InputError, match="outside the folder"):
        recover_keys(tmp_path / "one", shares, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_any_byte_altered_in_a_bundle_changes_nothing_or_is_found(tmp_path: Path) -> None:
    centre = centre_at(tmp_path)
    shares = make_shares(centre.keys, 2, 2)
    back_up_keys(centre.keys, tmp_path / "one")
    data = (tmp_path / "one").read_bytes()
    good = recover_keys(tmp_path / "one", shares, tmp_path / "good")
    whole = {p.name: p.read_bytes() for p in good.files()}
    for at in range(0, len(data), 41):
        (tmp_path / "one").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        try:
            found = recover_keys(tmp_path / "one", shares, tmp_path / f"k{at}")
        except KullaError:
            assert not (tmp_path / f"k{at}").exists()
        else:
            assert {p.name: p.read_bytes() for p in found.files()} == whole, at
