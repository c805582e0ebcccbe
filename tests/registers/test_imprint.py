"""The imprint of rows against one made value by value."""

from __future__ import annotations

from functools import cache

import numpy as np
import payrolls
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registers.test_tokens import cbc_mac, slow_token

from kulla.registers.imprint import (
    as_outer_table,
    block_columns,
    imprinted,
    later_wins,
    plan,
    record_tokens,
    row_keys,
)  # fmt: skip
from kulla.registers.imprintformat import as_outer
from kulla.registers.keys import centre_key, owner_keys
from kulla.registers.manifest import Column, Manifest
from kulla.registers.normalise import normalise
from kulla.registers.tokens import Domain

KEYS = owner_keys(bytes(32))
VALUES = {
    "nid": st.sampled_from(["J00101999W", "j00101999w", "J05115999K", None]),
    "full_name": st.sampled_from(["Agron Çela", "Çela Agron", "Blerina Hoxha", "-", None]),
    "employer_id": st.sampled_from(["L11111111A", "L22222222B"]),
    "period": st.sampled_from(["2026-01", "2026-02"]),
    "gross_salary": st.sampled_from(["45000.00", "45000", "1.00", None]),
    "phone": st.sampled_from(["+355692000001", "0692000001", "n/a", None]),
    "municipality": st.sampled_from(["Tiranë", "Rruga " + "ë" * 60, None]),
    "note": st.none(),
}
ROWS = st.lists(st.fixed_dictionaries(VALUES), max_size=12)


@cache
def token(column: str, text: str | None, meaning: str) -> bytes | None:
    form = normalise(pa.array([text], pa.string()), meaning)[0].as_py()  # type: ignore[arg-type]
    return None if form is None else slow_token(KEYS, Domain("payroll", 5, column), form)


def slow_cell(row: dict[str, str | None], column: Column) -> bytes | None:
    person, value = token("nid", row["nid"], "national_id"), token(column.name, row[column.name], column.meaning)
    if person is None or value is None:
        return None
    return cbc_mac(KEYS.cell, person + Domain("payroll", 5, column.name).tag() + value)


def slow_block(row: dict[str, str | None], column: Column) -> bytes | None:
    name, value = token("\x1fname", row["full_name"], "name"), token(column.name, row[column.name], column.meaning)
    if name is None or value is None:
        return None
    return cbc_mac(KEYS.block, name + Domain("payroll", 5, f"name\x1f{column.name}").tag() + value)


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_an_imprint_is_what_value_by_value_gives(rows: list[dict[str, str | None]]) -> None:
    planned = plan(payrolls.manifest(), "key", 5)
    times: dict[str, object] = {"valid_from": payrolls.START, "valid_to": None, "known_from": None, "known_to": None}
    numbers = np.arange(1, len(rows) + 1, dtype=np.uint32)
    made = imprinted(payrolls.table([{**row, **times} for row in rows]), numbers, planned, KEYS)
    columns = {c.name: c for c in payrolls.COLUMNS}
    for name in planned.info.columns:
        assert made[f"cell_{name}"].to_pylist() == [slow_cell(row, columns[name]) for row in rows]
    for name, (_, second) in block_columns(planned.info).items():
        assert made[name].to_pylist() == [slow_block(row, columns[second]) for row in rows]
    assert made["record_no"].to_pylist() == numbers.tolist()


def test_which_columns_and_blocks() -> None:
    info = plan(payrolls.manifest(), "key", 1).info
    assert info.columns == ("nid", "full_name", "employer_id", "period", "gross_salary", "phone", "municipality")
    assert [second for _, second in info.blocks] == ["phone", "employer_id", "municipality", "gross_salary"]
    hidden = tuple(Column(c.name, c.meaning, imprint=c.name in ("full_name", "phone")) for c in payrolls.COLUMNS)
    less = plan(payrolls.manifest(columns=hidden), "key", 1)
    assert less.info.columns == ("nid", "full_name", "employer_id", "period", "phone")  # keys always
    assert [second for _, second in less.info.blocks] == ["phone"]
    assert less.reads == ("nid", "full_name", "employer_id", "period", "phone")
    assert plan(payrolls.manifest(columns=(Column("nid", "national_id"),), entry=()), "key", 1).info.blocks == ()


def test_given_and_family_name_block_as_the_full_name_does() -> None:
    parted = Manifest(
        "payroll", "", "", "", "", "files", "", "", ("nid",),
        (Column("nid", "national_id"), Column("family", "family_name"), Column("given", "given_name"),
         Column("father", "given_name"), Column("phone", "phone")),
    )  # fmt: skip
    whole = Manifest("payroll", "", "", "", "", "files", "", "", ("nid",), (
        Column("nid", "national_id"), Column("full_name", "name"), Column("phone", "phone")))  # fmt: skip
    row = payrolls.row(0, 1, 1, 0)
    times = {name: row[name] for name in ("valid_from", "valid_to")}
    one = {"nid": "a", "family": "Çela", "given": "Agron", "father": "Ilir", "phone": "0692000001", **times}
    two = {"nid": "b", "full_name": "ÇELA Agron", "phone": "692000001", **times}
    blocks = []
    for manifest, each in ((parted, one), (whole, two)):
        schema = pa.schema([(n, payrolls.SCHEMA.field(n).type if n in times else pa.string()) for n in each])
        made = imprinted(pa.Table.from_pylist([each], schema), np.array([1], np.uint32), plan(manifest, "k", 1), KEYS)
        blocks.append(made["block_0"][0].as_py())
    assert blocks[0] == blocks[1]


def test_a_record_of_several_columns_has_a_token_of_all() -> None:
    manifest = payrolls.manifest(record=("nid", "employer_id"), entry=())
    planned = plan(manifest, "key", 1)
    parts = {"nid": pa.array(["J1", "J1", None]), "employer_id": pa.array(["L1", "l-1", "L1"])}
    found, missing = record_tokens(KEYS, planned, parts)
    domain = Domain("payroll", 1, "nid\x1femployer_id")
    assert bytes(found[0]) == bytes(found[1]) == slow_token(KEYS, domain, "J1\x1fL1")
    assert missing.tolist() == [False, False, True]
    assert bytes(found[2]) == bytes(16)


def test_rows_without_a_number_are_left_out() -> None:
    rows = payrolls.table(payrolls.first_rows(3))
    made = imprinted(rows, np.array([0, 7, 8, 0], np.uint32), plan(payrolls.manifest(), "key", 1), KEYS)
    assert made["record_no"].to_pylist() == [7, 8]


def test_the_centres_table_is_the_owners_under_one_more_cipher() -> None:
    planned = plan(payrolls.manifest(), "key", 1)
    rows = payrolls.table(payrolls.first_rows(4))
    inner = imprinted(rows, np.arange(1, rows.num_rows + 1, dtype=np.uint32), planned, KEYS)
    info = as_outer(planned.info, "c", 1)
    stored = as_outer_table(inner, info, centre_key(bytes(32)))
    assert stored["record_no"] == inner["record_no"]
    assert stored["from"] == inner["from"]
    assert set(stored["cell_phone"].to_pylist()).isdisjoint(inner["cell_phone"].to_pylist())
    assert len(set(stored["cell_phone"].to_pylist())) == len(set(inner["cell_phone"].to_pylist()))
    assert stored["block_0"].null_count == inner["block_0"].null_count


@given(st.lists(st.binary(min_size=1, max_size=1), max_size=30))
@settings(max_examples=60, deadline=None)
def test_of_equal_rows_the_last_holds(values: list[bytes]) -> None:
    keys = np.array([value * 16 for value in values], "V16")
    slow = [value not in values[place + 1 :] for place, value in enumerate(values)]
    assert later_wins(keys).tolist() == slow


def test_row_keys_tell_rows_apart_but_for_their_end() -> None:
    planned = plan(payrolls.manifest(), "key", 1)
    base = payrolls.row(1, 1, 100, 0)
    others = [base | {"valid_to": payrolls.START}, base | {"gross_salary": "1"}, base | {"phone": None},
              base | {"valid_from": payrolls.row(1, 1, 1, 9)["valid_from"]}, base]  # fmt: skip
    numbers = np.array([1, 1, 1, 1, 2], np.uint32)
    keys = row_keys(imprinted(payrolls.table(others), numbers, planned, KEYS))
    same = row_keys(imprinted(payrolls.table([base]), numbers[:1], planned, KEYS))
    assert keys[0] == same[0]
    assert len(set(keys.tolist())) == 5


@pytest.mark.parametrize("epoch", [1, 2])
def test_epochs_have_nothing_in_common(epoch: int) -> None:
    rows = payrolls.table(payrolls.first_rows(4))
    numbers = np.arange(1, rows.num_rows + 1, dtype=np.uint32)
    one = imprinted(rows, numbers, plan(payrolls.manifest(), "key", epoch), KEYS)
    two = imprinted(rows, numbers, plan(payrolls.manifest(), "key", epoch + 1), KEYS)
    for name in plan(payrolls.manifest(), "key", 1).info.hashed:
        assert set(one[name].to_pylist()).isdisjoint(two[name].to_pylist())
