"""The commands of a register's history, as a user runs them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer
from cli.command import Ran
from cli.command import kulla as apart
from pgserver import Server, database, pg
from typer.testing import CliRunner

from kulla.cli.register import history as commands
from kulla.errors import KullaError
from kulla.registers.folder import OwnerFolder
from kulla.registers.manifest import Column, Manifest

__all__ = ["database", "pg"]


app = typer.Typer()
app.add_typer(commands.app, name="history")
app.command("snapshot")(commands.snapshot)
app.command("reconstruct")(commands.reconstruct)


def kulla(*arguments: object) -> Ran:
    """Run `kulla register` with these arguments, within this process: a start costs a second."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    if isinstance(done.exception, KullaError):
        return Ran(done.exception.exit_code, done.stdout, str(done.exception))
    return Ran(done.exit_code, done.stdout, done.stderr)


def declared(owner: Path, connection: str) -> None:
    columns = (Column("nid", "national_id"), Column("salary", "money"))
    names = ("payroll", "tax", "tax", "civil", "law", "postgresql", connection, "payroll")
    OwnerFolder(owner).register("payroll").write(Manifest(*names, ("nid",), columns))  # type: ignore[arg-type]


def told(*arguments: object) -> Any:
    ran = kulla(*arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.json()


def test_triggers_from_apply_to_remove(tmp_path: Path, pg: Server, database: str) -> None:
    declared(tmp_path, pg.dsn(database=database))
    pg.execute("CREATE TABLE payroll (nid text PRIMARY KEY, salary numeric(12,2))", database)
    where = ("payroll", "--owner", tmp_path)
    printed = kulla("history", "sql", *where, "--agent", "postgres")
    assert (printed.code, printed.err) == (0, "")
    pg.execute(re.sub(r"(?m)^(BEGIN|COMMIT);$", "", printed.out), database)  # what is printed is what is applied
    assert kulla("history", "apply", *where).code == 0
    pg.execute("INSERT INTO payroll VALUES ('J00101999W', 1234.56)", database)
    first = told("history", "take", *where)
    assert (first["register"], first["opened"], first["lasting"]) == ("payroll", 1, 1)
    pg.execute("DELETE FROM payroll", database)
    second = kulla("history", "take", *where, "--prune")
    assert second.code == 0
    assert "J00101999W" not in first.__repr__() + second.out + second.err
    assert re.search(r"began +ended +last\n +0 +1 +0", second.out)
    shown = told("history", "show", *where)
    assert (shown["kind"], shown["gaps"][0]["from"]) == ("trigger", None)
    assert kulla("history", "remove", *where).code == 0
    assert pg.execute("SELECT 1 FROM pg_namespace WHERE nspname = 'kulla_history'", database) == []
    assert "DROP TRIGGER" in kulla("history", "sql", *where, "--remove").out
    assert kulla("history", "take", *where).code == 2


def test_snapshots_and_their_text(tmp_path: Path, pg: Server, database: str) -> None:
    declared(tmp_path, pg.dsn(database=database))
    pg.execute("CREATE TABLE payroll AS SELECT 'J00101999W' AS nid, 1.00 AS salary", database)
    ran = kulla("snapshot", "payroll", "--owner", tmp_path)
    assert ran.code == 0
    assert "Unknown times" in ran.out
    assert "before the first look" in ran.out
    assert told("snapshot", "payroll", "--owner", tmp_path)["opened"] == 0


def test_reconstruct_from_a_dump(tmp_path: Path) -> None:
    declared(tmp_path, "host=nowhere")
    dump = tmp_path / "old.sql"
    dump.write_text("COPY public.payroll (nid, salary) FROM stdin;\nJ00101999W\t5\n\\.\n")
    command = ("reconstruct", "payroll", "--owner", tmp_path, "--backup", f"{dump}@2026-01-31T23:00Z")
    made = told(*command)
    assert (made["kind"], made["lasting"], made["at"]) == ("reconstructed", 1, "2026-01-31T23:00:00+00:00")
    again = kulla(*command)
    assert again.code == 2
    assert "--replace" in again.err
    assert told(*command, "--replace", "--continuous", "26h")["lasting"] == 1
    assert kulla(*command, "--replace", "--continuous", "soon").code == 2


def test_failures_are_one_line_without_secrets(tmp_path: Path) -> None:
    declared(tmp_path, "postgresql://clerk:geheim@127.0.0.1:1/reg")
    assert kulla("history", "take", "payroll", "--owner", tmp_path).code == 2
    for run, verb in ((kulla, ("snapshot",)), (apart, ("register", "history", "apply"))):
        ran = run(*verb, "payroll", "--owner", tmp_path)
        assert ran.code == 3
        assert "127.0.0.1:1/reg" in ran.err
        assert "geheim" not in ran.err
        assert len(ran.err.splitlines()) == 1
