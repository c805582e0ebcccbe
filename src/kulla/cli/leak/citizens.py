"""`kulla leak check-citizen`: was I in it?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kulla.errors import UsageError
from kulla.registers.keyfile import read_key


def check_citizen(
    held: Annotated[Path, typer.Argument(metavar="SET", help="A leak's look-up set: kulla leak trace --citizens.")],
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The gateway's key file.")],
) -> int:
    """Answer one citizen's question whether they are in a leak. The national id is read from standard input.

    For whoever runs the gateway: the citizen has proved who they are before. The answer is JSON of one size whatever it
    says, and names categories of data, never values. Only persons who are certain are found. Nothing is kept of the
    question; limiting how often one may ask is the gateway's.

    **Examples**

    - `kulla leak check-citizen leak.citizens --key /etc/kulla/gateway.key`, then type the id
    """
    from kulla.leaks.desk.citizensets import ask

    asked = sys.stdin.isatty()
    text = str(typer.prompt("National id", hide_input=True, err=True)) if asked else sys.stdin.readline()
    if not text.strip():
        raise UsageError("no national id on standard input; give it there, in one line")
    answer = ask(held, read_key(key), text.strip())
    sys.stdout.flush()
    sys.stdout.buffer.write(answer.plain() + b"\n")
    return 0
