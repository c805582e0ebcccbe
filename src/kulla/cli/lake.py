"""`kulla lake`: the events that a centre keeps. For who keeps the machine: it sees every zone unless told otherwise."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from kulla.cli import eventview, shared
from kulla.cli.tables import safe
from kulla.errors import ConfigError, UsageError
from kulla.lake import Hold, Lake, Policy, Scope, check, disk_low

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Search and keep a lake of events.")

Folder = Annotated[Path, typer.Argument(metavar="LAKE", help="The lake's folder: `lake` in a centre's folder.")]
Scopes = Annotated[
    list[str],
    typer.Option("--scope", metavar="ZONE/CONSTITUENT", help="Only events of these; repeat for several."),
]
_HOLD_KEYS = frozenset(["name", "zone", "constituent", "since", "until", "event_ids", "query"])


@app.command()
def search(
    folder: Folder,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for; see docs/lake.md. Empty for all.")],
    scopes: Scopes = [],  # noqa: B006
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Events from then on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Events before then.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=0, help="Stop after so many events; 0 for all.")
    ] = 100,
    json: Annotated[bool, typer.Option("--json", help="One event a line, as NDJSON with every field.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Show the record as it was read, too.")] = False,
) -> None:
    """Find events, newest first.

    **Examples**

    - `kulla lake search centre/lake 'EventID:4625 not host:dc01' --since 2026-05-11`
    - `kulla lake search centre/lake '"mimikatz" or Image:*\\procdump*.exe' --json`
    """
    with _opened(folder) as lake:
        scope = _scope(lake, scopes)
        found = lake.search(
            query, scope, shared.moment("--since", since), shared.moment("--until", until), limit or None
        )
        for batch in found:
            table = pa.Table.from_batches([batch])
            if json:
                for event in eventview.records(table if raw else table.drop_columns(["raw"])):
                    shared.print_json(event)
            elif sys.stdout.isatty():
                sys.stdout.writelines(eventview.blocks(table, raw, shutil.get_terminal_size().columns))
            else:
                sys.stdout.writelines(eventview.lines(table, raw))
            sys.stdout.flush()


@app.command()
def compact(
    folder: Folder,
    every: Annotated[bool, typer.Option("--every", help="Merge all small files, however few there are.")] = False,
    reindex: Annotated[bool, typer.Option("--reindex", help="Make every index anew, whole or not.")] = False,
    hours: Annotated[
        float, typer.Option("--vacuum", metavar="HOURS", min=0, help="Delete files that left the table so long ago.")
    ] = 24,
) -> None:
    """Merge small files, index them, sum up the log, and delete what left the table.

    **Example**: `kulla lake compact centre/lake`
    """
    with _opened(folder) as lake:
        done = lake.compact(every, reindex)
        gone = lake.vacuum(hours)
    print(f"{done.merged:,} files merged into {done.made:,}, {done.indexed:,} indexed, {len(gone):,} old files deleted")
    _warn(folder)


@app.command("check")
def check_command(
    folder: Folder,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte and compare its hash; compare indexes with the events.")
    ] = False,
) -> int:
    """Tell whether every file of the lake is there and whole, its index right, and its log without a gap; 3 if not.

    **Example**: `kulla lake check centre/lake --deep`
    """
    problems = check(_place(folder), deep)
    if not problems:
        print("the lake is whole" if deep else "the lake is whole, as far as names and sizes tell; --deep reads it")
        _warn(folder)
    return shared.complain(problems)


@app.command()
def retain(
    folder: Folder,
    days: Annotated[
        int | None,
        typer.Option("--days", metavar="N", min=1, help="How many days events are kept; default: as centre.toml says."),
    ] = None,
    of: Annotated[
        list[str],
        typer.Option("--of", metavar="ZONE/CONSTITUENT=N", help="Other days for one constituent; repeat for several."),
    ] = [],  # noqa: B006
    holds: Annotated[
        list[Path],
        typer.Option("--holds", metavar="TOML", help="More legal holds: tables [[hold]]; see docs/lake.md."),
    ] = [],  # noqa: B006
    dry: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be dropped.")] = False,
    hours: Annotated[
        float, typer.Option("--vacuum", metavar="HOURS", min=0, help="Delete files that left the table so long ago.")
    ] = 24,
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="PATH", help="The centre's keys; default: where centre.toml says.")
    ] = None,
) -> None:
    """Drop days older than they may be kept, except what a legal hold covers, and tell what was dropped and kept.

    The lake of a centre is dropped from under the legal holds of its cases, as its worker does each night.

    **Examples**

    - `kulla lake retain /srv/centre --dry-run`
    - `kulla lake retain some/lake --days 365 --holds holds.toml --dry-run`
    """
    from kulla.centre.folder import opened
    from kulla.centre.running.retention import owner, retained

    others = dict(_other_days(each) for each in of)
    covered = [hold for path in holds for hold in _holds(path)]
    whose = owner(folder)
    if whose is not None:
        done = retained(opened(whose, keys), days, others, covered, dry, hours)
    elif days is None:
        raise UsageError(f"{folder}: belongs to no centre; give --days")
    else:
        with _opened(folder) as lake:
            done = lake.retain(Policy(days, others), covered, datetime.now(UTC).date(), dry)
            if not dry:
                lake.vacuum(hours)
    for line in done.lines():
        print(safe(line))
    print(f"{done.dropped:,} events {'would be ' if dry else ''}dropped; days before {done.oldest} are not kept")


def _opened(folder: Path) -> Lake:
    """The lake that is in the folder: a command that reads makes none."""
    found = _place(folder)
    if not (found / "_delta_log").is_dir():
        raise UsageError(f"{found}: no lake is here (it has no _delta_log); name a centre's folder, or its lake")
    return Lake(found)


def _place(folder: Path) -> Path:
    """The lake's folder: a centre's is its `lake`."""
    return folder / "lake" if (folder / "centre.toml").is_file() else folder


def _scope(lake: Lake, texts: Sequence[str]) -> Scope:
    return frozenset(_pair("--scope", text) for text in texts) if texts else lake.everyone()


def _pair(option: str, text: str) -> tuple[str, str]:
    zone, slash, constituent = text.partition("/")
    if not (zone and slash and constituent):
        raise UsageError(f"{option} {text}: write ZONE/CONSTITUENT, such as civil/ministry-of-finance")
    return zone, constituent


def _other_days(text: str) -> tuple[tuple[str, str], int]:
    pair, _, days = text.rpartition("=")
    if not days.isdecimal() or not int(days):
        raise UsageError(f"--of {text}: write ZONE/CONSTITUENT=DAYS, such as civil/ministry-of-finance=730")
    return _pair("--of", pair), int(days)


def _holds(path: Path) -> list[Hold]:
    """The legal holds of a file. Raises ConfigError naming the table that is wrong."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    tables = told.get("hold")
    if set(told) != {"hold"} or not isinstance(tables, list):
        raise ConfigError(f"{path}: holds are tables [[hold]], and nothing stands beside them")
    return [_hold(f"{path}: hold {number}", table) for number, table in enumerate(tables, 1)]


def _hold(where: str, table: Mapping[str, Any]) -> Hold:
    unknown = set(table) - _HOLD_KEYS
    if unknown:
        raise ConfigError(
            f"{where}: no such key: {', '.join(sorted(unknown))}; keys are {', '.join(sorted(_HOLD_KEYS))}"
        )
    texts = {key: table.get(key) for key in ("name", "zone", "constituent", "query")}
    ids = table.get("event_ids", [])
    if not texts["name"] or any(value is not None and not isinstance(value, str) for value in texts.values()):
        raise ConfigError(f"{where}: name, zone, constituent and query are texts, and a name is needed")
    try:
        wanted = frozenset(bytes.fromhex(each) for each in ids)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: event_ids are texts of 32 hexadecimal digits") from error
    since, until = table.get("since"), table.get("until")
    if any(each is not None and not isinstance(each, datetime) for each in (since, until)):
        raise ConfigError(f"{where}: since and until are times, such as 2026-05-11T08:00:00Z")
    return Hold(str(texts["name"]), texts["zone"], texts["constituent"], since, until, wanted, texts["query"])


def _warn(folder: Path) -> None:
    low = disk_low(folder)
    if low:
        print(f"kulla: {safe(low)}", file=sys.stderr)
