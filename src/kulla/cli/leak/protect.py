"""`kulla leak protect` and `kulla leak protected`: sealed lists of persons, and the answers to them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe

Members = Annotated[
    Path, typer.Argument(metavar="MEMBERS", help="CSV with a header: national_id, phone, plate; any of them.")
]


def protect(
    members: Members,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="Your key for this list; made if there is none.")],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What the centre will call the list.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The sealed list, for the centre.")],
) -> int:
    """Seal a list of persons (service members, judges, witnesses): a centre can look for them without seeing it.

    The centre learns nothing: neither who is on the list, nor whether anyone is in a leak. Each trace with the list
    gives an answer that only you can open.

    **Examples**

    - `kulla leak protect judges.csv --name judges --key judges.key --out judges.sealed`
    """
    from kulla.leaks.desk.lists import seal

    count = seal(members, key, name, out)
    print(f"{safe(str(out))}: {count:,} ids, phones and plates sealed; keep {safe(str(key))} and the list yourself")
    return 0


def protected(
    answer: Annotated[Path, typer.Argument(metavar="ANSWER", help="What the centre's trace made for your list.")],
    members: Annotated[Path, typer.Option("--members", metavar="FILE", help="The list as it was sealed.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The list's key.")],
    json: shared.Json = False,
) -> int:
    """Open the answer to a protected list: who of it is in the leak. Only the list's owner can.

    Persons are told by their line in the list, so that nothing personal is printed.

    **Examples**

    - `kulla leak protected judges.answer --members judges.csv --key judges.key`
    """
    from kulla.leaks.desk.lists import unseal

    found = unseal(answer, members, key)
    if json:
        shared.print_json({"leak": found.leak, "members": found.members, "lines": list(found.lines)}, indent=True)
        return 0
    print(f"leak {found.leak[:16]}: {len(found.lines):,} of {found.members:,} persons of the list are in it")
    if found.lines:
        print("lines " + ", ".join(map(str, found.lines)))
    print("kulla: whoever reads this learns who is at risk; treat it as you treat the list", file=sys.stderr)
    return 0
