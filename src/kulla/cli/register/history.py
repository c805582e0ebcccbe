"""`kulla register history`, `snapshot` and `reconstruct`: a register's versions in commit time, and their gaps."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.errors import UsageError

if TYPE_CHECKING:
    from kulla.registers.desk.historysteps import Taken
    from kulla.registers.folder import RegisterFolder
    from kulla.registers.history import Gap

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Keep a register's history, and take what is new of it."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The register.")]
Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]
Connect = Annotated[
    str | None,
    typer.Option(
        "--connect", metavar="DSN", help="Another connection than the manifest's, such as an administrator's."
    ),
]
Agent = Annotated[
    str | None,
    typer.Option("--agent", metavar="ROLE", help="The role that may read what is kept; else the manifest's user."),
]

_HERE = Path()
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@app.command()
def sql(
    name: Name,
    owner: Owner = _HERE,
    remove_it: Annotated[bool, typer.Option("--remove", help="What takes it away again.")] = False,
    connect: Connect = None,
    agent: Agent = None,
) -> int:
    """Print the SQL that keeps the register's history by triggers, for a database administrator to read and run.

    **Examples**

    - `kulla register history sql payroll --agent kulla`
    - `kulla register history sql payroll --remove`
    """
    from kulla.registers.desk import history

    folder = _folder(owner, name)
    text = history.remove_text(folder, connect) if remove_it else history.apply_text(folder, connect, agent)
    sys.stdout.write(text)
    return 0


@app.command()
def apply(name: Name, owner: Owner = _HERE, connect: Connect = None, agent: Agent = None) -> int:
    """Keep the register's history by triggers from now on, and say so in its manifest. Once more does no harm.

    **Examples**

    - `kulla register history apply payroll --connect "host=db dbname=tax user=admin" --agent kulla`
    """
    from kulla.registers.desk import history

    history.apply(_folder(owner, name), connect, agent)
    print(f"Changes of {name} are kept from now on. Next: kulla register history take {name}", file=sys.stderr)
    return 0


@app.command()
def remove(
    name: Name,
    owner: Owner = _HERE,
    connect: Connect = None,
    force: Annotated[bool, typer.Option("--force", help="Even if changes that are kept were not yet taken.")] = False,
) -> int:
    """Take the triggers away, and what they kept in the database. The versions taken so far stay.

    **Examples**

    - `kulla register history remove payroll --connect "host=db dbname=tax user=admin"`
    """
    from kulla.registers.desk import history

    history.remove(_folder(owner, name), connect, force)
    print(f"Changes of {name} are no longer kept.", file=sys.stderr)
    return 0


@app.command()
def take(
    name: Name,
    owner: Owner = _HERE,
    connect: Connect = None,
    prune: Annotated[bool, typer.Option("--prune", help="Delete what is taken from the database.")] = False,
    json: shared.Json = False,
) -> int:
    """Take what is new, in the way that the manifest's `history` names: trigger, snapshots or versions (files).

    Only what is new since the last take is read from triggers; the first take, and one after triggers were paused or
    the table's columns changed, reads the whole table once.

    **Examples**

    - `kulla register history take payroll`
    - `kulla register history take payroll --prune --json`
    """
    from kulla.registers.desk import history

    return _tell(name, history.take(_folder(owner, name), datetime.now(UTC), connect, prune), json)


@app.command()
def show(name: Name, owner: Owner = _HERE, json: shared.Json = False) -> int:
    """Tell up to when the register's history is known, and for which times it vouches for nothing.

    **Examples**

    - `kulla register history show payroll`
    """
    from kulla.registers.desk import history

    found = history.standing(_folder(owner, name))
    if json:
        shared.print_json({"kind": found.kind, "at": found.at, "files": found.files, "gaps": _plain(found.gaps)})
        return 0
    known = _moment(found.at, "no time") if found.at else "no time: nothing was taken yet"
    print(f"{name}: history by {found.kind}, known up to {known}, {found.files} files")
    _print_gaps(found.gaps)
    return 0


def snapshot(name: Name, owner: Owner = _HERE, connect: Connect = None, json: shared.Json = False) -> int:
    """Read the whole register in one transaction, and keep how it differs from the last time. Run it each night.

    A change is known to lie between two snapshots, and no closer. Needs no right but to read.

    **Examples**

    - `kulla register snapshot payroll`
    - `kulla register snapshot vehicle --owner /srv/kulla --json`
    """
    from kulla.registers.desk import history

    return _tell(name, history.snapshot(_folder(owner, name), connect), json)


def reconstruct(
    name: Name,
    backup: Annotated[
        list[str],
        typer.Option(
            "--backup", metavar="FILE@TIME", help="A full copy (CSV, Parquet, plain pg_dump) and its moment; repeat."
        ),
    ],
    owner: Owner = _HERE,
    continuous: Annotated[
        str,
        typer.Option("--continuous", metavar="SPAN", help="Copies so close together leave no gap, such as 26h."),
    ] = "0s",
    written: Annotated[
        str | None,
        typer.Option("--written", metavar="COLUMN", help="The column that says when a row was last written."),
    ] = None,
    not_before: Annotated[
        list[str],
        typer.Option("--not-before", metavar="COLUMN", help="A day before which a row cannot have been there; repeat."),
    ] = [],  # noqa: B006
    replace: Annotated[bool, typer.Option("--replace", help="In place of the history that is there.")] = False,
    json: shared.Json = False,
) -> int:
    """Put the register's history together from old copies, for the day on which nothing of ours had been running.

    A copy proves what could be read at its moment. What lies between two copies is unknown, never "unchanged", unless
    they lie close together (`--continuous`) or the row says when it was last written (`--written`).

    **Examples**

    - `kulla register reconstruct payroll --backup jan.sql.gz@2026-01-31T23:00+01:00 --backup feb.csv@2026-02-28T23:00+01:00`
    - `kulla register reconstruct payroll --backup a.sql@2026-03-01 --backup b.sql@2026-03-02 --continuous 26h`
    """  # noqa: E501
    from kulla.registers.desk import reconstructing

    folder = _folder(owner, name)
    zone = folder.read().timezone
    backups = [reconstructing.backup_of(each, zone) for each in backup]
    evidence = reconstructing.Evidence(_span(continuous), written, tuple(not_before))
    return _tell(name, reconstructing.reconstruct(folder, backups, evidence, replace), json)


def _folder(owner: Path, name: str) -> RegisterFolder:
    from kulla.registers.folder import OwnerFolder

    return OwnerFolder(owner).register(name)


def _span(text: str) -> timedelta:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise UsageError(f"--continuous {text}: write a number and s, m, h or d, such as 26h")
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def _tell(name: str, taken: Taken, json: bool) -> int:
    if json:
        shared.print_json({
            "register": name, "kind": taken.kind, "at": taken.at, "opened": taken.opened, "closed": taken.closed,
            "lasting": taken.lasting, "gaps": _plain(taken.gaps), "notes": taken.notes,
        })  # fmt: skip
        return 0
    print(f"{name}: known up to {_moment(taken.at, '')}")
    head = ("began", "ended", "last")
    sys.stdout.write(plain_table(head, [(taken.opened, taken.closed, taken.lasting)]))
    _print_gaps(taken.gaps)
    for note in taken.notes:
        print(f"kulla: {safe(note)}", file=sys.stderr)
    return 0


def _print_gaps(gaps: Sequence[Gap]) -> None:
    if gaps:
        print("Unknown times")
        rows = [(_moment(gap.start, "the beginning"), _moment(gap.end, "now"), gap.reason) for gap in gaps]
        sys.stdout.write(plain_table(("from", "to", "why"), rows))


def _plain(gaps: Sequence[Gap]) -> list[dict[str, object]]:
    return [{"from": gap.start, "to": gap.end, "reason": gap.reason} for gap in gaps]


def _moment(moment: datetime | None, absent: str) -> str:
    return moment.astimezone(UTC).isoformat(" ", "seconds") if moment else absent
