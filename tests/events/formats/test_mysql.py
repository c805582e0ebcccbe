"""MySQL's and MariaDB's logs."""

from __future__ import annotations

from textlogs import SAMPLES, read, rejects

from kulla.events.formats.mysql import Mysql

LOG = Mysql()


def test_general_log() -> None:
    text = (
        "/usr/sbin/mysqld, Version: 8.0.40 (MySQL). started with:\nTcp port: 3306  Unix socket: /x\n"
        "Time                 Id Command    Argument\n"
        "2026-01-05T10:11:12.345678Z\t    8 Connect\troot@localhost on db using Socket\n"
        "2026-01-05T10:11:13Z\t    8 Query\tselect *\nfrom t\n\t\t    8 Quit\t\n"
    )
    connect, query, end = read(LOG, text)
    assert connect.fields == {
        "connection_id": ["8"],
        "command": ["Connect"],
        "statement": ["root@localhost on db using Socket"],
    }
    assert (query.fields["statement"], query.position, query.raw.count("\n")) == (["select *\nfrom t"], 5, 1)
    assert (end.fields["command"], end.time) == (["Quit"], query.time)
    assert len(rejects(LOG, text)) == 3


def test_error_log() -> None:
    (row,) = read(LOG, "2026-01-05T10:11:12.3Z 0 [Warning] [MY-010055] [Server] IP address could not be resolved\n")
    assert row.fields == {
        "thread": ["0"], "level": ["Warning"], "code": ["MY-010055"], "subsystem": ["Server"],
        "message": ["IP address could not be resolved"],
    }  # fmt: skip
    (row,) = read(LOG, "2026-01-05 10:11:12 0 [Note] InnoDB: started\n")
    assert (row.fields["message"], row.quality) == (["InnoDB: started"], "zone assumed")


def test_slow_log() -> None:
    first, second = read(LOG, SAMPLES["mysql slow"] + SAMPLES["mysql slow"])
    assert (first.position, second.position) == (1, 6)
    assert (first.fields["account"], first.fields["query_time"], first.fields["connection_id"]) == (
        ["root"],
        ["2.000"],
        ["8"],
    )
    assert first.fields["statement"] == ["SET timestamp=1767607872;\nselect 1;"]
    assert (first.time, first.quality, first.provider) == ("2026-01-05T10:11:12Z", "exact", "mysql")
