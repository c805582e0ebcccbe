"""The history of a live register, on a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import random
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from pgserver import Server

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.registers.connect import postgres
from kulla.registers.desk import history, historytriggers
from kulla.registers.desk.historysteps import Taken
from kulla.registers.desk.historystore import HistoryStore
from kulla.registers.folder import RegisterFolder
from kulla.registers.history import BEGINNING
from kulla.registers.manifest import Column, Manifest

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
TABLE = "CREATE TABLE payroll (nid text, period date, salary numeric(12,2), secret text, PRIMARY KEY (nid, period))"
Row = tuple[Any, ...]


def manifest(dsn: str) -> Manifest:
    columns = (Column("nid", "national_id"), Column("period", "period"), Column("salary", "money"))
    names = ("payroll", "tax", "tax", "civil", "law", "postgresql", dsn, "payroll")
    return Manifest(*names, ("nid",), columns, ("period",))  # type: ignore[arg-type]


class Office:
    """A register's owner: a folder, a database, and an administrator who works in it."""

    def __init__(self, path: Path, pg: Server, database: str) -> None:
        self.pg, self.database, self.dsn = pg, database, pg.dsn(database=database)
        self.folder = RegisterFolder(path / "registers" / "payroll")
        self.store = HistoryStore(self.folder)
        self.run(TABLE)
        self.folder.write(manifest(self.dsn))

    def run(self, sql: str) -> list[Row]:
        return self.pg.execute(sql, self.database)

    def commit_time(self, sql: str) -> dt.datetime:
        """Run statements in one transaction; when it was committed."""
        with psycopg.connect(self.dsn) as connection:
            connection.execute(sql)
            (xid,) = connection.execute("SELECT pg_current_xact_id()::xid::text").fetchone() or ("",)
        return self.committed(str(xid))

    def committed(self, xid: str) -> dt.datetime:
        ((moment,),) = self.run(f"SELECT pg_xact_commit_timestamp('{xid}'::xid)")
        assert isinstance(moment, dt.datetime)
        return moment.astimezone(dt.UTC)

    def apply(self) -> None:
        history.apply(self.folder, None, "postgres")

    def take(self) -> Taken:
        return history.take(self.folder, NOW)

    def table(self) -> pa.Table:
        return pa.Table.from_batches(list(self.store.changes(None)))

    def versions(self, nid: str = "") -> list[Row]:
        """(nid, salary, valid_from, valid_to, known_from, known_to), in the order of their beginning."""
        names = ("nid", "salary", "valid_from", "valid_to", "known_from", "known_to")
        found = [row for row in self.table().to_pylist() if nid in ("", row["nid"])]
        rows = [tuple(row[name] for name in names) for row in found]
        return sorted(rows, key=lambda row: (row[2], row[3] or dt.datetime.max.replace(tzinfo=dt.UTC), row[0]))

    def as_of(self, moment: dt.datetime) -> set[Row]:
        return {(nid, salary) for nid, salary, begun, ended, *_ in self.versions()
                if begun <= moment and (ended is None or moment < ended)}  # fmt: skip


@pytest.fixture
def office(tmp_path: Path, pg: Server, database: str) -> Office:
    return Office(tmp_path, pg, database)


def paid(*rows: tuple[str, int]) -> str:
    return "INSERT INTO payroll VALUES " + ", ".join(f"('{nid}', '2026-01-01', {salary}, 'x')" for nid, salary in rows)


def test_updates_deletes_and_inserts_become_versions_in_commit_time(office: Office) -> None:
    began = office.commit_time(paid(("A", 100), ("B", 200)))
    office.apply()
    first = office.take()
    assert (first.opened, first.closed, first.lasting) == (2, 0, 2)
    raised = office.commit_time("UPDATE payroll SET salary = 150 WHERE nid = 'A'")
    gone = office.commit_time("DELETE FROM payroll WHERE nid = 'B'")
    came = office.commit_time(paid(("C", 300)))
    done = office.take()
    assert (done.opened, done.closed, done.lasting, done.gaps) == (2, 2, 2, ())
    assert office.versions() == [
        ("A", Decimal("100.00"), began, raised, None, None),
        ("B", Decimal("200.00"), began, gone, None, None),
        ("A", Decimal("150.00"), raised, None, None, None),
        ("C", Decimal("300.00"), came, None, None, None),
    ]
    assert office.table().column_names[:3] == ["nid", "period", "salary"]
    assert "secret" not in office.table().column_names
    assert [gap.start for gap in office.store.gaps()] == [None]


def test_what_one_transaction_undoes_was_never_there(office: Office) -> None:
    began = office.commit_time(paid(("A", 100), ("B", 200)))
    office.apply()
    office.take()
    office.run(paid(("Z", 1)) + "; DELETE FROM payroll WHERE nid = 'Z'")
    office.run("UPDATE payroll SET salary = 1 WHERE nid = 'A'; UPDATE payroll SET salary = 100 WHERE nid = 'A'")
    office.run("DELETE FROM payroll WHERE nid = 'B'; " + paid(("B", 200)))
    office.run("UPDATE payroll SET secret = 'other'")
    twice = office.commit_time("UPDATE payroll SET salary = 7 WHERE nid = 'B';"
                               "UPDATE payroll SET nid = 'D', salary = 8 WHERE nid = 'B'")  # fmt: skip
    office.take()
    assert office.versions() == [
        ("B", Decimal("200.00"), began, twice, None, None),
        ("A", Decimal("100.00"), began, None, None, None),
        ("D", Decimal("8.00"), twice, None, None, None),
    ]


def test_an_export_within_a_long_transaction_saw_what_was_before(office: Office) -> None:
    office.run(paid(("A", 100)))
    office.apply()
    office.take()
    with psycopg.connect(office.dsn) as long_one:
        long_one.execute("UPDATE payroll SET salary = 999 WHERE nid = 'A'")
        started, xid = long_one.execute("SELECT now(), pg_current_xact_id()::xid::text").fetchone() or ("", "")
        time.sleep(0.05)
        came = office.commit_time(paid(("B", 200)))  # later than the long one by number, earlier by commit
        # The export in its middle: another session, another snapshot, between two of our takes.
        ((seen, exported),) = office.run("SELECT salary, clock_timestamp() FROM payroll WHERE nid = 'A'")
        meanwhile = office.take()
        time.sleep(0.05)
    committed = office.committed(str(xid))
    assert (meanwhile.opened, meanwhile.closed) == (1, 0)
    assert isinstance(started, dt.datetime)
    assert started < exported < committed
    assert seen == Decimal("100.00")
    last = office.take()
    assert (last.opened, last.closed, last.gaps) == (1, 1, ())
    assert [row[1:4] for row in office.versions("A")][-1] == (Decimal("999.00"), committed, None)
    assert [row[1:4] for row in office.versions("B")] == [(Decimal("200.00"), came, None)]
    before, after = ("A", Decimal("100.00")), ("A", Decimal("999.00"))
    assert [before in office.as_of(moment) for moment in (started, exported, committed)] == [True, True, False]
    assert [after in office.as_of(moment) for moment in (started, exported, committed)] == [False, False, True]


def test_writers_need_no_right_and_readers_get_none(office: Office) -> None:
    clerk, agent = f"clerk_{office.database[-12:]}", f"agent_{office.database[-12:]}"
    office.run(f"CREATE ROLE {clerk} LOGIN; GRANT SELECT, INSERT, UPDATE ON payroll TO {clerk};"
               f"CREATE ROLE {agent} LOGIN; GRANT SELECT ON payroll TO {agent}")  # fmt: skip
    try:
        history.apply(office.folder, None, agent)
        with psycopg.connect(office.pg.dsn(clerk, office.database)) as connection:
            connection.execute(paid(("A", 100)).encode())
        for statement in ("SELECT * FROM kulla_history.changes_payroll", "DELETE FROM kulla_history.changes_payroll"):
            with (
                psycopg.connect(office.pg.dsn(clerk, office.database)) as connection,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                connection.execute(statement)
        assert history.take(office.folder, NOW, office.pg.dsn(agent, office.database), prune=True).opened == 1
        assert office.run("SELECT * FROM kulla_history.changes_payroll") == []
        office.run("UPDATE payroll SET salary = 5")
        assert history.take(office.folder, NOW, office.pg.dsn(agent, office.database)).closed == 1
    finally:
        history.remove(office.folder, None, force=True)
        office.run(f"DROP OWNED BY {clerk}, {agent}; DROP ROLE {clerk}, {agent}")


def test_applying_and_removing_are_idempotent_and_leave_nothing(office: Office) -> None:
    office.apply()
    office.apply()
    assert office.folder.read().history == "trigger"
    office.run(paid(("A", 100)))
    office.take()
    office.run(paid(("B", 100)))
    with pytest.raises(UsageError, match="1 kept changes are not yet taken"):
        history.remove(office.folder, None)
    office.take()
    history.remove(office.folder, None)
    history.remove(office.folder, None)
    assert office.folder.read().history == "none"
    assert office.run("SELECT 1 FROM pg_namespace WHERE nspname = 'kulla_history'") == []
    assert office.run("SELECT 1 FROM pg_trigger WHERE tgname LIKE 'kulla%'") == []
    office.run(paid(("C", 100)))
    with pytest.raises(ConfigError, match="names no history"):
        office.take()


def test_a_schema_change_breaks_nothing(office: Office) -> None:
    office.run(paid(("A", 100)))
    office.apply()
    office.take()
    office.run("ALTER TABLE payroll ADD COLUMN phone text; ALTER TABLE payroll DROP COLUMN salary")
    came = office.commit_time("INSERT INTO payroll (nid, period, phone) VALUES ('B', '2026-01-01', '069')")
    manifest = office.folder.read()
    office.folder.write(replace(manifest, columns=(*manifest.columns, Column("phone", "phone"))))
    done = office.take()
    assert any("salary: gone" in note for note in done.notes)
    assert any("phone: kept from now on" in note for note in done.notes)
    rows = {row["nid"]: row for row in office.table().to_pylist() if row["valid_to"] is None}
    assert (rows["B"]["phone"], rows["B"]["salary"], rows["B"]["valid_from"]) == ("069", None, came)
    assert rows["A"]["salary"] is None
    assert rows["A"]["known_from"] == done.at
    closed = [row for row in office.table().to_pylist() if row["valid_to"] is not None]
    assert [(row["nid"], row["salary"], row["phone"], row["valid_to"]) for row in closed] == [
        ("A", Decimal("100.00"), None, done.at)
    ]
    office.run("ALTER TABLE payroll ALTER COLUMN phone TYPE bigint USING phone::bigint; UPDATE payroll SET phone = 70")
    office.take()
    assert {row["phone"] for row in office.table().to_pylist() if row["valid_to"] is None} == {"70"}


def test_a_column_that_is_gone_is_told_once(office: Office) -> None:
    office.run(paid(("A", 100)))
    office.apply()
    office.take()
    office.run("ALTER TABLE payroll DROP COLUMN salary")
    assert office.take().notes == ("column salary: gone from the source, null from now on",)
    quiet = office.take()
    assert (quiet.notes, quiet.opened, quiet.closed) == ((), 0, 0)
    office.run("ALTER TABLE payroll ADD COLUMN salary numeric(12,2) DEFAULT 7")
    assert office.take().notes == ("column salary: kept from now on, null before",)
    assert [row[1] for row in office.versions()] == [Decimal("100.00"), None, Decimal("7.00")]


def test_parts_of_the_keys_add_up_to_the_whole(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = RegisterFolder(tmp_path / "other" / "payroll")
    other.write(office.folder.read())
    office.run(paid(*((name, 1) for name in "ABCDEFGH")))
    office.apply()
    other.write(office.folder.read())
    history.take(other, NOW)
    office.take()
    dice = random.Random(5)
    for number in range(60):
        one, two = dice.sample("ABCDEFGHIJ", 2)
        office.run(dice.choice([
            f"UPDATE payroll SET salary = {number} WHERE nid IN ('{one}', '{two}')",
            f"DELETE FROM payroll WHERE nid = '{one}'",
            f"INSERT INTO payroll VALUES ('{one}', '2026-01-01', {number}) ON CONFLICT DO NOTHING",
            f"UPDATE payroll SET nid = '{one}' WHERE nid = '{two}' AND '{one}' <> ALL (SELECT nid FROM payroll)",
            "TRUNCATE payroll" if number == 40 else "SELECT 1",
        ]))  # fmt: skip
    whole = office.take()
    monkeypatch.setattr("kulla.registers.desk.historychanges.LINES_AT_ONCE", 5)
    parts = history.take(other, NOW)
    assert (parts.opened, parts.closed, parts.lasting, parts.gaps) == (whole.opened, whole.closed, whole.lasting, ())
    found = pa.Table.from_batches(list(HistoryStore(other).changes(None))).to_pylist()
    assert sorted(found, key=str) == sorted(office.table().to_pylist(), key=str)
    live = {(nid, salary) for nid, salary in office.run("SELECT nid, salary FROM payroll")}
    assert office.as_of(whole.at) == live


def test_it_outlives_restart_and_crash(office: Office) -> None:
    if not office.pg.own:
        pytest.skip("the given server is not ours to restart")
    office.run(paid(("A", 100)))
    office.apply()
    office.take()
    raised = office.commit_time("UPDATE payroll SET salary = 150")
    office.pg.restart()
    again = office.commit_time("UPDATE payroll SET salary = 175")
    office.pg.crash()
    done = office.take()
    assert (done.opened, done.closed, done.gaps) == (2, 2, ())
    assert [row[1:4] for row in office.versions()][1:] == [
        (Decimal("150.00"), raised, again),
        (Decimal("175.00"), again, None),
    ]


def test_a_crash_between_writing_and_state_gives_no_doubles(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.run(paid(("A", 100), ("B", 200)))
    office.apply()
    office.take()
    office.run("UPDATE payroll SET salary = 150 WHERE nid = 'A'")
    written = HistoryStore._write_state
    for crash_at in (1, 2):  # before the step counts, and after it but before all is in place
        calls = 0

        def crash(self: HistoryStore, state: Any, crash_at: int = crash_at) -> None:
            nonlocal calls
            calls += 1
            if calls == crash_at:
                raise KeyboardInterrupt
            written(self, state)

        monkeypatch.setattr(HistoryStore, "_write_state", crash)
        with pytest.raises(KeyboardInterrupt):
            office.take()
        monkeypatch.setattr(HistoryStore, "_write_state", written)
    done = office.take()
    assert (done.opened, done.closed, done.lasting) == (0, 0, 2)
    assert [row[:2] for row in office.versions()] == [
        ("A", Decimal("100.00")),
        ("B", Decimal("200.00")),
        ("A", Decimal("150.00")),
    ]
    assert list(office.folder.state.glob("staged/*")) == []


def test_paused_triggers_are_noticed_and_the_time_is_a_gap(office: Office) -> None:
    office.run(paid(("A", 100), ("B", 200)))
    office.apply()
    first = office.take()
    office.run("ALTER TABLE payroll DISABLE TRIGGER ALL; UPDATE payroll SET salary = 1 WHERE nid = 'A'")
    office.run("ALTER TABLE payroll ENABLE TRIGGER ALL")
    office.apply()  # makes them fire always again
    done = office.take()
    assert [(gap.start, gap.end) for gap in done.gaps] == [(first.at, done.at)]
    assert "paused" in done.gaps[0].reason
    closed, opened = (row for row in office.versions("A"))
    assert closed[3] == done.at
    assert first.at <= closed[5] <= done.at
    assert opened[1:] == (Decimal("1.00"), first.at, None, done.at, None)
    assert office.take().gaps == ()
    # B was the same before and after the pause: nobody saw it in between.
    assert [row[2:] for row in office.versions("B")] == [
        (office.versions("B")[0][2], None, None, first.at + dt.timedelta(microseconds=1)),
        (office.versions("B")[0][2], None, done.at, None),
    ]


def test_truncate_ends_everything(office: Office) -> None:
    office.run(paid(("A", 100), ("B", 200)))
    office.apply()
    office.take()
    end = office.commit_time("TRUNCATE payroll; " + paid(("A", 100), ("C", 300)))
    office.take()
    assert [row[:4] for row in office.versions() if row[3] is None] == [
        ("A", Decimal("100.00"), office.versions("A")[0][2], None),
        ("C", Decimal("300.00"), end, None),
    ]
    assert [row[3] for row in office.versions("B")] == [end]


def test_without_commit_times_versions_are_bounded(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.run(paid(("A", 100)))
    office.apply()
    office.take()
    known = historytriggers._moment
    monkeypatch.setattr(historytriggers, "_moment", lambda *a: replace(known(*a), commit_times=False))
    committed = office.commit_time("UPDATE payroll SET salary = 150")
    done = office.take()
    (_, _, _, ended, _, sure), (_, _, begun, _, known_from, _) = office.versions()
    assert sure < committed < ended == done.at
    assert begun < committed < known_from == done.at
    assert any("track_commit_timestamp" in note for note in done.notes)


TYPES = {
    "b": ("boolean", "true"),
    "i": ("integer", "7"),
    "f": ("double precision", "0.1"),
    "n": ("numeric", "1.50"),
    "tz": ("timestamptz", "'2026-05-01 10:00:00.25+02'"),
    "ts": ("timestamp", "'2026-05-01 10:00'"),
    "t": ("time", "'10:00'"),
    "iv": ("interval", "'1 day 2:00'"),
    "u": ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    "d": ("date", "'infinity'"),
    "j": ("json", "'{\"a\":  1}'"),
    "jb": ("jsonb", "'[1, \"x\"]'"),
    "a": ("text[]", "'{a,NULL,\"b c\"}'"),
    "by": ("bytea", "'\\x00ff'"),
    "c": ("char(5)", "'ab'"),
    "r": ("daterange", "'[2026-01-01,2026-02-01)'"),
    "ip": ("inet", "'10.0.0.1'"),
}


def test_values_look_the_same_whether_kept_or_read(office: Office) -> None:
    names = list(TYPES)
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in TYPES.items())
    office.run(f"CREATE TABLE kinds (nid text PRIMARY KEY, {declared}) PARTITION BY HASH (nid);"
               "CREATE TABLE kinds_0 PARTITION OF kinds FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
               "CREATE TABLE kinds_1 PARTITION OF kinds FOR VALUES WITH (MODULUS 2, REMAINDER 1)")  # fmt: skip
    columns = (Column("nid", "national_id"), *(Column(name, "other") for name in names))
    office.folder.write(replace(office.folder.read(), table="kinds", entry=(), columns=columns))
    values = ", ".join(value for _, value in TYPES.values())
    office.run(f"INSERT INTO kinds VALUES ('read', {values}); INSERT INTO kinds (nid) VALUES ('null')")
    office.apply()
    office.take()
    office.run(f"INSERT INTO kinds VALUES ('kept', {values})")
    office.take()
    rows = {row["nid"]: {name: row[name] for name in names} for row in office.table().to_pylist()}
    assert rows["read"] == rows["kept"]
    assert set(rows["null"].values()) == {None}
    office.run("ALTER TABLE kinds DISABLE TRIGGER ALL; ALTER TABLE kinds ENABLE TRIGGER ALL")
    compared = office.take()
    assert (compared.opened, compared.closed, len(compared.gaps)) == (0, 0, 1)
    read = history.snapshot(office.folder)
    assert (read.opened, read.closed) == (0, 0)


def test_hostile_names_stay_names(office: Office) -> None:
    office.run('CREATE TABLE "pay""; DROP TABLE payroll; --" ("n\'id" text PRIMARY KEY, "$kulla$" int)')
    columns = (Column("n'id", "national_id"), Column("$kulla$", "money"))
    table = '"pay""; DROP TABLE payroll; --"'
    office.folder.write(replace(office.folder.read(), table=table, record=("n'id",), entry=(), columns=columns))
    office.apply()
    office.take()
    office.run('INSERT INTO "pay""; DROP TABLE payroll; --" VALUES (\'A\\\', 1)')
    office.take()
    assert [(row["n'id"], row["$kulla$"]) for row in office.table().to_pylist()] == [("A\\", 1)]
    assert office.run("SELECT 1 FROM payroll") == []


def test_views_and_keys_that_are_none_are_refused(office: Office) -> None:
    office.run("CREATE VIEW seen AS SELECT * FROM payroll; CREATE TABLE loose (nid text, period date, salary int);"
               "INSERT INTO loose VALUES ('A', '2026-01-01', 1), ('A', '2026-01-01', 2)")  # fmt: skip
    manifest = office.folder.read()
    office.folder.write(replace(manifest, table="seen"))
    with pytest.raises(ConfigError, match="a view"):
        office.apply()
    office.folder.write(replace(manifest, table="loose"))
    with pytest.raises(ConfigError, match="two rows have one key"):
        office.apply()
    office.folder.write(replace(manifest, columns=(*manifest.columns, Column("missing", "other"))))
    office.apply()
    with pytest.raises(ConfigError, match="no column missing"):
        office.take()


def test_one_command_at_a_time(office: Office) -> None:
    office.apply()
    with office.store.alone(), pytest.raises(OutputError, match="another command"):
        office.take()


def test_snapshots_bound_what_changed_between_them(office: Office) -> None:
    office.run(paid(("A", 100), ("B", 200)))
    first = history.snapshot(office.folder)
    assert office.folder.read().history == "snapshots"
    changed = office.commit_time("UPDATE payroll SET salary = 150 WHERE nid = 'A'; " + paid(("C", 300)))
    office.run(paid(("Z", 1)))
    office.run("DELETE FROM payroll WHERE nid = 'Z'")
    second = history.take(office.folder, NOW)
    instant = dt.timedelta(microseconds=1)
    assert (second.opened, second.closed, second.lasting) == (2, 1, 3)
    assert office.versions() == [
        ("A", Decimal("100.00"), BEGINNING, second.at, first.at, first.at + instant),
        ("B", Decimal("200.00"), BEGINNING, None, first.at, second.at + instant),
        ("A", Decimal("150.00"), first.at, None, second.at, second.at + instant),
        ("C", Decimal("300.00"), first.at, None, second.at, second.at + instant),
    ]
    assert first.at < changed < second.at


def test_row_security_hides_nothing_in_silence(office: Office) -> None:
    role = f"agent_{office.database[-12:]}"
    office.run(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON payroll TO {role}; "
               "ALTER TABLE payroll ENABLE ROW LEVEL SECURITY; " + paid(("A", 1)))  # fmt: skip
    try:
        with pytest.raises(InputError, match="42501"):
            history.snapshot(office.folder, office.pg.dsn(role, office.database))
    finally:
        office.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_triggers_take_over_from_snapshots(office: Office) -> None:
    office.run(paid(("A", 100)))
    history.snapshot(office.folder)
    office.run("UPDATE payroll SET salary = 150")
    office.apply()
    done = office.take()
    assert [gap.reason for gap in done.gaps] == ["until triggers kept the history"]
    raised = office.commit_time("UPDATE payroll SET salary = 175")
    office.take()
    assert [row[1] for row in office.versions()] == [Decimal("100.00"), Decimal("150.00"), Decimal("175.00")]
    assert office.versions()[-1][2] == raised
    with postgres.connect(office.dsn) as connection:
        assert postgres.query(connection, "SELECT count(*)::int AS n FROM payroll").column("n")[0].as_py() == 1
