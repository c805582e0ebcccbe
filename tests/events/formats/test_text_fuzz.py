"""No input makes a text format raise, and every line of it is in a record's raw, a reject or a directive."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textlogs import CONTEXT, SAMPLES, TEXT_FORMATS

from kulla.events.formats._api import Context, Format

BY_NAME = {log.name: log for log in TEXT_FORMATS}
POOL = sorted({line for sample in SAMPLES.values() for line in sample.splitlines()})
PIECES = sorted({word for line in POOL for word in line.split(" ")})

damaged = st.builds(
    lambda line, at, mid: line[:at] + mid + line[at:], st.sampled_from(POOL), st.integers(0, 90), st.text(max_size=5)
)
line = st.one_of(
    st.sampled_from(POOL),
    damaged,
    st.text(max_size=20),
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
    st.sampled_from(
        ["", " ", "\t x", '"', "\\", "#", "# ", "#Fields: a b", "#fields\ta", "<", "</Event>", "<Event>", "9 <"]
    ),
)
text = st.lists(line, max_size=12).map("\n".join)
content = st.one_of(text.map(lambda t: t.encode("utf-8", "surrogatepass")), st.binary(max_size=200))

WHOLE_LINES = ("syslog", "auditd", "sysmon_linux", "access", "squid", "plain", "mysql", "csv")


@pytest.mark.parametrize("name", BY_NAME)
@given(data=content)
@settings(max_examples=60, deadline=None)
def test_never_raises(name: str, data: bytes) -> None:
    log = BY_NAME[name]
    assert 0 <= log.sniff(data, "x") <= 100
    for run in log.read(io.BytesIO(data), None, CONTEXT):
        assert len(run.raw) == len(run.time) == len(run.quality) == len(run.fields) == len(run)
        assert len(run.fields.whole()) == len(run)


@pytest.mark.parametrize("name", WHOLE_LINES)
@given(text=text, small=st.booleans())
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost(name: str, text: str, small: bool) -> None:
    header = "time,user,x\n" if name == "csv" else ""  # It is no record.
    data = (header + text).encode("utf-8", "backslashreplace")
    if name == "syslog" and data[:1].isdigit():
        return  # Frames have no lines.
    context = Context(clock=CONTEXT.clock, batch_events=2) if small else CONTEXT
    log: Format = BY_NAME[name]
    got: Counter[str] = Counter()
    lines = 0
    for run in log.read(io.BytesIO(data), None, context):
        for raw in run.raw.to_pylist():
            got.update(raw.split("\n"))
        for reject in run.rejects:
            got.update(reject.raw.decode().split("\n"))
        lines += run.lines
    expected = [shown.removesuffix("\r").strip("\0") for shown in data.decode().removeprefix("\ufeff").split("\n")]
    missing = Counter(shown for shown in expected if shown.strip()) - got
    if name == "csv":
        missing -= Counter(["time,user,x"])
    assert not missing
    assert lines >= len(expected) - 1
