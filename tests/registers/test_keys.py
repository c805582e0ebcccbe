"""Derived keys."""

from __future__ import annotations

from dataclasses import astuple

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kulla.registers.keys import centre_key, owner_keys


def test_each_key_serves_one_purpose() -> None:
    made = [*astuple(owner_keys(bytes(32))), centre_key(bytes(32)).outer]
    assert len(set(made)) == 5
    assert {len(key) for key in made} == {32}
    assert set(made).isdisjoint(astuple(owner_keys(bytes(31) + b"\1")))


def test_derivation_is_hkdf_with_a_label_for_each() -> None:
    info = b"kulla register imprint 1: cell"
    assert owner_keys(bytes(32)).cell == HKDF(SHA256(), 32, salt=None, info=info).derive(bytes(32))


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        owner_keys(b"short")
