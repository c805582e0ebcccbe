"""Which column is the record key, and what stands near it by chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from leakregisters import CENTRE, OWNER, Opened, leak, small
from payrolls import manifest, nid, row

from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.identify import keys, links, neighbours
from kulla.leaks.recognise.sheet import Sheet
from kulla.registers.keys import centre_key, owner_keys
from kulla.registers.nationalid import well_formed


def hasher(opened: Opened) -> Hasher:
    return Hasher(opened.index.info, owner_keys(OWNER.secret()), centre_key(CENTRE.secret()))


def test_neighbours_are_as_valid_and_not_the_same() -> None:
    values = [nid(person) for person in range(40)]
    near = neighbours(values, np.random.default_rng(1)).to_pylist()
    assert len(near) > 100
    assert all(well_formed(value) for value in near)
    assert not set(near) & set(values)
    assert {value[:6] for value in near} == {value[:6] for value in values}


def test_neighbours_of_plates_and_of_words() -> None:
    plates = neighbours(["AA123BB"], np.random.default_rng(1)).to_pylist()
    assert plates
    assert all(len(p) == 7 and p[:2] + p[5:] == "AABB" and p != "AA123BB" for p in plates)
    assert all(sorted(word) == sorted("abcd") for word in neighbours(["abcd"], np.random.default_rng(1)).to_pylist())


def test_the_id_is_found_whatever_its_place_and_writing(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), [[row(person, 1, 100, 0) for person in range(30)]])
    columns = [["x"] * 30, [f" '{nid(person).lower()}" for person in range(30)], [str(n) for n in range(30)]]
    sheet = Sheet(leak(columns).data)
    found = links(sheet, opened.index, hasher(opened), opened.manifest, 1)
    assert [link.columns for link in found] == [(1,)]
    assert found[0].clear
    assert found[0].hits == 1.0
    assert keys(sheet, (1,), opened.index, hasher(opened), opened.manifest).record.tolist() == opened.record.tolist()


def test_numbers_given_in_a_row_are_no_clear_key_by_themselves(tmp_path: Path) -> None:
    """Where every neighbour is an id too, hits show nothing; the other columns must."""
    declared = manifest(columns=tuple(c if c.name != "nid" else type(c)("nid", "code") for c in manifest().columns))
    rows = [row(person, 1, 100 + person, 0) | {"nid": str(1000 + person)} for person in range(400)]
    opened = small(tmp_path, declared, [rows])
    some = [str(n) for n in range(1100, 1200)]
    sheet = Sheet(leak([some]).data)
    (link,) = links(sheet, opened.index, hasher(opened), declared, 1)
    assert not link.clear
    assert opened.recognise(leak([some])).linked_by == "none"
    paid = [f"{100 + n}.50" for n in range(100, 200)]
    assert opened.recognise(leak([some, paid])).linked_by == "record"
    assert opened.recognise(leak([some, paid[::-1]])).linked_by == "none"


def test_a_key_of_two_columns_is_tried_in_both_orders(tmp_path: Path) -> None:
    declared = manifest(record=("nid", "period"), entry=())
    rows = [row(person, month, 100 + person, 0) for person in range(30) for month in (1, 2)]
    opened = small(tmp_path, declared, [rows])
    periods = [f"{month:02}/2026" for _ in range(30) for month in (1, 2)]
    ids: list[str | None] = [nid(person) for person in range(30) for _ in (1, 2)]
    ids[4] = None
    matched = opened.recognise(leak([periods, ids, [f"{100 + n // 2},50" for n in range(60)]]))
    assert [(each.column, each.register_column) for each in matched.columns] == [
        (1, "nid"), (0, "period"), (2, "gross_salary"),
    ]  # fmt: skip
    expected = opened.record.copy()
    expected[4] = 0
    assert matched.record.tolist() == expected.tolist()
    assert pa.array(matched.verdict.tolist()).unique().to_pylist() == [0, 6]
