"""`kulla restore`: a centre from its backup."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe


def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The centre's folder: new or empty.")],
    keys: Annotated[Path, typer.Option("--keys", metavar="PATH", help="The folder of its keys, outside DIR.")],
    keys_backup: Annotated[
        Path | None,
        typer.Option(
            "--keys-backup", metavar="FILE", help="The keys' backup: PATH is made from it and the shares that you type."
        ),
    ] = None,
    json: shared.Json = False,
) -> int:
    """Restore a centre to a bare folder, checked whole; then follow every chain.

    With --keys-backup the shares are read from standard input, one a line, until there are enough. A centre that used
    PostgreSQL needs pg_restore, and DATABASE_URL with an empty database of the centre's role. Exit code 3 when
    something in the centre does not hold.

    **Examples**

    - `kulla restore centre.kulla /srv/centre --keys /etc/kulla/keys`
    - `kulla restore centre.kulla /srv/centre --keys /etc/kulla/keys --keys-backup centre.kulla.keys`
    """
    from kulla.centre.running.chains import broken, unspoken
    from kulla.centre.vault.keybackup import recover_keys
    from kulla.centre.vault.restore import restore as restored

    if keys_backup is not None:
        recover_keys(keys_backup, _typed(), keys)
    url = os.environ.get("DATABASE_URL", "")
    done = restored(archive, folder, keys, url, [broken], unspoken)
    told = {name: done.told[name] for name in ("name", "made", "kulla", "signed_by")}
    told |= {"centre": str(done.centre.path), "problems": list(done.problems)}
    if json:
        shared.print_json(told)
        return 3 if done.problems else 0
    print(safe(f"{done.centre.path}: {told['name']}, as it was on {told['made']} (Kulla {told['kulla']})"))
    print(f"signed with the key {told['signed_by']}: compare it with the fingerprint that you know by another way")
    for problem in done.problems:
        print(f"kulla: {safe(problem)}", file=sys.stderr)
    if not done.problems:
        print("every chain holds")
    if done.centre.told.database == "postgresql" and url and url != done.centre.keys.database_url():
        print("Its keys name another database: keep DATABASE_URL set, or write the new address into database.url there")
    print(safe(f"Start it: kulla run {done.centre.path}"))
    return 3 if done.problems else 0


def _typed() -> Iterator[str]:
    """The shares as they are typed, until enough are there. Raises InputError as `combined` for a wrong one."""
    from kulla.centre.vault.shares import needed

    found: list[str] = []
    print("kulla: type one share a line", file=sys.stderr)
    for line in sys.stdin:
        if line.strip():
            found.append(line)
            left = needed(found)
            if not left:
                break
            print(f"kulla: {left} more", file=sys.stderr)
    yield from found
