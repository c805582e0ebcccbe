"""`kulla rules`: rules checked, listed, shown, tested and explained."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import orjson
import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.detect.explain import Explanation
from kulla.errors import UsageError
from kulla.hunt import ruleview, samples
from kulla.hunt.options import Selection

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Check, list, show, test and explain rules.")

Paths = Annotated[list[str], typer.Argument(metavar="PATH...", help="Sigma rules: files or folders.")]


@app.command()
def check(
    paths: Paths,
    values: shared.Values = None,
    logsources: shared.Logsources = [],  # noqa: B006
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors, no remarks.")] = False,
    json: shared.Json = False,
) -> int:
    """Load rules and tell everything wrong or odd about them, and which no log format can feed.

    Exit code 4 when a rule could not be loaded.

    **Examples**

    - `kulla rules check rules`
    - `kulla rules check sigma/rules --values values.toml --quiet`
    """
    found = ruleview.check(paths, values, logsources)
    if json:
        sys.stdout.write(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n")
        return 4 if found.errors else 0
    for problem in found.problems:
        if problem.fatal or not quiet:
            kind = "error" if problem.fatal else f"remark [{problem.check}]"
            print(f"{safe(str(problem.place))}: {kind}: {safe(problem.message)}")
    if found.needs and not quiet:
        print(f"\n{len(found.needs)} rules need a value (give it with --values FILE):")
        sys.stdout.write(plain_table(("needs", "rule"), [(", ".join(n), title) for title, n in found.needs]))
    if found.unfed:
        print(f"\n{sum(count for _, count, _ in found.unfed)} rules that no log format can feed:")
        sys.stdout.write(plain_table(("rules", "logsource", "why"), [(n, str(s), why) for s, n, why in found.unfed]))
    print(f"\n{found.summary()}")
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
        sys.stdout.write(orjson.dumps([dict(zip(head, row, strict=True)) for row in rows]).decode() + "\n")
    else:
        sys.stdout.write(plain_table(head, rows))
    return 0


@app.command()
def show(
    rule: Annotated[str, typer.Argument(help="A rule's id, name, or part of its title.")],
    rules: shared.Rules = [],  # noqa: B006
) -> int:
    """Show one rule: what it says, what it asks, and which events are asked.

    **Example**: `kulla rules show "LSASS" --rules sigma/rules`
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
        sys.stdout.write(orjson.dumps(rows).decode() + "\n")
        return 4 if failed else 0
    for outcome in failed:
        print(f"{safe(outcome.place)}: {safe(outcome.rule)}: sample '{safe(outcome.sample)}': {safe(outcome.detail)}")
    counts = Counter(outcome.passed for outcome in outcomes)
    tested = len({outcome.rule for outcome in outcomes})
    print(f"{tested} rules with samples: {counts[True]} samples as expected, {counts[False]} not")
    return 4 if failed else 0


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="A rule's id, name, or part of its title.")],
    file: Annotated[str, typer.Argument(metavar="FILE", help="A log file or archive.")],
    record: Annotated[
        int | None, typer.Option("--record", help="Position of the event (line, EventRecordID); else the first few.")
    ] = None,
    rules: shared.Rules = [],  # noqa: B006
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Explain at most so many events.")] = 3,
    values: shared.Values = None,
    tz: shared.Zone = None,
    logsources: shared.Logsources = [],  # noqa: B006
    json: shared.Json = False,
) -> int:
    """Say why a rule did, or did not, match the events of a file.

    Without `--record`: the first events that match, or, when none does, those that came nearest.

    **Examples**

    - `kulla rules explain 7d604714-e071-49ff-8726-edeb95a70679 Sysmon.evtx --rules sigma/rules`
    - `kulla rules explain "Web Shell" access.log --record 812 --rules rules`
    """
    answers = ruleview.explained(
        rule, file, record, limit, shared.rules_given(rules), values, logsources, shared.zone_of(tz)
    )
    if not answers:
        raise UsageError(f"{file}: no event to explain" + ("" if record is None else f" at record {record}"))
    for answer in answers:
        if json:
            said = {"record": answer.record, "asked": answer.asked, "matched": answer.explanation.matched}
            sys.stdout.write(orjson.dumps({**said, "why": orjson.loads(answer.explanation.to_json())}).decode() + "\n")
        else:
            _print_explanation(answer)
    return 0


def _print_explanation(answer: ruleview.Answer) -> None:
    verdict = "matches" if answer.explanation.matched and answer.asked else "does not match"
    print(f"record {answer.record} ({answer.logsource}): {verdict}")
    if not answer.asked:
        print(f"  the rule is not asked of such events: its logsource is {answer.rule.logsource}")
    print(f"  condition: {safe(answer.explanation.condition)}")
    for line in _selections(answer.explanation):
        print(f"  {line}")


def _selections(explanation: Explanation) -> Sequence[str]:
    lines: list[str] = []
    for selection in explanation.selections:
        lines.append(f"[{'met' if selection.met else 'not met'}] {safe(selection.name)}")
        for test in selection.tests:
            value = "absent" if test.value is None else f"'{safe(test.value)}'"
            mark = "yes" if test.met else "no "
            lines.append(f"    {mark} {safe(test.field or 'any value')} {safe(test.test)}: {value}")
    return lines
