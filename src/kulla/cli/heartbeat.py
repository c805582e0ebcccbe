"""`kulla heartbeat`: on another machine, whether a centre still gives its sign of life."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe
from kulla.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def heartbeat(
    check: Annotated[
        Path, typer.Option("--check", metavar="FILE", help="The file that [heartbeat] file of centre.toml names.")
    ],
    older: Annotated[
        str, typer.Option("--older", metavar="TIME", help="Silence that is too long: 90s, 10m, 2h, 1d.")
    ] = "10m",
    json: shared.Json = False,
) -> int:
    """Does a centre still give its sign of life? For a timer on another machine, which alarms when this fails.

    Exit code 3 when the file is missing or older, and one line on standard error that says so. It needs neither the
    centre nor its keys. The file's own time counts: where it lies on a share, the share's clock gives it.

    **Example**: `kulla heartbeat --check /mnt/watch/centre.beat --older 10m`
    """
    from kulla.centre.lifesign import look

    limit = span(older)
    found = look(check)
    silent = found.age is None or found.age > limit
    if json:
        age = None if found.age is None else found.age.total_seconds()
        shared.print_json({"file": str(check), "centre": found.centre, "age": age, "silent": silent}, indent=True)
    said = f"{check}: {found.text}"
    if silent:
        print(f"kulla: SILENT: {safe(said)}", file=sys.stderr)
    elif not json:
        print(safe(said))
    return 3 if silent else 0


def span(text: str) -> timedelta:
    """A length of time. Raises UsageError.

    >>> span("10m")
    datetime.timedelta(seconds=600)
    """
    match = re.fullmatch(r"(\d{1,6})([smhd])", text.strip())
    if match is None or not int(match[1]):
        raise UsageError(f"--older {text}: write a length of time such as 90s, 10m, 2h or 1d")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
