"""What is beyond doubt is read alike by every reader of CSV."""

from __future__ import annotations

import csv

from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.audit.frames import frames

texts = st.text(st.sampled_from('a,"\n\r'), max_size=14)


@settings(deadline=None, max_examples=60)
@given(texts)
def test_sound_records_are_those_of_strict_csv(text: str) -> None:
    data = text.encode()
    found = frames(data)
    for start, stop, cells, sound in zip(found.starts, found.stops, found.cells, found.sound, strict=True):
        if sound:
            rows = list(csv.reader([data[start:stop].decode()], strict=True))
            assert len(rows) == 1
            assert len(rows[0]) == cells or (rows[0] == [] and cells == 1)


def test_what_it_tells() -> None:
    found = frames(b'a,"b,""\nc"\nd"e,f\n"g\n')
    assert found.stops.tolist() == [11, 20]
    assert found.cells.tolist() == [2, 1]
    assert found.sound.tolist() == [True, False]
    assert found.commas.tolist() == [1]
