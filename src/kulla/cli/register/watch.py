"""`kulla register watch` and `kulla register reveal`: misuse seen early, and who may look behind a pseudonym."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from kulla.cli import shared
from kulla.cli.tables import safe
from kulla.errors import UsageError
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import read_key

if TYPE_CHECKING:
    from kulla.registers.desk.watch import Outcome
    from kulla.registers.insider.administrators import Hit

Name = Annotated[str, typer.Argument(metavar="NAME", help="The register.")]
Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The owner's key file, outside the folder.")]


def watch(
    name: Name,
    key: Key,
    owner: Owner = Path(),
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day to watch.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="DAY", help="Last day to watch.")] = None,
    logs: Annotated[
        list[str],
        typer.Option("--logs", metavar="PATH", help="Host, backup and database logs for administrators' acts; repeat."),
    ] = [],  # noqa: B006
    rules: shared.Rules = [],  # noqa: B006
    anew: Annotated[bool, typer.Option("--anew", help="Forget what was remembered, and watch all days again.")] = False,
    json: shared.Json = False,
) -> int:
    """Watch who read whom, day by day: findings about accounts, each with its reasons and baseline figures.

    Only days not watched before are judged. Findings show pseudonyms and go to outbox/findings.jsonl as well. With
    `--logs`, the rules given (Kulla's own lie in rules/) look for dumps, base backups, file copies, audit switched off.

    **Examples**

    - `kulla register watch payroll --owner /srv/kulla --key /etc/kulla/owner.key`
    - `kulla register watch payroll --key owner.key --logs /var/log/postgresql --logs /var/log/audit --rules rules`
    - `kulla register watch payroll --key owner.key --since 2026-05-01 --until 2026-05-31 --json`
    """
    # The hunt starts its confined children before Arrow and NumPy start threads: so it comes first.
    hits = list(_hits(logs, rules, OwnerFolder(owner).register(name).read().timezone)) if logs else []
    from kulla.registers.desk import watch as desk

    folder = OwnerFolder(owner).register(name)
    found = desk.watch(folder, read_key(key, "owner"), hits, _day("--since", since), _day("--until", until), anew)
    if json:
        shared.print_json(_plain(found), indent=True)
    else:
        _print(found)
    return 0


def reveal(
    name: Name,
    pseudonym: Annotated[str, typer.Argument(metavar="PSEUDONYM", help="As the finding shows it: A-….")],
    key: Key,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, with the case's number.")],
    by: Annotated[str, typer.Option("--by", metavar="PERSON", help="Who looks.")],
    witness: Annotated[str, typer.Option("--with", metavar="PERSON", help="The second person, who agrees.")],
    owner: Owner = Path(),
    json: shared.Json = False,
) -> int:
    """Tell the account behind a pseudonym. The log entry is written first, and cannot be taken back.

    **Examples**

    - `kulla register reveal payroll A-2RF1-YBCY-H44W --key k --reason "case 2026/31" --by D.Prifti --with E.Gjoka`
    """
    from kulla.registers.desk import reveal as desk

    folder = OwnerFolder(owner).register(name)
    account, entry = desk.reveal(folder, read_key(key, "owner"), pseudonym, reason, by, witness, datetime.now(UTC))
    if json:
        shared.print_json({"account": account, "pseudonym": entry.pseudonym, "entry": entry.number, "hash": entry.hash})
    else:
        print(safe(account))
        print(f"kulla: entry {entry.number} of the log of reveals, hash {entry.hash}", file=sys.stderr)
    return 0


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: no day; write 2026-05-01") from error


def _hits(logs: Sequence[str], rules: Sequence[str], zone: str) -> Iterator[Hit]:
    from kulla.hunt.options import Options
    from kulla.hunt.run import Hunt
    from kulla.registers.insider.administrators import ACTS, Hit, login_of

    options = Options(logs, shared.rules_given(rules), zone=zone, settings=shared.settings())
    names = ("rule_id", "rule_title", "level", "time", "host", "entity", "event_id", "event")
    with Hunt(options) as run:
        found = run.run()
        for table in found.hits:
            for *values, event in zip(*(table[each].to_pylist() for each in names), strict=True):
                if values[0] in ACTS:
                    yield replace(Hit(*values), login=login_of(orjson.loads(event)))
        complaints = [f"{each.file}: {each.reason}" for each in found.facts.rejects]
    shared.complain(complaints)


def _plain(found: Outcome) -> dict[str, object]:
    return {
        "schema": 1, "first": found.first, "last": found.last, "days": found.days, "reads": found.reads,
        "accounts": found.accounts, "late": found.late, "notes": list(found.notes), "findings": list(found.alerts),
    }  # fmt: skip


def _print(found: Outcome) -> None:
    for each in found.alerts:
        when = each.time_first.date().isoformat() if each.time_first else ""
        print(f"{when}  {each.level}  {each.entities[0].name}  {safe(each.title)}  [{each.id}]")
        for line in each.explanation.splitlines():
            print(f"    {safe(line)}")
        print()
    for note in found.notes:
        print(f"kulla: {safe(note)}", file=sys.stderr)
    span = f" from {found.first} to {found.last}" if found.first else ""
    print(f"{len(found.alerts)} new findings; {found.reads:,} reads of {found.days} days{span} watched, "
          f"{found.accounts:,} accounts known")  # fmt: skip
