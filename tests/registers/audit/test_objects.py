"""What is read of objects without decoding them is what decoding finds; so is a log as PostgreSQL writes it read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kulla.registers.audit.lines import newlines
from kulla.registers.audit.objects import objects

SAMPLE = Path(__file__).parents[2] / "events" / "formats" / "samples" / "postgres.json"
TEXTS = (
    '"x"', '""', r'"\""', r'"\\"', r'"\\\""', r'"a\nb"', r'"\\n"', r'"\u0041"', '"é"', '"a\x01"', '"},"', r'"\x"',
    '":"', '"\t"', r'"\\\\n\t"',
)  # fmt: skip
OTHERS = ("0", "7", "-3", "-0", "01", "1.5", "null", "true", "[1]", '{"a":1}', "123456789012345678",
          "1234567890123456789", "-1234567890123456789", "123456789012345678901", "1 ", "")  # fmt: skip
values = st.one_of(st.sampled_from(TEXTS), st.sampled_from(OTHERS))
keys = st.sampled_from(('"a"', '"bb"', '"c"', r'"\u0061"', '"long key of many bytes"'))


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Lines that are mostly of one or two shapes, some of them damaged."""
    shapes = draw(st.lists(st.lists(keys, min_size=1, max_size=4), min_size=1, max_size=2))
    made = []
    for _ in range(draw(st.integers(1, 6))):
        shape = draw(st.sampled_from(shapes))
        line = "{" + ",".join(f"{key}:{draw(values)}" for key in shape) + "}"
        if draw(st.integers(0, 4)) == 0:
            place, cut = draw(st.integers(0, len(line))), draw(st.integers(0, 3))
            line = line[:place] + draw(st.sampled_from(("", " ", '"', "\\", ",", "\r"))) + line[place + cut :]
        made.append(line)
    return ("\n".join(made) + draw(st.sampled_from(("", "\n")))).encode()


def spans(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    stops = newlines(data)
    stops = stops if data.endswith(b"\n") else np.append(stops, len(data))
    return np.concatenate((np.zeros(1, np.int64), stops[:-1])), stops


@settings(max_examples=150, deadline=None)
@given(lines())
def test_what_is_found_is_what_decoding_finds(data: bytes) -> None:
    starts, stops = spans(data)
    for each in objects(data, starts, stops, ("a", "c", "long key of many bytes")):
        for place, row in enumerate(each.rows.tolist()):
            members = orjson.loads(data[starts[row] : stops[row]])
            assert tuple(members) == each.keys
            for key, texts in each.texts.items():
                assert texts[place].as_py() == (members[key] if isinstance(members[key], str) else str(members[key]))


def test_a_line_is_found_once_and_strange_ones_not_at_all() -> None:
    plain = b'{"a":"x","c":1}\n'
    strange = (
        b'{"a":"x", "c":1}\n', b'{"a":"x","c":1,}\n', b'{"a":"x","c":01}\n', b'{"a":"\\u0041","c":1}\n', b'["a"]\n',
        b"\n", b'{"a":"x","a":1}\n', b'{"a":"x","c":1}}\n', b'{"a":"x","c":{"d":1}}\n', b'{"a":"\\q","c":1}\n',
        b'{"a":"\x01","c":1}\n',
    )  # fmt: skip
    data = b"".join(plain + each for each in strange)
    found = objects(data, *spans(data), ("a",))
    assert [each.rows.tolist() for each in found] == [list(range(0, 2 * len(strange), 2))]


def test_the_real_log_is_read_so_nearly_whole() -> None:
    data = SAMPLE.read_bytes()
    starts, stops = spans(data)
    rows = np.concatenate([each.rows for each in objects(data, starts, stops, ("message",))])
    assert len(rows) == len(set(rows.tolist())) > 0.9 * len(starts)


@pytest.mark.parametrize("data", [b"\xff\n", b'{"a":"\xff"}\n'])
def test_bytes_that_are_no_text_are_left(data: bytes) -> None:
    assert objects(data, *spans(data), ("a",)) == []
