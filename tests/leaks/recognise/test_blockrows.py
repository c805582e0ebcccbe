"""Rows without an id: linked as plain code links them that looks at every record."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leakregisters import CENTRE, OWNER, Opened, leak, small
from payrolls import manifest, row
from plainrecognise import PlainRegister

from kulla.leaks.intervals import from_rows
from kulla.leaks.matched import ColumnMatch
from kulla.leaks.recognise.assign import Mapped
from kulla.leaks.recognise.blockrows import Linked, linked
from kulla.leaks.recognise.blocks import BlockMap, block_values
from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.sheet import Sheet
from kulla.registers.keys import centre_key, owner_keys

NAMES = ("full_name", "phone", "employer_id", "gross_salary")
NAME_POOL = ("Agron Krasniqi", "Blerina Hoxhaj", "Çelnik Përgjini")


@st.composite
def versions(draw: st.DrawFn) -> dict[str, Any]:
    """Few names, phones, employers and salaries, so that records share keys."""
    made = row(draw(st.integers(0, 5)), 1, draw(st.integers(0, 2)), draw(st.integers(0, 3)))
    made["full_name"] = draw(st.sampled_from(NAME_POOL))
    made["phone"] = draw(st.sampled_from(["+355692000000", "+355692000001", None]))
    made["employer_id"] = draw(st.sampled_from(["L10000000K", "L10000001K"]))
    made["valid_to"] = draw(st.sampled_from([None, row(0, 1, 1, 5)["valid_from"]]))
    return made


CELLS = st.tuples(
    st.sampled_from(["agron KRASNIQI", "Hoxhaj, Blerina", "celnik pergjini", "Drite Shkembi", None]),
    st.sampled_from(["0692000000", "692000001", "0677777777", None]),
    st.sampled_from(["L10000000K", "l10000001k", None]),
    st.sampled_from(["0.5", "1.50", "2.5", "99", None]),
)


def _linked(opened: Opened, rows: list[tuple[str | None, ...]], fewest: int = 1) -> Linked:
    hasher = Hasher(opened.index.info, owner_keys(OWNER.secret()), centre_key(CENTRE.secret()))
    numbers = {pair[1]: number for number, pair in enumerate(opened.index.info.blocks)}
    others = tuple(
        (numbers[name], Mapped(ColumnMatch(place, name, 1.0, 0.0, 1.0, 9), (place,), "", True))
        for place, name in enumerate(NAMES[1:], 1)
    )
    sheet = Sheet(leak(list(zip(*rows, strict=True))).data)
    values = block_values(sheet, BlockMap((0,), others), hasher, opened.manifest)
    return linked(values, opened.index, np.arange(len(rows)), fewest)


@given(st.lists(versions(), min_size=1, max_size=14), st.lists(CELLS, min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_links_are_those_of_plain_code(made: list[dict[str, Any]], rows: list[tuple[str | None, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = small(Path(folder), manifest(), [made])
        found = _linked(opened, rows)
        plain = PlainRegister(opened.versions, opened.record.tolist(), opened.manifest)
        spans = from_rows(found.whole_row, *opened.index.times(found.whole_version), len(rows))
        for place, cells in enumerate(rows):
            normal = plain.normal(dict(zip(NAMES, cells, strict=True)))
            name = normal.pop("full_name")
            record, tied, intervals = plain.by_blocks(name, normal)
            assert (found.record[place], bool(found.tied[place])) == (record, tied)
            own = slice(spans.offsets[place], spans.offsets[place + 1])
            assert list(zip(spans.first[own], spans.last[own], strict=True)) == (intervals if record else [])


@given(st.lists(versions(), min_size=1, max_size=14), st.lists(CELLS, min_size=1, max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_keys_of_many_records_leave_rows_open_rather_than_wrong(
    made: list[dict[str, Any]], rows: list[tuple[str | None, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("kulla.leaks.recognise.blockrows.MOST", 1)
        patch.setattr("kulla.leaks.recognise.blockrows._ROWS", 5)
        opened = small(Path(folder), manifest(), [made])
        found = _linked(opened, rows)
        plain = PlainRegister(opened.versions, opened.record.tolist(), opened.manifest)
        for place, cells in enumerate(rows):
            normal = plain.normal(dict(zip(NAMES, cells, strict=True)))
            name = normal.pop("full_name")
            record, tied, _ = plain.by_blocks(name, normal)
            assert found.record[place] in (0, record)
            assert found.record[place] != 0 or found.tied[place] or not (record or tied)


def test_one_key_is_not_enough_where_two_are_asked(tmp_path: Path) -> None:
    opened = small(tmp_path, manifest(), [[row(0, 1, 100, 0), row(1, 1, 200, 0)]])
    rows: list[tuple[str | None, ...]] = [
        ("Agron Krasniqi", "0692000000", None, "1"),
        ("Agron Krasniqi", None, None, None),
    ]
    assert _linked(opened, rows).record.tolist() == [opened.record[0], 0]
    assert _linked(opened, rows, 2).record.tolist() == [0, 0]
