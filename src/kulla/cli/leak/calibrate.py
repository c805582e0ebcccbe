"""`kulla leak calibrate`: how far ahead of innocent reads a candidate must be, and how far windows reach."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kulla.cli import shared
from kulla.cli.leak.options import Centre, CentreKey, Columns, Key, Like, Owner, PriorUnlogged, RegisterName, Runs, Seed
from kulla.cli.leak.sites import site_of, stage
from kulla.cli.tables import plain_table, safe
from kulla.errors import InputError, UsageError


def calibrate(
    register: RegisterName, centre: Centre = None, centre_key: CentreKey = None, owner: Owner = None, key: Key = None,
    columns: Columns = [], like: Like = [], runs: Runs = 200, prior_unlogged: PriorUnlogged = 0.5,  # noqa: B006
    seed: Seed = 1, json: shared.Json = False,
) -> int:  # fmt: skip
    """Measure on a register's own reads how far ahead an innocent episode can come. Without it no account is named.

    Leaks that no logged read made are drawn from the imprint and attributed; the margin is what innocent episodes reach
    in at most 1 of 1,000 of them. It counts while reads and imprint are the same, for leaks of the same columns.
    Windows of extraction are calibrated on the register's own history by the way.

    **Examples**

    - `kulla leak calibrate payroll --centre /srv/centre --centre-key centre.key`
    - `kulla leak calibrate payroll --centre /srv/centre --centre-key centre.key --like trace.json`
    """
    from kulla.leaks.desk.calibrating import calibrated

    now = datetime.now(UTC)
    site = site_of(centre, centre_key, {}, owner, key, "", now)
    if register not in site.names():
        raise InputError(f"register {register}: has no imprint here; imprinted are {', '.join(site.names())}")
    sets = _sets(columns, like, register) or [_imprinted(site.manifest(register))]
    kept = calibrated(site, register, sets, runs, seed, now, prior_unlogged, stage)
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


def _sets(columns: Sequence[str], like: Sequence[Path], register: str) -> list[tuple[str, ...]]:
    import orjson

    found = [tuple(name.strip() for name in text.split(",") if name.strip()) for text in columns]
    for path in like:
        try:
            pieces = orjson.loads(path.read_bytes())["pieces"]
            found += [tuple(piece["columns"]) for piece in pieces if piece["register"] == register]
        except (OSError, KeyError, TypeError, orjson.JSONDecodeError) as error:
            raise InputError(f"{path}: is no trace.json ({type(error).__name__})") from None
    if (columns or like) and not any(found):
        raise UsageError(f"register {register}: no columns to calibrate for in what was given")
    return list(dict.fromkeys(found))


def _imprinted(manifest: object) -> tuple[str, ...]:
    from kulla.registers.imprint import plan
    from kulla.registers.manifest import Manifest

    assert isinstance(manifest, Manifest)
    return plan(manifest, "", 0).info.columns
