"""The throw-away server itself."""

from __future__ import annotations

from pgserver import Server


def test_it_audits_restarts_and_recovers(pg: Server, database: str) -> None:
    pg.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 3)", database)
    pg.execute("SELECT a FROM t WHERE a < 3", database)
    assert pg.execute("SELECT pg_xact_commit_timestamp(xmin) IS NOT NULL FROM t LIMIT 1", database) == [(True,)]
    if not pg.own:
        return
    for path in pg.logs():
        assert "READ,SELECT,,,SELECT a FROM t WHERE a < 3,<none>,2" in path.read_text("utf-8")
    pg.restart()
    pg.execute("INSERT INTO t VALUES (4)", database)
    pg.crash()
    assert pg.execute("SELECT count(*) FROM t", database) == [(4,)]
