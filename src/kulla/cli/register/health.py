"""`kulla register health`: whether a register's audit is complete."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import fitted_table, safe
from kulla.registers.folder import OwnerFolder
from kulla.registers.health import Finding


def health(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The register.")],
    owner: Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")] = Path(),
    dsn: Annotated[
        str, typer.Option("--dsn", metavar="DSN", help="The live server: its settings, roles and counters.")
    ] = "",
    public: Annotated[
        Path | None, typer.Option("--public", metavar="FILE", help="The sealing agent's public key.")
    ] = None,
    json: shared.Json = False,
) -> int:
    """Tell whether the register's audit is complete: gaps, silence, weakened settings, reads of unknown extent.

    It names no account: it says how many, and in which lines of which log to look. Exit code 3 when a finding is high
    or critical.

    **Examples**

    - `kulla register health payroll --owner /srv/kulla`
    - `kulla register health payroll --dsn "host=db1 dbname=reg user=kulla_agent" --public seal.pem.pub --json`
    """
    from kulla.registers.desk.health import health as judged

    found = judged(OwnerFolder(owner).register(name), datetime.now(UTC), dsn, public)
    grave = any(finding.level in ("high", "critical") for finding in found)
    if json:
        shared.print_json({"schema": 1, "register": name, "findings": [_plain(finding) for finding in found]}, True)
        return 3 if grave else 0
    if found:
        print(fitted_table(("level", "check", "what", "when (UTC)", "where"), [_row(finding) for finding in found]))
    print(f"{len(found)} findings" if found else "nothing found: no gap, no weakness, by what was read")
    return 3 if grave else 0


def _row(finding: Finding) -> tuple[str, ...]:
    accounts = f" ({finding.accounts:,} accounts)" if finding.accounts else ""
    where = ", ".join(f"{sha256[:8]}:{line}" for sha256, line in finding.places)
    when = " – ".join(f"{at:%Y-%m-%d %H:%M}" for at in (finding.first, finding.last) if at)
    return finding.level, finding.check, safe(finding.told) + accounts, when, where


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "check": finding.check,
        "level": finding.level,
        "told": finding.told,
        "count": finding.count,
        "accounts": finding.accounts,
        "first": finding.first,
        "last": finding.last,
        "places": [{"file_sha256": sha256, "line": line} for sha256, line in finding.places],
    }
