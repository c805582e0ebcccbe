"""`kulla register accesses`: audit logs read into accesses."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.registers.desk import accesses as desk
from kulla.registers.folder import OwnerFolder


def accesses(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The register.")],
    logs: Annotated[list[str], typer.Argument(metavar="LOG...", help="Audit logs: files, folders, archives, or -.")],
    owner: Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")] = Path(),
    mapping: Annotated[
        str | None,
        typer.Option("--mapping", metavar="FILE", help="How to read logs of other sources; or a shipped one's name."),
    ] = None,
    zone: shared.Zone = None,
    pooler: Annotated[
        list[str],
        typer.Option("--pooler", metavar="ADDRESS", help="A pooler trusted to set the application's name; repeat."),
    ] = [],  # noqa: B006
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=0, help="Processes; 0: read in this one.")
    ] = None,
    json: shared.Json = False,
) -> int:
    """Read audit logs: who asked the register's database what, and when.

    Takes what is new since the last run, and keeps it in the register's folder. Exit code 3 when a log could be read
    only in part, or not at all.

    **Examples**

    - `kulla register accesses payroll /var/log/postgresql`
    - `kulla register accesses payroll audit-2026-05.csv.gz --owner /srv/kulla --json`
    - `kulla register accesses payroll unified.csv --mapping oracle-unified --tz Europe/Tirane`
    - `kulla register accesses payroll lookups.ndjson --mapping our-application.toml`
    """
    options = desk.Options(
        mapping=None if mapping is None else desk.read_mapping(mapping),
        zone=shared.zone_of(zone) or "",
        poolers=tuple(pooler),
        jobs=(os.cpu_count() or 1) if jobs is None else jobs,
    )
    folder = OwnerFolder(owner).register(name)
    reports = list(desk.take(folder, logs, options, shared.settings()))
    broken = [each for each in reports if each.state == "broken"]
    if json:
        shared.print_json({"schema": 1, "register": name, "logs": [each.as_json() for each in reports]})
    else:
        _print(reports)
    return shared.complain([f"{each.name}: {each.reason}" for each in broken])


def _print(reports: list[desk.FileReport]) -> None:
    rows = [
        (safe(each.name), each.state, each.format or each.reason, f"{each.records:,}", f"{each.accesses:,}",
         f"{each.rejects.total():,}")
        for each in reports
    ]  # fmt: skip
    print(plain_table(("log", "state", "format", "records", "accesses", "rejected"), rows), end="")
    if twice := sum(each.twice for each in reports):
        print(f"Counted once, though another log of the server tells them too: {twice:,}")
    kinds: Counter[str] = sum((each.kinds for each in reports), Counter())
    outcomes: Counter[str] = sum((each.outcomes for each in reports), Counter())
    rejects: Counter[str] = sum((each.rejects for each in reports), Counter())
    for title, counts in (("Accesses by kind", kinds), ("by outcome", outcomes), ("Rejected, because", rejects)):
        if counts:
            print(f"{title}: " + ", ".join(f"{key} {count:,}" for key, count in counts.most_common()))
