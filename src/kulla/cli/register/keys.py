"""`kulla register keys`: make, rotate, seal and destroy the keys of imprints."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.errors import InputError, UsageError
from kulla.registers.keyfile import Kind, new_key, read_key, write_key

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Make, rotate, seal and destroy keys.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A key file, outside owners' and centres' folders.")]


@app.command()
def new(
    file: File,
    centre: Annotated[bool, typer.Option("--centre", help="The centre's key instead of an owner's.")] = False,
) -> int:
    """Make a key file with a fresh key, readable by you alone. A centre's also has the key that envelopes go to.

    Keep a copy in a safe: a lost key cannot be had again, and its imprints mean nothing without it.

    **Examples**

    - `kulla register keys new /etc/kulla/owner.key`
    - `kulla register keys new /etc/kulla/centre.key --centre`
    """
    kind: Kind = "centre" if centre else "owner"
    key = new_key(kind, datetime.now(UTC))
    write_key(file, key)
    print(f"{file}: key {key.id} ({kind}), epoch {key.current}")
    if key.sealing:
        print(f"public key, for owners to seal envelopes to: {_public(key.sealing)}")
    return 0


@app.command()
def show(file: File, json: shared.Json = False) -> int:
    """Show a key file's id and epochs, and a centre's public key; never a secret.

    **Example**: `kulla register keys show /etc/kulla/centre.key`
    """
    key = read_key(file)
    epochs = [
        {"epoch": e.epoch, "created": e.created.isoformat(), "destroyed": e.destroyed and e.destroyed.isoformat()}
        for e in key.epochs
    ]
    public = _public(key.sealing) if key.sealing else None
    if json:
        shared.print_json({"kind": key.kind, "id": key.id, "epochs": epochs, "public_key": public}, indent=True)
        return 0
    print(f"key {key.id} ({key.kind})")
    for each in epochs:
        state = f"destroyed {each['destroyed']}" if each["destroyed"] else "there"
        print(f"epoch {each['epoch']}: created {each['created']}, {state}")
    if public:
        print(f"public key: {public}")
    return 0


@app.command()
def rotate(file: File) -> int:
    """Begin a new epoch with a fresh secret. The old one stays, for imprints already made, until it is destroyed.

    After it, make a full imprint: imprints of two epochs cannot be compared.

    **Example**: `kulla register keys rotate /etc/kulla/owner.key`
    """
    key = read_key(file).rotated(datetime.now(UTC))
    write_key(file, key, replacing=True)
    print(f"{file}: key {key.id}, now epoch {key.current}")
    return 0


@app.command()
def seal(
    file: File,
    to: Annotated[str, typer.Option("--to", metavar="KEY", help="The centre's public key, or a file that holds it.")],
    register: Annotated[str, typer.Option("--register", metavar="NAME", help="The register it is for.")],
    case: Annotated[str, typer.Option("--case", metavar="NUMBER", help="The case for which the centre asks.")],
    names: Annotated[list[str], typer.Option("--name", metavar="PERSON", help="Who answers for the run; give two.")],
    out: Annotated[Path, typer.Option("--out", metavar="ENVELOPE", help="Where the envelope is written.")],
    epoch: Annotated[int | None, typer.Option("--epoch", help="The epoch of the imprint; default: the newest.")] = None,
    hours: Annotated[int, typer.Option("--hours", min=1, max=720, help="How long it can be opened.")] = 24,
) -> int:
    """Seal one epoch's secret to a centre, for one run of a trace: only that centre can open it, for a time.

    Compare the centre's public key with what the centre says by another way, such as by telephone.

    **Examples**

    - `kulla register keys seal k --to centre.pub --register payroll --case 9/1 --name "A. H." --name "B. L." --out env`
    """
    from kulla.registers.envelope import Purpose, sealed

    key = read_key(file, "owner")
    wanted = key.current if epoch is None else epoch
    until = datetime.now(UTC) + timedelta(hours=hours)
    purpose = Purpose(register, key.id, wanted, case, tuple(names), until)
    data = sealed(key.secret(wanted), purpose, _public_given(to))
    if out.exists():
        raise UsageError(f"--out {out}: exists already")
    out.write_bytes(data)
    print(f"{out}: envelope {purpose.id}, case {case}, register {register}, epoch {wanted}, until {until:%F %H:%M} UTC")
    return 0


@app.command()
def destroy(
    file: File,
    epoch: Annotated[int, typer.Option("--epoch", help="The epoch whose secret is destroyed.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> int:
    """Destroy the secret of one epoch: its imprints can never again be compared with anything.

    What backups, snapshots and flash memory still hold of the file is beyond this command.

    **Example**: `kulla register keys destroy /etc/kulla/owner.key --epoch 1`
    """
    key = read_key(file)
    later = key.without(epoch, datetime.now(UTC))
    if not yes:
        typer.confirm(f"Destroy the secret of epoch {epoch} of key {key.id} for good?", abort=True, err=True)
    write_key(file, later, replacing=True)
    print(f"{file}: key {key.id}, the secret of epoch {epoch} is destroyed")
    return 0


def _public(private: bytes) -> str:
    from kulla.registers.envelope import public_key

    return base64.b64encode(public_key(private)).decode()


def _public_given(text: str) -> bytes:
    path = Path(text)
    try:
        given = path.read_text("ascii").strip() if path.is_file() else text
        return base64.b64decode(given, validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise InputError("--to: neither a public key in base64 nor a file that holds one") from error
