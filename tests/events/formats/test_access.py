"""Web servers' access logs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textlogs import read, rejects

from kulla.events.formats.access import Access

LOG = Access()
HEAD = "192.0.2.1 - - [05/Jan/2026:10:11:12 +0100] "


def test_combined() -> None:
    (row,) = read(LOG, HEAD + '"GET /a/b.php?x=1&y=2 HTTP/1.1" 200 5 "https://x.example/" "Mozilla/5.0 (\\"X\\")"\n')
    assert row.fields == {
        "client_ip": ["192.0.2.1"], "status": ["200"], "bytes": ["5"], "referer": ["https://x.example/"],
        "user_agent": ['Mozilla/5.0 ("X")'], "request": ["GET /a/b.php?x=1&y=2 HTTP/1.1"], "method": ["GET"],
        "uri": ["/a/b.php?x=1&y=2"], "path": ["/a/b.php"], "query": ["x=1&y=2"], "protocol": ["HTTP/1.1"],
    }  # fmt: skip
    assert (row.time, row.quality, row.position) == ("2026-01-05T09:11:12Z", "exact", 1)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ('2001:db8::1 - jo [05/Jan/2026:10:11:12 +0100] "GET / HTTP/2.0" 304 -', "client_ip", ["2001:db8::1"]),
        ('2001:db8::1 - jo [05/Jan/2026:10:11:12 +0100] "GET / HTTP/2.0" 304 -', "user", ["jo"]),
        ('2001:db8::1 - jo [05/Jan/2026:10:11:12 +0100] "GET / HTTP/2.0" 304 -', "bytes", None),
        ('::1 - jo a b [05/Jan/2026:10:11:12 +0100] "GET / HTTP/2.0" 304 -', "user", ["jo a b"]),
        (
            'x.example:443 192.0.2.1 - - [05/Jan/2026:10:11:12 +0100] "GET / HTTP/1.1" 200 5 "-" "-"',
            "vhost",
            ["x.example:443"],
        ),
        (
            'x.example:443 192.0.2.1 - - [05/Jan/2026:10:11:12 +0100] "GET / HTTP/1.1" 200 5 "-" "-"',
            "client_ip",
            ["192.0.2.1"],
        ),
        (HEAD + '"-" 408 -', "request", None),
        (HEAD + '"\\x16\\x03\\x01" 400 226', "request", ["\x16\x03\x01"]),
        (HEAD + '"\\x16\\x03\\x01" 400 226', "method", None),
        (HEAD + '"GET /\\xc3\\xab\\\\ HTTP/1.1" 400 226', "path", ["/ë\\"]),
        (HEAD + '"GET /a b c HTTP/1.1" 400 226', "uri", ["/a b c"]),
        (HEAD + '"GET /" 200 1', "protocol", None),
        (HEAD + '"GET /" 200 1', "path", ["/"]),
        (HEAD + '"" 400 0 "-" "-"', "request", [""]),
        (HEAD + '"GET / HTTP/1.1" 200 5 "-" "curl/8" "203.0.113.9" 0.012', "extra", ["203.0.113.9", "0.012"]),
        (HEAD + '"GET / HTTP/1.1" 200 5 0.012', "extra", ["0.012"]),
    ],
)
def test_fields(line: str, field: str, value: list[str] | None) -> None:
    (row,) = read(LOG, line)
    assert row.fields.get(field) == value
    assert row.raw == line


def test_other_lines_are_rejected() -> None:
    (reject,) = rejects(LOG, HEAD + '"GET / HTTP/1.1" 200 5\nsecret\n')
    assert (reject.position, reject.raw) == (2, b"secret")
    assert "secret" not in reject.reason


@given(
    st.text(st.characters(min_codepoint=33, exclude_characters='"\\', exclude_categories=["Cs", "Z", "C"]), max_size=20)
)
def test_what_was_asked_for_comes_back(query: str) -> None:
    (row,) = read(LOG, f'{HEAD}"GET /p?{query} HTTP/1.1" 200 5 "-" "{query or "x"}"')
    assert row.fields["query"] == [query]
    assert row.fields["path"] == ["/p"]
