"""`kulla register receive`: the centre's side of a delivery."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe
from kulla.registers.keyfile import read_key


def receive(
    outbox: Annotated[Path, typer.Argument(metavar="OUTBOX", help="A register's outbox, as its owner delivered it.")],
    centre: Annotated[Path, typer.Option("--centre", metavar="DIR", help="The centre's folder; made if need be.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The centre's key file, outside the folder.")],
    json: shared.Json = False,
) -> int:
    """Take an owner's delivery into the centre's folder: imprint, reads, manifest.

    The imprint gets the centre's half of the key, so that what the centre stores can be compared with a value only by
    who holds both halves. What the owner has dropped since the last delivery is dropped here too.

    **Examples**

    - `kulla register receive /media/courier/payroll/outbox --centre /srv/centre --key /etc/kulla/centre.key`
    """
    from kulla.registers.desk.receiving import receive as received

    done = received(outbox, centre, read_key(key, "centre"))
    if json:
        shared.print_json(asdict(done))
    else:
        print(
            safe(
                f"{done.register}: {done.parts_taken} parts of the imprint and {done.reads_taken} files of reads taken,"
                f" {done.parts_dropped + done.reads_dropped} dropped; {done.reads} files of reads in all"
            )
        )
    return 0
