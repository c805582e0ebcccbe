"""`kulla audit`: the chain of what was done, verified."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="The audit of a centre.")


@app.callback()
def main() -> None:
    """The audit of a centre."""


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A centre's folder.")],
    anchor: Annotated[
        list[Path],
        typer.Option("--anchor", metavar="FILE", help="A file of signed heads, from a place off the machine; repeat."),
    ] = [],  # noqa: B006 - typer copies it
    keys: Annotated[Path | None, typer.Option("--keys", metavar="PATH", help="The centre's keys.")] = None,
    public: Annotated[
        Path | None,
        typer.Option("--public-key", metavar="PEM", help="The key that heads are signed with; default: audit.key.pub."),
    ] = None,
    json: shared.Json = False,
) -> int:
    """Look whether entries of the audit were altered, removed, re-ordered or cut off.

    Every entry is held against the one before it, and all against the signed heads: those in DIR/state, in the places
    that centre.toml calls anchors, and the files named. Whoever can write the database can write it anew; only heads
    kept off the machine show that, and only up to the last of them. Exit code 3: a fault was found.

    **Examples**

    - `kulla audit verify /srv/centre --anchor /mnt/elsewhere/audit-heads.jsonl`
    """
    from kulla.centre.folder import opened
    from kulla.centre.running.auditing import verified

    done = verified(opened(folder, keys), anchor, public)
    if json:
        shared.print_json(
            {"entries": done.entries, "heads": done.heads, "last_head": done.last, "faults": list(done.faults)}
        )
        return 3 if done.faults else 0
    for fault in done.faults:
        print(safe(fault))
    last = f"the last signs entry {done.last}" if done.heads else "none: cutting off the end would not be seen"
    print(f"{done.entries:,} entries, {done.heads:,} signed heads ({last}), {len(done.faults):,} faults")
    return 3 if done.faults else 0
