"""`kulla rules`: rules checked, listed, shown, tested and explained."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer

from kulla.cli import shared
from kulla.cli.tables import fitted_table, plain_table, safe
from kulla.detect.explain import Explanation
from kulla.errors import UsageError
from kulla.hunt import ruleview, samples
from kulla.hunt.explaining import Answer, Explained, explained
from kulla.hunt.options import Selection
from kulla.hunt.words import many, moment

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Check, list, show, test and explain rules.")

_SOURCES = 20
"""Logsources that are named when a rule is asked of none of them."""

Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Sigma rules: files or folders.")]


@app.command()
def check(
    paths: Paths,
    values: shared.Values = None,
    logsources: shared.Logsources = [],  # noqa: B006
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors and the summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Every remark, with file and line.")] = False,
    json: shared.Json = False,
) -> int:
    """Load rules; tell what is wrong or odd about them, and which of them no log format can feed.

    Exit code 4 when a rule could not be loaded.

    **Examples**

    - `kulla rules check rules`
    - `kulla rules check sigma/rules --values values.toml`
    - `kulla rules check sigma/rules --verbose | grep attack-tag`
    """
    found = ruleview.check(paths, values, logsources)
    if json:
        shared.print_json(found.as_json(), indent=True)
        return 4 if found.errors else 0
    for problem in found.problems:
        if problem.fatal or (verbose and not quiet):
            kind = "error" if problem.fatal else f"remark [{problem.check}]"
            print(f"{safe(str(problem.place))}: {kind}: {safe(problem.message)}")
    if found.remarks() and not (quiet or verbose):
        print("Remarks by check, with the first of each (--verbose: all, with file and line)")
        rows = [(n, check, f"{first.message}\n{first.place}") for check, n, first in found.remarks()]
        sys.stdout.write(fitted_table(("remarks", "check", "the first of them"), rows))
    if found.needs and not quiet:
        print(f"\nRules that need a value (give it with --values FILE): {len(found.needs)}")
        needs = [(", ".join(names), title) for title, names in found.needs]
        sys.stdout.write(fitted_table(("values", "rule"), needs))
    if found.unfed and not quiet:
        print(f"\nRules that no log format can feed: {sum(count for _, count, _ in found.unfed)}")
        sys.stdout.write(fitted_table(("rules", "logsource", "why"), [(n, str(s), why) for s, n, why in found.unfed]))
    if (found.problems or found.needs or found.unfed) and not quiet:
        print()
    print(found.summary())
    return 4 if found.errors else 0


@app.command(name="list")
def list_(
    paths: Paths,
    by: Annotated[
        str, typer.Option("--by", metavar="WHAT", help="rule, logsource, level, status, tactic or technique.")
    ] = "logsource",
    level: shared.MinLevel = "informational",
    status: shared.Statuses = [],  # noqa: B006
    tag: shared.Tags = [],  # noqa: B006
    json: shared.Json = False,
) -> int:
    """List rules, or count them by logsource, level, status, ATT&CK tactic or technique.

    **Examples**

    - `kulla rules list rules --by rule`
    - `kulla rules list sigma/rules --by technique --level high`
    """
    selection = Selection(shared.level_of(level), shared.statuses_of(status), tuple(tag))
    head, rows = ruleview.listing(paths, by, selection)
    if json:
        shared.print_json([dict(zip(head, row, strict=True)) for row in rows])
    else:
        sys.stdout.write(plain_table(head, rows))
    return 0


@app.command()
def show(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, name, or part of its title.")],
    rules: shared.Rules = [],  # noqa: B006
) -> int:
    """Show one rule: what it says, what it asks, and which events are asked.

    **Example**: `kulla rules show "LSASS Process Memory Dump Files" --rules sigma/rules`
    """
    for line in ruleview.described(rule, shared.rules_given(rules)):
        print(safe(line))
    return 0


@app.command(name="test")
def samples_(paths: Paths, json: shared.Json = False) -> int:
    """Run each rule on its own samples: those it must hit, and those it must leave alone.

    Exit code 4 when a rule fails one of its samples, or could not be loaded.

    **Example**: `kulla rules test rules`
    """
    outcomes = samples.run(paths)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if json:
        rows = [{"rule": o.rule, "sample": o.sample, "passed": o.passed, "detail": o.detail} for o in outcomes]
        shared.print_json(rows)
        return 4 if failed else 0
    for outcome in failed:
        print(f"{safe(outcome.place)}: {safe(outcome.rule)}: sample '{safe(outcome.sample)}': {safe(outcome.detail)}")
    counts = Counter(outcome.passed for outcome in outcomes)
    tested = len({outcome.rule for outcome in outcomes})
    print(f"{many(tested, 'rule')} with samples: {many(counts[True], 'sample')} as expected, {counts[False]} not")
    return 4 if failed else 0


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id, name, or part of its title.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A log file or archive.")],
    record: Annotated[
        int | None,
        typer.Option("--record", metavar="N", help="Position of the event, as hits give it."),
    ] = None,
    rules: shared.Rules = [],  # noqa: B006
    limit: Annotated[
        int, typer.Option("--limit", "-n", metavar="N", min=1, help="Explain at most so many events.")
    ] = 3,
    values: shared.Values = None,
    tz: shared.Zone = None,
    logsources: shared.Logsources = [],  # noqa: B006
    json: shared.Json = False,
) -> int:
    """Say why a rule did, or did not, match the events of a file.

    Without `--record`: the first events that match, or, when none does, those that came nearest.

    **Examples**

    - `kulla rules explain 7d604714-e071-49ff-8726-edeb95a70679 Sysmon.evtx --rules sigma/rules`
    - `kulla rules explain "Web Shell Name" access.log --record 812 --rules rules`
    """
    found = explained(rule, file, record, limit, shared.rules_given(rules), values, logsources, shared.zone_of(tz))
    if record is not None and not found.answers:
        raise UsageError(f"{file}: no event is at {record}; kulla events show lists positions, in its first column")
    if json:
        for answer in found.answers:
            shared.print_json(_as_json(answer))
        return 3 if found.broken else 0
    if record is None:
        _print_counts(found, file)
    for answer in found.answers:
        _print_answer(answer)
    return shared.complain(found.broken)


def _as_json(answer: Answer) -> dict[str, object]:
    why = orjson.loads(answer.explanation.to_json())
    place = {"file": answer.file, "record": answer.record, "time": moment(answer.time, "microseconds")}
    said = {"rule_id": answer.rule.meta.id, **place, "logsource": str(answer.logsource)}
    return {**said, "asked": answer.asked, "matched": answer.matched, "why": why}


def _print_counts(found: Explained, file: str) -> None:
    meta, source = found.rule.meta, found.rule.logsource
    print(f"{safe(meta.title)} ({safe(meta.id)}), asked of {source}")
    of_them = f"{many(found.asked, 'event')} of {found.events:,} in {safe(file)}"
    if not found.asked:
        print(f"No event in {safe(file)} is of this logsource. There are:")
        rows = [(count, name) for name, count in found.logsources.most_common(_SOURCES)]
        sys.stdout.write(plain_table(("events", "product/category/service"), rows))
    elif found.matched:
        shown = "" if found.matched <= len(found.answers) else f"; the first {len(found.answers)} of them"
        print(f"It is asked of {of_them}, and matches {found.matched:,}{shown}:")
    else:
        print(f"It is asked of {of_them}, and matches none. Nearest come:")


def _print_answer(answer: Answer) -> None:
    number = f" (EventRecordID {safe(answer.number)})" if answer.number else ""
    place = f"{safe(answer.file)}, {answer.unit} {answer.record}{number}"
    verdict = "matches" if answer.matched else "does not match"
    print(f"\n{place}, {moment(answer.time)}, {answer.logsource}: {verdict}")
    if not answer.asked:
        print(f"  not asked of such events: the rule's logsource is {answer.rule.logsource}")
    print(f"  condition: {safe(answer.explanation.condition)}")
    for line in _selections(answer.explanation):
        print(f"  {line}")


def _selections(explanation: Explanation) -> Sequence[str]:
    lines: list[str] = []
    for selection in explanation.selections:
        lines.append(f"[{'met' if selection.met else 'not met'}] {safe(selection.name)}".rstrip())
        for test in selection.tests:
            lines.append(f"    {'yes' if test.met else 'no '} {safe(test.field or 'any value')} {safe(test.test)}")
            if test.field is not None:
                lines.append(f"        it is {'absent' if test.value is None else safe(test.value)}")
            elif test.value is not None:
                lines.append(f"        found in {safe(test.value)}")
    return lines
