"""`kulla events`: events as Kulla reads them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from typing import Annotated

import pyarrow as pa
import typer

from kulla.cli import eventview, shared
from kulla.cli.tables import fitted_table, safe
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Format
from kulla.events.sources import Broken, Skipped
from kulla.hunt.look import Look, look
from kulla.hunt.options import Options
from kulla.hunt.stats import Stats

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Look at events as Kulla reads them.")

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Log files, folders or archives; - for stdin.")]


@app.command()
def show(
    files: Files,
    json: Annotated[bool, typer.Option("--json", help="One event a line, as NDJSON with every field.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=0, help="Stop after so many events; 0 for all.")
    ] = 0,
    field: Annotated[
        list[str],
        typer.Option("--field", "-f", metavar="NAME", help="A field to show as a column; repeat for several."),
    ] = [],  # noqa: B006
    raw: Annotated[bool, typer.Option("--raw", help="Show the record as it was read, too.")] = False,
    tz: shared.Zone = None,
    logsources: shared.Logsources = [],  # noqa: B006
    format_name: shared.Format = None,
) -> int:
    """Show events as rules see them: time, host, logsource and fields.

    **Examples**

    - `kulla events show Security.evtx --limit 20`
    - `kulla events show Security.evtx -f SubjectUserName -f TargetUserName`
    - `kulla events show logs.zip --json | jq .fields.CommandLine`
    """
    options = _options(files, tz, logsources, format_name)
    view = _View(json, field, raw, several=len(files) > 1)
    left, trouble = limit or sys.maxsize, shared.Complaints()
    for found in look(options, want_events=True):
        _tell(found, trouble)
        if not isinstance(found, Look) or found.table is None:
            continue
        table = found.table.slice(0, left)
        left -= table.num_rows
        view.write(found.source.shown, table)
        if not left:
            break
    view.close()
    return trouble.close()


class _View:
    """Writes tables of events in the form asked for."""

    def __init__(self, json: bool, wanted: Sequence[str], raw: bool, several: bool) -> None:
        self._json, self._wanted, self._raw, self._several = json, wanted, raw, several
        self._found: set[str] = set()
        self._file: str | None = None
        self._count = 0

    def write(self, file: str, table: pa.Table) -> None:
        """The events of one file, or more of them."""
        self._count += table.num_rows
        terminal = sys.stdout.isatty()
        if self._json:
            for event in eventview.records(table if self._raw else table.drop_columns(["raw"])):
                shared.print_json(event)
            return
        if self._several and file != self._file and table.num_rows and (self._wanted or terminal):
            sys.stdout.write(f"{safe(file)}\n")
        self._file = file
        if self._wanted:
            sys.stdout.write(eventview.columns(table, self._wanted, self._found))
        elif terminal:
            sys.stdout.writelines(eventview.blocks(table, self._raw, shutil.get_terminal_size().columns))
        else:
            sys.stdout.writelines(eventview.lines(table, self._raw))

    def close(self) -> None:
        """Name the fields that were asked for in vain: most often a slip of the pen."""
        if self._json or not self._count:
            return
        for name in self._wanted:
            if name not in self._found:
                print(f"kulla: no event shown has a field {safe(name)} (case counts)", file=sys.stderr)


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
    options = _options(files, tz, logsources, format_name, shared.rules_of(rules))
    counted, trouble = Stats(), shared.Complaints()
    for found in look(options, want_events=False):
        _tell(found, trouble)
        if isinstance(found, Look):
            counted.add(found)
    if json:
        shared.print_json(counted.as_json(), indent=True)
    else:
        for title, head, rows in counted.sections():
            sys.stdout.write(f"{title}\n{fitted_table(head, rows)}\n")
    return trouble.close()


@app.command()
def formats(json: shared.Json = False) -> None:
    """List the log formats that are read. What each gives is told in docs/formats.md.

    **Example**: `kulla events formats`
    """
    rows = [(each.name, _about(each)) for each in FORMATS]
    if json:
        shared.print_json([{"format": name, "about": about} for name, about in rows])
    else:
        sys.stdout.write(fitted_table(("format", "what it reads"), rows))


def _about(form: Format) -> str:
    """The first paragraph of what the format's file says of itself."""
    text = sys.modules[type(form).__module__].__doc__ or ""
    return " ".join(text.split("\n\n")[0].split()).replace("`", "")


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


def _tell(found: Look | Skipped | Broken, trouble: shared.Complaints) -> None:
    """Say on standard error what was skipped, broken or rejected."""
    where = found.source.shown
    if isinstance(found, Look):
        for reject in found.rejects:
            trouble.say(f"{where}: {reject.unit} {reject.position}: {reject.reason}")
    elif isinstance(found, Broken):
        trouble.say(f"{where}: " + (f"byte {found.offset}: " if found.offset else "") + found.reason)
    else:
        print(f"kulla: {safe(where)}: skipped: {found.reason}", file=sys.stderr)
