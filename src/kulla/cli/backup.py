"""`kulla backup`: a whole centre, while it works, as one encrypted file; its keys apart."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A centre's folder.")],
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The backup: a file that is not there yet.")],
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="PATH", help="Its keys; default: where centre.toml says.")
    ] = None,
    keys_out: Annotated[
        Path | None,
        typer.Option("--keys-out", metavar="FILE", help="The keys, sealed to the shares; default: FILE.keys."),
    ] = None,
    json: shared.Json = False,
) -> int:
    """Back up a whole centre while it works: database, evidence, registers, lake, inbox.

    The backup is encrypted and signed with the centre's keys, which are not in it. When shares have been made (kulla
    centre shares) the keys go to a file of their own, which only enough of the shares open. A centre on PostgreSQL
    needs pg_dump of the server's version.

    **Examples**

    - `kulla backup /srv/centre /media/backup/centre-2026-03-02.kulla`
    - `kulla backup /srv/centre /media/a/centre.kulla --keys-out /media/b/centre.keys`
    """
    from kulla.centre.folder import opened
    from kulla.centre.vault.backup import backup as made
    from kulla.centre.vault.keybackup import back_up_keys

    centre = opened(folder, keys)
    url = "" if centre.told.database == "sqlite" else centre.database_url(os.environ.get("DATABASE_URL", ""))
    done = made(centre, out, datetime.now(UTC), url)
    bundle = keys_out or out.with_name(out.name + ".keys")
    shares = bool(centre.keys.recovery())
    if shares:
        back_up_keys(centre.keys, bundle)
    else:
        print(f"kulla: the keys were not backed up: without them the backup cannot be read. Make shares once: kulla centre shares {safe(str(folder))}", file=sys.stderr)  # fmt: skip # noqa: E501
    if json:
        shared.print_json(
            {"backup": str(done.path), "files": done.files, "bytes": done.bytes, "size": done.size,
             "manifest_sha256": done.manifest.sha256, "keys": str(bundle) if shares else None}
        )  # fmt: skip
        return 0
    print(safe(f"{done.path}: {done.files:,} files, {done.bytes:,} bytes, in {done.size:,} bytes"))
    print(f"  list    {done.manifest.sha256}")
    if shares:
        print(safe(f"  keys    {bundle}: keep it apart from the backup"))
    return 0
