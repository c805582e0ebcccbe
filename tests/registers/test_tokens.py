"""Tokens, cells and blocks against CBC-MAC computed value by value."""

from __future__ import annotations

import hmac

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.keys import OwnerKeys, centre_key, owner_keys
from kulla.registers.tokens import FIXED, Domain, blocks, cells, fixed, gather, outer, tokens, unfixed, unwrapped

KEYS = owner_keys(bytes(range(32)))
TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(["a", "ab", "", "a" * 15, "a" * 16, "a" * 17]),
    st.integers(FIXED - 2, FIXED + 2).map(lambda n: "x" * n), st.integers(60, 400).map(lambda n: "ë" * n),
)  # fmt: skip
DOMAINS = st.builds(Domain, st.text(max_size=12), st.integers(0, 2**32 - 1), st.text(max_size=40))


def cbc_mac(key: bytes, message: bytes) -> bytes:
    """The obvious way: encrypt in CBC mode from zeros, keep the last block."""
    encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return (encryptor.update(message) + encryptor.finalize())[-16:]


def padded(message: bytes) -> bytes:
    while len(message) % 16:
        message += b"\0"
    return message


def slow_token(keys: OwnerKeys, domain: Domain, value: str) -> bytes:
    body = value.encode()
    register, column = domain.register.encode(), domain.column.encode()
    head = len(body).to_bytes(4, "big")
    head += len(register).to_bytes(2, "big") + register + domain.epoch.to_bytes(4, "big")
    head += len(column).to_bytes(2, "big") + column
    if len(body) > 64:
        body = hmac.new(keys.long, body, "sha256").digest()
    return cbc_mac(keys.token, padded(head) + padded(body))


@given(DOMAINS, st.lists(TEXTS, max_size=40))
@settings(max_examples=60, deadline=None)
def test_tokens_are_cbc_macs(domain: Domain, values: list[str]) -> None:
    made = tokens(KEYS, domain, pa.array(values, pa.string()))
    assert [bytes(row) for row in made] == [slow_token(KEYS, domain, value) for value in values]


def test_tokens_of_a_slice_and_of_one_length_are_the_same() -> None:
    domain = Domain("payroll", 1, "nid")
    values = pa.array(["aaaa", "bbbb", "cccc", "dddd"])
    whole = tokens(KEYS, domain, values)
    assert (tokens(KEYS, domain, values.slice(1, 2)) == whole[1:3]).all()
    assert [bytes(row) for row in whole] == [slow_token(KEYS, domain, v) for v in values.to_pylist()]


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16)), max_size=20))
@settings(max_examples=25, deadline=None)
def test_cells_and_blocks_are_cbc_macs_of_three_blocks(rows: list[tuple[bytes, bytes]]) -> None:
    domain = Domain("payroll", 3, "gross_salary")
    first, last = (np.frombuffer(b"".join(part), np.uint8).reshape(-1, 16) for part in ([r[0] for r in rows], [r[1] for r in rows]))  # fmt: skip  # noqa: E501
    for key, made in ((KEYS.cell, cells(KEYS, domain, first, last)), (KEYS.block, blocks(KEYS, domain, first, last))):
        assert [bytes(row) for row in made] == [cbc_mac(key, a + domain.tag() + b) for a, b in rows]


@pytest.mark.parametrize(
    "other", [Domain("payrol", 1, "nid"), Domain("payroll", 2, "nid"), Domain("payroll", 1, "ni")], ids=str
)
def test_equal_values_elsewhere_have_other_tokens(other: Domain) -> None:
    values = pa.array(["J00101999W"])
    assert (tokens(KEYS, Domain("payroll", 1, "nid"), values) != tokens(KEYS, other, values)).any()
    assert other.tag() != Domain("payroll", 1, "nid").tag()


def test_names_of_register_and_column_do_not_run_together() -> None:
    values = pa.array(["1"])
    assert (tokens(KEYS, Domain("ab", 1, "c"), values) != tokens(KEYS, Domain("a", 1, "bc"), values)).any()


def test_a_long_value_is_not_its_digest() -> None:
    domain = Domain("civil", 1, "address")
    long = "rruga e durresit " * 5
    digest = hmac.new(KEYS.long, long.encode(), "sha256").digest()
    assert slow_token(KEYS, domain, long) != cbc_mac(KEYS.token, domain.head(32) + digest)


def test_equal_salaries_of_two_persons_have_different_cells() -> None:
    persons = tokens(KEYS, Domain("payroll", 1, "nid"), pa.array(["J00101999W", "J05115999K"]))
    salary = gather(tokens(KEYS, Domain("payroll", 1, "gross_salary"), pa.array(["4500000"])), np.array([0, 0]))
    made = cells(KEYS, Domain("payroll", 1, "gross_salary"), persons, salary)
    assert bytes(made[0]) != bytes(made[1])
    assert (blocks(KEYS, Domain("payroll", 1, "x"), salary, salary)[0] != made[0]).any()


def test_the_centres_step_is_one_block_of_aes_and_can_be_undone() -> None:
    centre = centre_key(bytes(32))
    inner = np.arange(64, dtype=np.uint8).reshape(4, 16)
    made = outer(inner, centre)
    encryptor = Cipher(algorithms.AES(centre.outer), modes.ECB()).encryptor()
    assert bytes(made.reshape(-1)) == encryptor.update(bytes(inner.reshape(-1)))
    assert (unwrapped(made, centre) == inner).all()


def test_fixed_columns_hold_nulls_and_slices() -> None:
    array = np.arange(64, dtype=np.uint8).reshape(4, 16)
    column = fixed(array, np.array([False, True, False, False]))
    assert column.null_count == 1
    assert column[0].as_py() == bytes(array[0])
    assert column[1].as_py() is None
    assert (unfixed(column.slice(2)) == array[2:]).all()


def test_keys_are_not_shown() -> None:
    assert repr(KEYS) == "OwnerKeys()"
