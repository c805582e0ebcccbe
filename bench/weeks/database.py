"""The register's PostgreSQL (csvlog with pgaudit) and the portal's MySQL (general log)."""

from __future__ import annotations

from bench.weeks.clock import FLAT, OFFICE, PUBLIC, Cron, Rate, iso, local
from bench.weeks.estate import APP, CLERKS, IIS, WEB
from bench.weeks.scene import Habit, Scene

CSVLOG = "postgres/db01-postgresql.csv"
GENERAL = "mysql/app01-general.log"


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


class Session:
    """A session of PostgreSQL: who, from where, with which program; its line and statement numbers."""

    def __init__(self, s: Scene, user: str, address: str, application: str = "", database: str = "regjistri") -> None:
        self.scene, self.user, self.database, self.application = s, user, database, application
        self.pid = s.rng.randrange(900, 65000)
        self.peer = address if address == "[local]" else f"{address}:{s.rng.randrange(32768, 60999)}"
        self.session = f"{s.time // 1_000_000:x}.{self.pid:x}"
        self.began = local(s.time, "%Y-%m-%d %H:%M:%S CET")
        self.line = self.statements = 0

    def log(self, tag: str, message: str, severity: str = "LOG", state: str = "00000", query: str = "") -> None:
        """One line; `query` is the statement that an error names."""
        s = self.scene
        self.line += 1
        when = f"{local(s.time, '%Y-%m-%d %H:%M:%S')}.{s.time % 1_000_000 // 1000:03d} CET"
        at = f"{self.pid % 90}/{self.line}"
        head = f'{when},"{self.user}","{self.database}",{self.pid},"{self.peer}",{self.session},{self.line},"{tag}"'
        cells = f"{self.began},{at},0,{severity},{state},{_cell(message)},,,,,,{_cell(query) if query else ''},,,"
        s.write(CSVLOG, f'{head},{cells}"{self.application}","client backend",,{s.rng.getrandbits(62)}')

    def connect(self) -> None:
        """The two lines of a connection."""
        address, _, port = self.peer.rpartition(":")
        received = (
            f"connection received: host={address} port={port}" if address else "connection received: host=[local]"
        )
        self.log("", received)
        program = f" application_name={self.application}" if self.application else ""
        self.log("authentication", f"connection authorized: user={self.user} database={self.database}{program}")

    def run(self, kind: str, command: str, statement: str, rows: int | None = 0, took: float | None = None) -> None:
        """A statement audited by pgaudit (log_rows on), and its duration when it was slow or DDL."""
        self.statements += 1
        inner = statement.replace('"', '""')
        quoted = f'"{inner}"' if any(c in statement for c in ',"\n') else statement
        shown = "" if rows is None else f",{rows}"
        self.log(command, f"AUDIT: SESSION,{self.statements},1,{kind},{command},,,{quoted},<none>{shown}")
        if took:
            self.log(command, f"duration: {took:.3f} ms  statement: {statement}")

    def leave(self) -> None:
        """The end of the session."""
        host = self.peer.partition(":")[0]
        self.log(
            "idle", f"disconnection: session time: 0:00:12.114 user={self.user} database={self.database} host={host}"
        )


def _nid(s: Scene) -> str:
    return f"{s.rng.choice('IJKHG')}{s.rng.randrange(10**7, 10**8)}{s.rng.choice('ABCDEFGHKLMN')}"


def portal(s: Scene) -> None:
    """The portals ask about one citizen, by the pool's account."""
    for _ in range(s.rng.randrange(2, 8)):
        db = Session(s, "eportal_app", s.rng.choice((WEB, IIS)).address, "eportal")
        text = s.rng.choice(
            (
                f"SELECT emri, mbiemri, datelindja FROM gjendja.persona WHERE nid = '{_nid(s)}'",
                f"SELECT a.rruga, a.qyteti FROM gjendja.adresa a JOIN gjendja.persona p ON p.id = a.persona WHERE p.nid = '{_nid(s)}'",
                f"SELECT count(*) FROM portali.aplikim WHERE nid = '{_nid(s)}' AND gjendja = 'hapur'",
                f"SELECT id, lloji, data FROM portali.aplikim WHERE nid = '{_nid(s)}' ORDER BY data DESC LIMIT 20",
            )
        )
        db.run("READ", "SELECT", text, s.rng.choice((0, 1, 1, 1, 3)))
        s.wait(0.4)
    if s.rng.random() < 0.3:
        db.run(
            "WRITE",
            "INSERT",
            f"INSERT INTO portali.aplikim (nid, lloji) VALUES ('{_nid(s)}', {s.rng.randrange(40)})",
            1,
        )
    if s.rng.random() < 0.02:
        db.log(
            "INSERT",
            'duplicate key value violates unique constraint "aplikim_pkey"',
            "ERROR",
            "23505",
            "INSERT INTO portali.aplikim (id, nid) VALUES (1, 'x')",
        )


def clerk(s: Scene) -> None:
    """A clerk looks people up; the application names its user."""
    person = s.rng.choice(CLERKS[:35])
    db = Session(s, "zyra_app", APP.address, f"zyra:{person.account}")
    for _ in range(s.rng.randrange(1, 7)):
        text = s.rng.choice(
            (
                f"SELECT * FROM gjendja.persona WHERE nid = '{_nid(s)}'",
                f"SELECT id, nid, emri, mbiemri FROM gjendja.persona WHERE mbiemri ILIKE '{s.rng.choice(('hox', 'mar', 'gje', 'lle'))}%' AND vitlindja = {s.rng.randrange(1940, 2008)} LIMIT 50",
                f"SELECT targa, pronari FROM mjete.automjet WHERE targa = 'AA{s.rng.randrange(100, 999)}BC'",
            )
        )
        db.run("READ", "SELECT", text, s.rng.choice((1, 1, 1, 0, 12, 50)))
        s.wait(30)
    if s.rng.random() < 0.2:
        db.run(
            "WRITE",
            "UPDATE",
            f"UPDATE gjendja.adresa SET rruga = 'Rruga {s.rng.randrange(90)}' WHERE persona = {s.rng.randrange(10**6)}",
            1,
        )


def pool(s: Scene) -> None:
    """Pools renew their connections."""
    user, host = s.rng.choice((("eportal_app", WEB), ("zyra_app", APP), ("eportal_app", IIS)))
    db = Session(s, user, host.address, "eportal" if user == "eportal_app" else "zyra")
    db.connect()
    s.wait(600)
    db.leave()


def nightly(s: Scene) -> None:
    """Jobs of the night: sums, cleaning, refreshes."""
    db = Session(s, "job_nate", "[local]", "pg_cron")
    db.connect()
    for kind, command, text, rows in (
        (
            "WRITE",
            "INSERT",
            "INSERT INTO statistika.dite SELECT current_date, qyteti, count(*) FROM gjendja.persona p JOIN gjendja.adresa a ON a.persona = p.id GROUP BY qyteti",
            61,
        ),
        ("WRITE", "DELETE", "DELETE FROM portali.sesion WHERE skadon < now()", 4120),
        ("DDL", "REFRESH MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW CONCURRENTLY portali.numra", 0),
        (
            "READ",
            "SELECT",
            "SELECT p.id, p.nid FROM gjendja.persona p WHERE p.ndryshuar > now() - interval '1 day'",
            2214,
        ),
    ):
        db.run(kind, command, text, rows, 52000.0)
        s.wait(60)
    db.leave()


_TABLES = (
    "gjendja.persona",
    "gjendja.adresa",
    "gjendja.martesa",
    "gjendja.lindja",
    "mjete.automjet",
    "portali.aplikim",
    "statistika.dite",
)


def dump(s: Scene, user: str = "backup_pg", address: str = "[local]", application: str = "pg_dump") -> None:
    """pg_dump, as the server sees it."""
    db = Session(s, user, address, application)
    db.connect()
    db.run("MISC", "SET", "SET extra_float_digits TO 3")
    db.run("MISC", "BEGIN", "BEGIN")
    db.run("MISC", "SET", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    db.run("READ", "SELECT", "SELECT t.tableoid, t.oid, t.typname, t.typnamespace, t.typacl FROM pg_type t", 612)
    for table in _TABLES:
        db.run("MISC", "LOCK TABLE", f"LOCK TABLE {table} IN ACCESS SHARE MODE")
    for table in _TABLES:
        s.wait(40)
        db.run("READ", "COPY", f"COPY {table} (id, nid, emri, mbiemri, datelindja) TO stdout;", 0, 38211.0)
    db.leave()


def analyst(s: Scene) -> None:
    """The analyst's reports; typing errors and time-outs belong to it."""
    db = Session(s, "analist_stat", "10.10.6.41", "DBeaver 24.2.3 - SQLEditor <raport.sql>")
    db.connect()
    for _ in range(s.rng.randrange(1, 6)):
        text, rows = s.rng.choice(
            (
                ("SELECT qyteti, count(*) FROM gjendja.adresa GROUP BY qyteti ORDER BY 2 DESC", 61),
                ("SELECT date_trunc('month', datelindja), count(*) FROM gjendja.lindja GROUP BY 1", 1320),
                (
                    "SELECT c.relname, a.attname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid",
                    4011,
                ),
                ("SELECT * FROM statistika.dite WHERE dita > '2026-10-01'", 2600),
            )
        )
        db.run("READ", "SELECT", text, rows, 1900.0)
        s.wait(120)
    if s.rng.random() < 0.5:
        db.log("SELECT", 'column "qytetii" does not exist', "ERROR", "42703", "SELECT qytetii FROM gjendja.adresa")
    if s.rng.random() < 0.15:
        db.log(
            "SELECT",
            "canceling statement due to statement timeout",
            "ERROR",
            "57014",
            "SELECT * FROM gjendja.persona p, gjendja.adresa a",
        )
    db.leave()


def monthly(s: Scene) -> None:
    """The analyst's monthly extract for the statistics office: a whole table, without names."""
    db = Session(s, "analist_stat", "10.10.6.41", "psql")
    db.connect()
    db.run(
        "READ",
        "SELECT",
        "SELECT vitlindja, gjinia, qyteti FROM gjendja.persona p JOIN gjendja.adresa a ON a.persona = p.id",
        2871332,
        214000.0,
    )
    db.run("READ", "COPY", "COPY (SELECT * FROM statistika.muaj) TO STDOUT WITH CSV HEADER", 0, 900.0)
    db.leave()


def keeper(s: Scene) -> None:
    """A DBA at work in office hours."""
    user, address = s.rng.choice((("kastriot", "10.10.5.12"), ("lorena", "10.10.5.11")))
    db = Session(s, user, address, s.rng.choice(("psql", "pgAdmin 4 - CONN:4821133")))
    db.connect()
    for _ in range(s.rng.randrange(2, 9)):
        kind, command, text = s.rng.choice(
            (
                ("READ", "SELECT", "SELECT pid, usename, state, query FROM pg_stat_activity WHERE state <> 'idle'"),
                ("MISC", "VACUUM", "VACUUM (ANALYZE, VERBOSE) gjendja.adresa"),
                ("MISC", "ANALYZE", "ANALYZE portali.aplikim"),
                ("DDL", "CREATE INDEX", "CREATE INDEX CONCURRENTLY aplikim_data_idx ON portali.aplikim (data)"),
                ("DDL", "REINDEX", "REINDEX INDEX CONCURRENTLY gjendja.persona_mbiemri_idx"),
                ("READ", "SELECT", "SELECT pg_size_pretty(pg_total_relation_size('gjendja.persona'))"),
                ("READ", "SELECT", "SELECT * FROM gjendja.persona LIMIT 10"),
                ("READ", "SELECT", "SELECT count(*) FROM gjendja.persona"),
                ("DDL", "ALTER TABLE", "ALTER TABLE portali.aplikim ADD COLUMN shenim text"),
                ("ROLE", "GRANT", "GRANT SELECT ON portali.aplikim TO analist_stat"),
                ("READ", "SELECT", "SELECT pg_cancel_backend(41211)"),
                ("READ", "SELECT", "SELECT name, setting FROM pg_settings WHERE name LIKE 'pgaudit%'"),
                ("MISC", "SHOW", "SHOW work_mem"),
            )
        )
        db.run(kind, command, text, s.rng.randrange(1, 40), 30.0)
        s.wait(90)
    db.leave()


def new_role(s: Scene) -> None:
    """A colleague gets an account, or a password is set anew."""
    db = Session(s, "kastriot", "10.10.5.12", "psql")
    db.connect()
    db.run("ROLE", "CREATE ROLE", f"CREATE ROLE praktikant{s.rng.randrange(9)} LOGIN PASSWORD <REDACTED>")
    db.run("ROLE", "GRANT", "GRANT USAGE ON SCHEMA statistika TO analist_stat")
    db.leave()


def wrong(s: Scene) -> None:
    """A password mistyped, or a host that may not connect."""
    db = Session(
        s,
        s.rng.choice(("kastriot", "lorena", "analist_stat", "postgres")),
        f"10.10.{s.rng.choice((5, 6))}.{s.rng.randrange(2, 60)}",
    )
    db.log("authentication", f'password authentication failed for user "{db.user}"', "FATAL", "28P01")


def keeping(s: Scene) -> None:
    """The server's own lines."""
    db = Session(s, "", "[local]", "", "")
    db.log(
        "",
        f"checkpoint complete: wrote {s.rng.randrange(20, 9000)} buffers (0.8%); 0 WAL file(s) added, 0 removed, 1 recycled",
    )
    if s.rng.random() < 0.4:
        db.log("", 'automatic vacuum of table "regjistri.portali.sesion": index scans: 1')


def _mysql(s: Scene, thread: int, command: str, argument: str) -> None:
    s.write(GENERAL, f"{iso(s.time, 6)}\t{thread:5d} {command}\t{argument}")


def content(s: Scene) -> None:
    """The portal's content comes from MySQL."""
    thread = s.rng.randrange(100, 99999)
    _mysql(s, thread, "Connect", f"portali@{WEB.address} on portali using TCP/IP")
    for _ in range(s.rng.randrange(2, 6)):
        _mysql(
            s,
            thread,
            "Query",
            s.rng.choice(
                (
                    f"SELECT titulli, trupi FROM artikull WHERE id = {s.rng.randrange(9000)}",
                    "SELECT * FROM menu WHERE gjuha = 'sq' ORDER BY rendi",
                    f"UPDATE artikull SET lexime = lexime + 1 WHERE id = {s.rng.randrange(9000)}",
                    "SHOW VARIABLES LIKE 'max_allowed_packet'",
                    "SELECT option_value FROM opsione WHERE emri = 'faqja'",
                    "SET NAMES utf8mb4",
                )
            ),
        )
        s.wait(0.05)
    _mysql(s, thread, "Quit", "")


def content_backup(s: Scene) -> None:
    """mysqldump of the night."""
    thread = s.rng.randrange(100, 99999)
    _mysql(s, thread, "Connect", "kopje@localhost on  using Socket")
    _mysql(s, thread, "Query", "/*!40100 SET @@SQL_MODE='' */")
    _mysql(s, thread, "Query", "FLUSH /*!40101 LOCAL */ TABLES")
    _mysql(s, thread, "Query", "START TRANSACTION /*!40100 WITH CONSISTENT SNAPSHOT */")
    for table in ("artikull", "menu", "opsione", "perdorues"):
        s.wait(4)
        _mysql(s, thread, "Query", f"SHOW CREATE TABLE `{table}`")
        _mysql(s, thread, "Query", f"SELECT /*!40001 SQL_NO_CACHE */ * FROM `{table}`")
    _mysql(s, thread, "Quit", "")


HABITS = (
    Habit("db.portal", Rate(15000, PUBLIC), portal),
    Habit("db.clerk", Rate(9500, OFFICE), clerk),
    Habit("db.pool", Rate(2500, FLAT), pool),
    Habit("db.nightly", Cron((0,), (2,), once=True), nightly),
    Habit("db.dump", Cron((30,), (0,), once=True), dump),
    Habit("db.analyst", Rate(18, OFFICE, rare=True), analyst),
    Habit("db.monthly", Cron((40,), (10,), (3,), once=True), monthly),
    Habit("db.keeper", Rate(30, OFFICE, rare=True), keeper),
    Habit("db.role", Rate(1, OFFICE, rare=True), new_role),
    Habit("db.wrong", Rate(25, OFFICE, rare=True), wrong),
    Habit("db.keeping", Cron(range(0, 60, 5)), keeping),
    Habit("db.content", Rate(9000, PUBLIC), content),
    Habit("db.contentdump", Cron((15,), (1,), once=True), content_backup),
)
