"""`kulla events`: events as Kulla reads them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import orjson
import pyarrow as pa
import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.events.formats import FORMATS
from kulla.events.sources import Broken, Skipped
from kulla.hunt.look import Look, look
from kulla.hunt.options import Options
from kulla.hunt.stats import Stats

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Look at events as Kulla reads them.")

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Log files, folders or archives; - for stdin.")]

_SHOWN = ("time", "host", "product", "category", "service", "event_code")


@app.command()
def show(
    files: Files,
    json: Annotated[bool, typer.Option("--json", help="One event a line, as NDJSON with every field.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="Stop after so many events; 0 for all.")] = 0,
    field: Annotated[list[str], typer.Option("--field", "-f", help="Fields to show; repeat for several.")] = [],  # noqa: B006
    raw: Annotated[bool, typer.Option("--raw", help="Show the record as it was read, too.")] = False,
    tz: shared.Zone = None,
    logsources: shared.Logsources = [],  # noqa: B006
    format_name: shared.Format = None,
) -> int:
    """Show events as rules see them: time, host, logsource and fields.

    **Examples**

    - `kulla events show Security.evtx --limit 20`
    - `kulla events show access.log.gz -f c-ip -f cs-uri-stem`
    - `kulla events show logs.zip --json | jq .fields.CommandLine`
    """
    options = _options(files, tz, logsources, format_name)
    left = limit or sys.maxsize
    code = 0
    for found in look(options, want_events=True):
        if not isinstance(found, Look):
            code = max(code, _told(found))
            continue
        code = max(code, _rejected(found))
        assert found.table is not None
        lines = _json_lines(found.table, raw) if json else _text_lines(found.table, field, raw)
        for line, _ in zip(lines, range(left), strict=False):
            sys.stdout.write(line)
            left -= 1
        if not left:
            break
    return code


@app.command()
def stats(
    files: Files,
    rules: shared.Rules = [],  # noqa: B006
    json: shared.Json = False,
    tz: shared.Zone = None,
    logsources: shared.Logsources = [],  # noqa: B006
    format_name: shared.Format = None,
) -> int:
    """Count events by logsource, host, event code and day; with rules, tell which fields they miss.

    **Examples**

    - `kulla events stats /evidence`
    - `kulla events stats Security.evtx --rules sigma/rules`
    """
    options = _options(files, tz, logsources, format_name, rules)
    counted, code = Stats(), 0
    for found in look(options, want_events=False):
        if isinstance(found, Look):
            code = max(code, _rejected(found))
            counted.add(found)
        else:
            code = max(code, _told(found))
    if json:
        sys.stdout.write(orjson.dumps(counted.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        for title, head, rows in counted.sections():
            sys.stdout.write(f"{title}\n")
            sys.stdout.write(plain_table(head, rows))
            sys.stdout.write("\n")
    return code


@app.command()
def formats() -> None:
    """List the log formats that are read.

    **Example**: `kulla events formats`
    """
    rows = [(each.name, (type(each).__doc__ or "").strip().splitlines()[0]) for each in FORMATS]
    sys.stdout.write(plain_table(("format", "what it reads"), rows))


def _options(
    files: Sequence[str], tz: str | None, logsources: Sequence[str], format_name: str | None, rules: Sequence[str] = ()
) -> Options:
    return Options(
        paths=files,
        rules=rules,
        mappings=logsources,
        zone=shared.zone_of(tz),
        format=format_name,
        settings=shared.settings(),
    )


def _told(found: Skipped | Broken) -> int:
    """Say on standard error what was skipped or broken; the exit code it calls for."""
    where = found.source.shown
    if isinstance(found, Skipped):
        print(f"kulla: {where}: skipped: {found.reason}", file=sys.stderr)
        return 0
    print(f"kulla: {where}: byte {found.offset}: {found.reason}", file=sys.stderr)
    return 3


def _rejected(found: Look) -> int:
    for reject in found.rejects:
        print(f"kulla: {found.source.shown}: {reject.unit} {reject.position}: {reject.reason}", file=sys.stderr)
    return 3 if found.rejects else 0


def _json_lines(table: pa.Table, raw: bool) -> Iterator[str]:
    columns = [name for name in table.column_names if name not in ("event_id", "raw", "fields", "ingest_time")]
    for batch in table.to_batches(max_chunksize=1000):
        for event in batch.to_pylist():
            line: dict[str, object] = {name: event[name] for name in columns}
            line["fields"] = dict(event["fields"])
            if raw:
                line["raw"] = event["raw"]
            yield orjson.dumps(line).decode() + "\n"


def _text_lines(table: pa.Table, wanted: Sequence[str], raw: bool) -> Iterator[str]:
    for batch in table.to_batches(max_chunksize=1000):
        for event in batch.to_pylist():
            fields = dict(event["fields"])
            time = event["time"].strftime("%Y-%m-%dT%H:%M:%S.%fZ") if event["time"] else "no time"
            source = "/".join(event[part] or "*" for part in ("product", "category", "service"))
            head = [f"{event['position']}", time, event["host"] or "-", source, event["event_code"] or "-"]
            shown = {name: fields.get(name) for name in wanted} if wanted else fields
            body = "  ".join(f"{name}={safe(value)}" for name, value in shown.items() if value is not None)
            yield "  ".join(map(safe, head)) + "  " + body + "\n"
            if raw and event["raw"] is not None:
                yield "    " + safe(event["raw"]) + "\n"
