"""`kulla register imprint` and `kulla register erase`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe
from kulla.errors import UsageError
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import read_key

Name = Annotated[str, typer.Argument(metavar="NAME", help="The register's name.")]
Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]


def imprint(
    name: Name,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The owner's key file, outside the folder.")],
    owner: Owner = Path(),
    full: Annotated[bool, typer.Option("--full", help="Make it anew from the whole history.")] = False,
    json: shared.Json = False,
) -> int:
    """Make the register's imprint, or extend it by what has changed since: keyed hashes, no value in the clear.

    It is written to the outbox, from where it may go to the centre. After a change of the manifest or a key's rotation
    it must be made anew with `--full`.

    **Examples**

    - `kulla register imprint payroll --owner /srv/kulla --key /etc/kulla/owner.key`
    - `kulla register imprint payroll --key owner.key --full`
    """
    from kulla.registers.desk.imprinting import imprint as made

    done = made(OwnerFolder(owner).register(name), read_key(key, "owner"), full)
    if json:
        shared.print_json(asdict(done))
        return 0
    kind = "full imprint" if done.full else "increment"
    print(f"{kind}, epoch {done.epoch}: {done.rows:,} versions, {done.new_records:,} new records, {done.parts} parts")
    for reason, count in done.skipped.items():
        print(f"kulla: left out {count:,} rows: {reason}", file=sys.stderr)
    return 0


def erase(
    name: Name,
    owner: Owner = Path(),
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Owner's key: needed to take them off the watched.")
    ] = None,
    json: shared.Json = False,
) -> int:
    """Erase one person from all that Kulla keeps of a register. The record's key is read from standard input.

    Give the key exactly as the register stores it, one line; the parts of a key of several columns with tabs between.
    It is never an argument, so that no shell history and no process list holds it. Erase the person at the source
    first. Exit code 3 when something still holds the key; it is named.

    **Examples**

    - `kulla register erase payroll --owner /srv/kulla --key /etc/kulla/owner.key`, then type the key
    - `kulla register erase payroll < key.txt`
    """
    from kulla.registers.desk.erasing import erase as erased

    record = _record_key()
    done = erased(OwnerFolder(owner).register(name), record, read_key(key, "owner") if key else None)
    if json:
        shared.print_json(asdict(done), indent=True)
    else:
        print(
            f"record {done.record_no} erased: {done.versions} versions, {done.imprint_rows} rows of the imprint,"
            f" {done.reads} reads, {done.statements} statements, {done.others} other rows"
        )
        for line in done.remains:
            print(f"kulla: {safe(line)}", file=sys.stderr)
    return 3 if done.remains else 0


def _record_key() -> str:
    asked = sys.stdin.isatty()
    text = str(typer.prompt("Record key", hide_input=True, err=True)) if asked else sys.stdin.readline()
    key = text.rstrip("\r\n").replace("\t", "\x1f")
    if not key:
        raise UsageError("no record key on standard input; give it there, in one line")
    return key
