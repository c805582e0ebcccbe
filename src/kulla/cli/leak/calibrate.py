"""`kulla leak calibrate`: how far ahead of innocent reads a candidate must be, and how far windows reach."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from kulla.cli import shared
from kulla.cli.leak.options import (
    Centre,
    CentreKey,
    Columns,
    Key,
    Like,
    Owner,
    PriorUnlogged,
    RegisterName,
    Runs,
    Seed,
    Workers,
)
from kulla.cli.leak.sites import site_of, stage
from kulla.cli.tables import plain_table, safe
from kulla.errors import InputError, UsageError

Cells = Collection[tuple[str, int]] | None
SLACK: Final = 500
"""Rows by which a centre's count of a piece may be off: it is told with noise."""


def calibrate(
    register: RegisterName, centre: Centre = None, centre_key: CentreKey = None, owner: Owner = None, key: Key = None,
    columns: Columns = [], like: Like = [], runs: Runs = 200, prior_unlogged: PriorUnlogged = 0.5,  # noqa: B006
    seed: Seed = 1, workers: Workers = 2, json: shared.Json = False,
) -> int:  # fmt: skip
    """Measure on a register's own reads how far ahead an innocent episode can come. Without it no account is named.

    Leaks that no logged read made are drawn from the imprint and attributed; the margin is what innocent episodes reach
    in at most 1 of 1,000 of them. It counts while reads and imprint are the same, for leaks of the same columns.
    With `--like` only the sizes and kinds of that trace's pieces are measured, which takes a tenth of the time. Windows
    of extraction are calibrated on the register's own history by the way.

    **Examples**

    - `kulla leak calibrate payroll --centre /srv/centre --centre-key centre.key`
    - `kulla leak calibrate payroll --centre /srv/centre --centre-key centre.key --like trace.json`
    """
    from kulla.leaks.desk.calibrating import calibrated

    now = datetime.now(UTC)
    site = site_of(centre, centre_key, {}, owner, key, "", now)
    if register not in site.names():
        raise InputError(f"register {register}: has no imprint here; imprinted are {', '.join(site.names())}")
    wanted = _wanted(columns, like, register) or {_imprinted(site.manifest(register)): None}
    kept = calibrated(site, register, wanted, runs, seed, now, prior_unlogged, stage, workers)
    if json:
        shared.print_json([each.plain() for each in kept.naming], indent=True)
        return 0
    rows = [
        (safe(", ".join(each.columns)), cell.kind, f"{cell.least:,}", cell.runs, cell.named, f"{cell.greatest:.1f}",
         f"{cell.nats:.1f}")
        for each in kept.naming
        for cell in each.cells
    ]  # fmt: skip
    head = ("columns", "kind", "rows from", "runs", "named without margin", "greatest", "margin, nats")
    sys.stdout.write(plain_table(head, rows))
    return 0


def _wanted(columns: Sequence[str], like: Sequence[Path], register: str) -> dict[tuple[str, ...], Cells]:
    """Sets of columns with the cells that are asked for: all where columns are named, those of the pieces of traces."""
    import orjson

    from kulla.leaks.calibrate import cells_near

    found: dict[tuple[str, ...], Cells] = {}
    for path in like:
        try:
            pieces = orjson.loads(path.read_bytes())["pieces"]
            for piece in pieces:
                if piece["register"] == register:
                    key = tuple(piece["columns"])
                    found[key] = {*(found.get(key) or ()), *cells_near(piece["kind"], int(piece["rows"] or 0), SLACK)}
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{path}: is no trace.json ({type(error).__name__}); give --like what kulla leak trace wrote with"
                " --out trace.json"
            ) from None
    found |= {tuple(name.strip() for name in text.split(",") if name.strip()): None for text in columns}
    if (columns or like) and not any(found):
        raise UsageError(f"register {register}: no columns to calibrate for in what was given")
    return found


def _imprinted(manifest: object) -> tuple[str, ...]:
    from kulla.registers.imprint import plan
    from kulla.registers.manifest import Manifest

    assert isinstance(manifest, Manifest)
    return plan(manifest, "", 0).info.columns
