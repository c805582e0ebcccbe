"""`kulla hunt`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import progress, shared, timeline
from kulla.cli.tables import plain_table
from kulla.errors import UsageError
from kulla.events.rejects import RejectWriter
from kulla.events.sources import STDIN
from kulla.hunt.groupjson import as_json
from kulla.hunt.options import Options, Selection
from kulla.hunt.outputs import Outputs
from kulla.hunt.run import Hunt
from kulla.hunt.summary import Facts

_COSTLY = 40
_NAMED = 10

HELP = """Match every Sigma rule on logs of every kind, rank what is found, and explain it.

Formats are told from content: Windows EVTX, JSON of many makes, CSV, syslog, auditd, Sysmon for Linux, web access logs,
IIS/W3C, Zeek, CloudTrail, PostgreSQL … inside gz, bz2, xz, zst, zip and tar. What is no log is listed as skipped.

**Examples**

- `kulla hunt /evidence --rules rules --out report.html`
- `kulla hunt dc01.zip web.log.gz -r sigma/rules --level medium --tz Europe/Tirane`
- `journalctl -o short-iso | kulla hunt - -r rules`
- `kulla hunt logs -r rules --since 2026-05-01 --until 2026-05-08 --out hits.jsonl --out layer.navigator.json`
"""

Rejects = Annotated[
    Path | None,
    typer.Option("--rejects", metavar="FILE", help="Keep what could not be parsed in this JSON Lines file."),
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", metavar="N", min=0, help="Workers (default: processors); 0: unconfined, here."),
]


def hunt(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Log files, folders or archives; - for stdin.")],
    rules: shared.Rules = [],  # noqa: B006 - typer copies it
    out: Annotated[
        list[Path],
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write .html, .csv, .jsonl, .parquet or .navigator.json; repeat for several.",
        ),
    ] = [],  # noqa: B006
    level: shared.MinLevel = "informational",
    status: shared.Statuses = [],  # noqa: B006
    tag: shared.Tags = [],  # noqa: B006
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Only events from this time on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Only events before this time.")] = None,
    tz: shared.Zone = None,
    logsources: shared.Logsources = [],  # noqa: B006
    values: shared.Values = None,
    format_name: shared.Format = None,
    rejects: Rejects = None,
    jobs: Jobs = None,
    show: Annotated[
        int, typer.Option("--show", metavar="N", min=0, help="Groups to show in the terminal; 0 for all.")
    ] = 20,
    profile: Annotated[bool, typer.Option("--profile", help="Show which rules cost the most time.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Compile the rules anew.")] = False,
    json: shared.Json = False,
) -> int:
    """The command; its help text is `HELP`."""
    options = Options(
        paths=paths,
        rules=shared.rules_given(rules),
        selection=Selection(shared.level_of(level), shared.statuses_of(status), tuple(tag)),
        mappings=logsources,
        values=values,
        zone=shared.zone_of(tz),
        format=format_name,
        since=shared.moment("--since", since),
        until=shared.moment("--until", until),
        jobs=_jobs(jobs),
        profile=profile,
        settings=shared.settings(),
        cache="" if no_cache else None,
    )
    return _hunt(options, out, rejects, show, json)


def _hunt(options: Options, out: list[Path], rejects: Path | None, show: int, json: bool) -> int:
    if options.since and options.until and options.since >= options.until:
        raise UsageError("--since must be before --until: no time lies between them")
    _apart(options.paths, [*out, *([rejects] if rejects else [])])
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(out))
        keep = stack.enter_context(RejectWriter(rejects)) if rejects else None
        own = (*outputs.files, *([rejects] if rejects else []))
        run = stack.enter_context(Hunt(options, keep, own=own))
        with progress.bar() as run.progress:
            found = run.run()
        written = outputs.write(found)
        if json:
            shared.print_json(as_json(found), indent=True)
        else:
            timeline.show(found, sys.stdout, show)
        if options.profile:
            rows = [(f"{seconds:.3f}", name) for name, seconds in run.profile()[:_COSTLY]]
            # Beside JSON it would spoil what a program reads.
            to = sys.stderr if json else sys.stdout
            to.write("\nWhat took the workers' processor time\n" + plain_table(("seconds", "rule"), rows))
        _tell_rejects(found.facts)
        for path in written:
            print(f"kulla: wrote {path}", file=sys.stderr)
        return _exit_code(found.facts.interrupted, found.facts.rejected, found.facts.rule_errors)


hunt.__doc__ = HELP


def _tell_rejects(facts: Facts) -> None:
    """Name what could not be read; without `--rejects` this is the only place where a missing file is named."""
    trouble = shared.Complaints(_NAMED)
    for each in facts.rejects:
        whole = each.unit == "byte" and not each.position
        trouble.say(f"{each.file}: " + ("" if whole else f"{each.unit} {each.position}: ") + each.reason)
    trouble.count = facts.rejected
    trouble.close("; --json and the report of --out name them, --rejects FILE keeps them")


def _apart(inputs: Sequence[str], written: Sequence[Path]) -> None:
    """Raise UsageError when a file to write is also to be read, or to be written twice: evidence must not be lost."""
    taken = {os.path.realpath(path) for path in inputs if path != STDIN}
    for path in written:
        if os.path.realpath(path) in taken:
            raise UsageError(f"{path}: is an input, or named twice for output; choose another name")
        taken.add(os.path.realpath(path))


def _jobs(asked: int | None) -> int:
    if asked is not None:
        return asked
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _exit_code(interrupted: bool, rejected: int, rule_errors: int) -> int:
    """130 interrupted, 3 some input could not be read, 4 some rule could not be loaded, else 0."""
    if interrupted:
        return 130
    return 3 if rejected else 4 if rule_errors else 0
