"""`kulla centre`: is it in order; its keys' shares and rotation."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import fitted_table, safe
from kulla.errors import UsageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="A centre's folder and keys.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A centre's folder.")]
Keys = Annotated[Path | None, typer.Option("--keys", metavar="PATH", help="Its keys; default: where centre.toml says.")]


@app.command()
def check(
    folder: Folder,
    keys: Keys = None,
    evidence: Annotated[bool, typer.Option("--evidence", help="Also read every byte of the evidence.")] = False,
    json: shared.Json = False,
) -> int:
    """Is the centre in order? Who may reach it, keys where they must not be, copies that are missing.

    Exit code 3 when there is an error.

    **Examples**

    - `kulla centre check /srv/centre`
    - `kulla centre check /srv/centre --evidence --json`
    """
    from kulla.centre.checking import check as checked

    remarks = checked(folder, keys, evidence)
    if json:
        shared.print_json([asdict(remark) for remark in remarks], indent=True)
    elif remarks:
        sys.stdout.write(fitted_table(("level", "about", "what"), [(r.level, r.about, r.text) for r in remarks]))
    else:
        print("nothing to remark")
    return 3 if any(remark.level == "error" for remark in remarks) else 0


@app.command()
def shares(
    folder: Folder,
    need: Annotated[int, typer.Option("--need", metavar="K", help="How many must come together.")] = 2,
    of: Annotated[int, typer.Option("--of", metavar="N", help="How many shares there are.")] = 3,
    keys: Keys = None,
) -> int:
    """Make the shares by which lost keys are recovered. They are shown once and kept nowhere.

    Write each on paper, for one person each. From then on a backup is also made of the keys. New shares make the
    older ones good for older backups only.

    **Example**: `kulla centre shares /srv/centre --need 3 --of 5`
    """
    from kulla.centre.folder import opened
    from kulla.centre.vault.keybackup import make_shares

    for number, share in enumerate(make_shares(opened(folder, keys).keys, need, of), 1):
        words = share.split()
        print(f"share {number} of {of}; {need} are needed")
        for at in range(0, len(words), 6):
            print("  " + " ".join(words[at : at + 6]))
        print()
    return 0


@app.command()
def rotate(
    folder: Folder,
    key: Annotated[str, typer.Argument(metavar="KEY", help="evidence or backup.")],
    keys: Keys = None,
) -> int:
    """Encrypt what is new with a new key. What is there stays under the old one, which is kept.

    Restart the centre afterwards, and back up: a keys' backup of before does not have the new key.

    **Example**: `kulla centre rotate /srv/centre evidence`
    """
    from kulla.centre.folder import opened

    if key not in ("evidence", "backup"):
        raise UsageError(f"{key}: no such key; evidence or backup")
    centre = opened(folder, keys)
    with centre.alone():
        centre.keys.rotate(f"{key}.key")
    print(safe(f"{centre.keys.folder / f'{key}.key'}: has a new secret"))
    return 0


@app.command()
def people(
    folder: Folder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Constituents, users and roles, as TOML.")],
    keys: Keys = None,
    json: shared.Json = False,
) -> int:
    """Add constituents, users and roles from a file. What is there stays; each new user gets a one-time link.

    **Example**: `kulla centre people /srv/centre people.toml`
    """
    from kulla.centre.folder import opened
    from kulla.centre.running import serving
    from kulla.centre.running.founding import address
    from kulla.errors import InputError

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read ({type(error).__name__})") from None
    centre = opened(folder, keys)
    serving.set_up(centre)
    from kulla.centre.people import door
    from kulla.centre.people.provision import provide

    with door.zones(door.ALL_ZONES):
        made = provide(text, str(file))
    links = {name: f"{address(centre.told)}/welcome/{token}" for name, token in made.users}
    if json:
        shared.print_json({"constituents": made.constituents, "roles": made.roles, "links": links}, indent=True)
        return 0
    print(f"constituents {len(made.constituents)}, users {len(links)}, roles {made.roles}")
    for name, link in links.items():
        print(f"  {safe(name)}: {safe(link)}")
    return 0
