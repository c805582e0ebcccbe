"""`kulla register reads`: from audited accesses to reads of records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table
from kulla.registers.folder import OwnerFolder, RegisterFolder

if TYPE_CHECKING:
    from kulla.registers.desk.reads import Outcome

Name = Annotated[str, typer.Argument(metavar="NAME", help="The register.")]
Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]


def reads(
    name: Name,
    logs: Annotated[
        list[str] | None, typer.Argument(metavar="LOG...", help="PostgreSQL audit logs to read in first; or none.")
    ] = None,
    owner: Owner = Path(),
    anew: Annotated[bool, typer.Option("--anew", help="Resolve what was resolved before, too.")] = False,
    bytewise: Annotated[
        list[str],
        typer.Option("--bytewise", metavar="COLUMN", help="A column whose collation is C or POSIX; * for all; repeat."),
    ] = [],  # noqa: B006
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Processes at work.")] = 2,
    json: shared.Json = False,
) -> int:
    """Tell which records each audited access returned, and how certainly: outbox/reads and outbox/templates.parquet.

    Logs named are read in first, as the verb `accesses` does; else what that read before is resolved. Each read is
    exact, an upper bound or unknown. No statement is executed, and no value of one gets into the outbox. Files of
    accesses that were resolved before are left alone.

    **Examples**

    - `kulla register reads payroll --owner /srv/kulla`
    - `kulla register reads payroll /var/log/postgresql --owner /srv/kulla`
    - `kulla register reads payroll --anew --bytewise nid`
    """
    folder = OwnerFolder(owner)
    broken = _taken(folder.register(name), logs, workers) if logs else []  # before Arrow and NumPy start threads
    from kulla.registers.desk.reads import resolve

    outcome = resolve(folder, name, anew, bytewise, workers)
    if json:
        shared.print_json(_plain(outcome), indent=True)
    else:
        _print(outcome)
    return shared.complain(broken)


def _taken(folder: RegisterFolder, logs: list[str], jobs: int) -> list[str]:
    """Read logs into the register's folder; what could not be read."""
    from kulla.registers.desk.accesses import Options, take

    reports = take(folder, logs, Options(jobs=jobs), shared.settings())
    return [f"{each.name}: {each.reason}" for each in reports if each.state == "broken"]


def _plain(outcome: Outcome) -> dict[str, object]:
    counts = outcome.counts
    told = {name: dict(getattr(counts, name).most_common()) for name in ("extents", "shapes", "refused", "apart")}
    files = {"files": outcome.files, "skipped": outcome.skipped, "templates": outcome.templates}
    return {"accesses": counts.accesses, **told, **files}


def _print(outcome: Outcome) -> None:
    counts = outcome.counts
    total = sum(counts.extents.values())
    print(f"{counts.accesses:,} accesses, {total:,} reads, {outcome.templates:,} templates in all", end="")
    print(f"; {outcome.skipped} files resolved before" if outcome.skipped else "")
    for title, found in (
        ("extent", counts.extents),
        ("shape of statements resolved", counts.shapes),
        ("why unknown", counts.refused),
        ("no read of a declared register", counts.apart),
    ):
        rows = [(count, what) for what, count in found.most_common() if count]
        if rows:
            print()
            sys.stdout.write(plain_table(("accesses", title), rows))
