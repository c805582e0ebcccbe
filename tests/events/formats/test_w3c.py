"""W3C extended, Zeek and Squid logs: columns that the file itself names, or a fixed row of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textlogs import SAMPLES, read, rejects

from kulla.events.formats.w3c import W3c

LOG = W3c()
HEAD = "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2026-01-05 00:00:00\n"


def test_iis() -> None:
    text = (
        HEAD
        + "#Fields: date time s-computername cs-method cs-uri-stem cs-uri-query cs-username cs(User-Agent) sc-status\n"
        "2026-01-05 10:11:12 WEB1 GET /a+b x+y - Mozilla/5.0+(X) 200\n"
    )
    (row,) = read(LOG, text)
    assert row.fields == {
        "date": ["2026-01-05"], "time": ["10:11:12"], "s-computername": ["WEB1"], "cs-method": ["GET"],
        "cs-uri-stem": ["/a+b"], "cs-uri-query": ["x+y"], "cs(User-Agent)": ["Mozilla/5.0 (X)"], "sc-status": ["200"],
    }  # fmt: skip
    assert (row.time, row.quality, row.position, row.host) == ("2026-01-05T10:11:12Z", "exact", 5, "WEB1")
    assert row.provider == "Microsoft Internet Information Services 10.0"


def test_fields_may_change_midway() -> None:
    text = "#Fields: time a b\n10:11:12 1 2\n#Date: 2026-01-06\n#Fields: time b c d\n10:11:12 3 4 5\n"
    first, second = read(LOG, text)
    assert (first.fields["a"], first.time) == (["1"], None)
    assert (second.fields["b"], second.fields["d"], second.time) == (["3"], ["5"], "2026-01-06T10:11:12Z")


def test_quoted_values_and_tabs() -> None:
    quoted, empty = read(LOG, '#Fields: a b c\nx "y z ""q""" w\n"" b c\n')
    assert (quoted.fields["b"], empty.fields["a"]) == (['y z "q"'], [""])
    (tabbed,) = read(LOG, "#Fields: a b c\nx\ty z\tw\n")
    assert tabbed.fields["b"] == ["y z"]


def test_rows_that_do_not_fit_are_rejected() -> None:
    found = rejects(LOG, "1 2\n#Fields: a b\n1 2 3\n1 2\n")
    assert [(reject.position, reject.raw) for reject in found] == [(1, b"1 2"), (3, b"1 2 3")]


@given(st.lists(st.text("abc-+%\"'", min_size=1, max_size=6), min_size=3, max_size=3))
def test_rows_are_read_or_rejected(values: list[str]) -> None:
    text = "#Fields: a b c\n" + " ".join(values) + "\n"
    if not " ".join(values).startswith("#"):
        assert len(read(LOG, text)) + len(rejects(LOG, text)) == 1


def test_samples() -> None:
    assert read(LOG, SAMPLES["w3c"])[0].fields["c-ip"] == ["192.0.2.1"]
