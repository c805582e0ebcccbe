"""Zeek's and Squid's logs."""

from __future__ import annotations

import pytest
from textlogs import SAMPLES, read, rejects

from kulla.events.formats.squid import Squid
from kulla.events.formats.zeek import Zeek

ZEEK, SQUID = Zeek(), Squid()
HEAD = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"


def test_zeek() -> None:
    text = (
        HEAD + "#path\tdns\n#open\t2026-01-05-10-11-12\n#fields\tts\tquery\tanswers\trtt\tnote\n"
        "#types\ttime\tstring\tvector[string]\tinterval\tstring\n"
        "1767607872.5\ta\\x09b\tx,y\\x2cz\t-\t(empty)\n#close\tx\n"
    )
    (row,) = read(ZEEK, text)
    assert row.fields == {
        "ts": ["1767607872.5"],
        "query": ["a\tb"],
        "answers": ["x", "y,z"],
        "note": [""],
    }
    assert (row.time, row.quality, row.provider, row.position) == ("2026-01-05T10:11:12.500000Z", "exact", "dns", 9)


def test_zeek_logs_may_follow_each_other() -> None:
    text = SAMPLES["zeek"] + SAMPLES["zeek"].replace("dns", "conn").replace("\tquery", "\tservice")
    first, second = read(ZEEK, text)
    assert (first.provider, second.provider, second.fields["service"]) == ("dns", "conn", ["example.org"])


def test_zeek_rows_that_do_not_fit_are_rejected() -> None:
    (reject,) = rejects(ZEEK, SAMPLES["zeek"] + "secret\n")
    assert (reject.position, reject.raw) == (7, b"secret")
    assert "secret" not in reject.reason


def test_squid() -> None:
    (row,) = read(SQUID, SAMPLES["squid"])
    wanted = {
        "client_ip": "192.0.2.1", "result": "TCP_MISS", "status": "200", "bytes": "1234", "method": "GET",
        "host": "x.example",
        "uri": "http://x.example/a?b", "path": "/a", "query": "b", "peer": "192.0.2.9", "content_type": "text/html",
    }  # fmt: skip
    assert {name: row.fields[name] for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert "user" not in row.fields
    assert (row.time, row.quality) == ("2026-01-05T10:11:12.123000Z", "exact")


@pytest.mark.parametrize(
    ("url", "host"),
    [("x.example:443", "x.example"), ("https://u@x.example:8/", "x.example"), ("http://[::1]:8/a", "[::1]")],
)
def test_squid_hosts(url: str, host: str) -> None:
    (row,) = read(SQUID, f"1767607872.123 120 192.0.2.1 TCP_TUNNEL/200 12 CONNECT {url} jo HIER_DIRECT/192.0.2.9 -")
    assert (row.fields["host"], row.fields["user"]) == ([host], ["jo"])
    assert rejects(SQUID, "hello\n")[0].position == 1
