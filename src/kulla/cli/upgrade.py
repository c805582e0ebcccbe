"""`kulla upgrade`: an older centre to this Kulla."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kulla import __version__
from kulla.cli.tables import safe
from kulla.errors import UsageError

if TYPE_CHECKING:
    from kulla.centre.folder import Centre


def upgrade(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A centre's folder; nobody runs it meanwhile.")],
    out: Annotated[
        Path | None, typer.Option("--backup", metavar="FILE", help="Where the backup goes that is made first.")
    ] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make none: there is one already.")] = False,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="PATH", help="Its keys; default: where centre.toml says.")
    ] = None,
) -> int:
    """Bring a centre that an older Kulla made to this one: its folder, then its database. A backup is made first.

    What was cut short goes on where it was.

    **Example**: `kulla upgrade /srv/centre --backup /media/backup/before.kulla`
    """
    from kulla.centre.vault.upgrade import upgrade as upgraded

    if (out is None) != no_backup:
        raise UsageError("give --backup FILE, or --no-backup when there is a backup already")
    done = upgraded(folder, keys, lambda centre: _save(centre, out), _migrate)
    for step in done.steps:
        print(safe(step))
    print(safe(f"{done.centre.path}: layout {done.after}, database of Kulla {__version__}"))
    return 0


def _save(centre: Centre, out: Path | None) -> None:
    from kulla.centre.vault.backup import backup

    if out is not None:
        url = "" if centre.told.database == "sqlite" else centre.database_url(os.environ.get("DATABASE_URL", ""))
        made = backup(centre, out, datetime.now(UTC), url)
        print(safe(f"kulla: backed up to {made.path}"), file=sys.stderr)


def _migrate(centre: Centre) -> None:
    from kulla.centre.running import serving

    serving.set_up(centre)
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
