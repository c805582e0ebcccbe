"""Rows with an id: the fast verdicts are those of plain code over the versions."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leakregisters import CENTRE, OWNER, Opened, leak, small
from payrolls import manifest, nid, row
from plainrecognise import PlainRegister

from kulla.leaks.recognise.hashing import Hasher
from kulla.leaks.recognise.identify import keys
from kulla.leaks.recognise.rows import Judged, cells_of, judged
from kulla.leaks.recognise.sheet import Sheet, column_tokens
from kulla.registers.keys import centre_key, owner_keys

CHANCE = {"period": 0.9, "gross_salary": 0.04, "phone": 0.001, "municipality": 0.3}
NAMES = ("nid", *CHANCE)


@st.composite
def versions(draw: st.DrawFn) -> dict[str, Any]:
    """From small pools, so that versions differ in a cell or two, repeat, and come back."""
    made = row(draw(st.integers(0, 3)), draw(st.integers(1, 2)), draw(st.integers(0, 2)), draw(st.integers(0, 4)))
    made["valid_to"] = draw(st.sampled_from([None, *(row(0, 1, 1, hour)["valid_from"] for hour in range(1, 7))]))
    made["municipality"] = draw(st.sampled_from(["Tiranë", "Durrës", None]))
    return made


CELLS = st.tuples(
    st.sampled_from([nid(0), nid(1).lower(), nid(2), nid(3), nid(9), None]),
    st.sampled_from(["2026-01", "02/2026", None]),
    st.sampled_from(["0.50", "1,50", "2.5", "77", None]),
    st.sampled_from(["0692000000", "+355 69 2000001", "69 2000002", None]),
    st.sampled_from(["TIRANE", "Durres", "Vlorë", None]),
)


def _judged(opened: Opened, rows: list[tuple[str | None, ...]]) -> tuple[np.ndarray, Judged]:
    hasher = Hasher(opened.index.info, owner_keys(OWNER.secret()), centre_key(CENTRE.secret()))
    sheet = Sheet(leak(list(zip(*rows, strict=True))).data)
    found = keys(sheet, (0,), opened.index, hasher, opened.manifest)
    columns = []
    for place, (name, chance) in enumerate(CHANCE.items(), 1):
        values = column_tokens(hasher, sheet.texts((place,)), name, opened.manifest.column(name).meaning)
        columns.append(cells_of(hasher, found.tokens, name, values, chance))
    return found.record, judged(opened.index, found.record, columns)


@pytest.mark.parametrize("most_pairs", [3, 1 << 22])
@given(st.lists(st.lists(versions(), min_size=1, max_size=8), min_size=1, max_size=3), st.lists(CELLS, min_size=1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_verdicts_are_those_of_plain_code(
    most_pairs: int, parts: list[list[dict[str, Any]]], rows: list[tuple[str | None, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("kulla.leaks.recognise.versions.MOST_PAIRS", most_pairs)
        opened = small(Path(folder), manifest(), parts)
        record, found = _judged(opened, rows)
        plain = PlainRegister(opened.versions, opened.record.tolist(), opened.manifest)
        spans = found.intervals
        for place, cells in enumerate(rows):
            expected = plain.by_key(dict(zip(NAMES, cells, strict=True)), CHANCE)
            if expected.record:
                assert (found.verdict[place], found.surety[place]) == (expected.verdict, expected.surety)
            assert record[place] == expected.record
            named = [*CHANCE][found.altered[place]] if found.altered[place] >= 0 else ""
            assert named == expected.altered
            own = slice(spans.offsets[place], spans.offsets[place + 1])
            assert list(zip(spans.first[own], spans.last[own], strict=True)) == expected.intervals
