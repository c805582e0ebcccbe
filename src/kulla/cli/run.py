"""`kulla run`: serve a centre."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kulla.cli.tables import safe


def run(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A centre's folder, made by kulla init.")],
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="PATH", help="Its keys; default: where centre.toml says.")
    ] = None,
    listen: Annotated[
        str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Where it listens; default: as centre.toml says.")
    ] = "",
) -> int:
    """Serve a centre until Ctrl-C: the console and API, and the worker that reads its inbox.

    Both are started again when they end by themselves. One process can run a centre at a time.

    **Examples**

    - `kulla run /srv/centre`
    - `kulla run /srv/centre --keys /media/keys --listen 0.0.0.0:8443`
    """
    from dataclasses import replace

    from kulla.centre.centretoml import text_of
    from kulla.centre.folder import opened
    from kulla.centre.running.supervisor import Supervisor

    centre = opened(folder, keys)
    listen = listen or centre.told.listen
    text_of(replace(centre.told, listen=listen))
    with centre.alone():
        return Supervisor(centre, listen, lambda text: print(safe(text), flush=True)).run()
