"""A trace in the terminal: one short page, the same statements as the report's first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kulla.leaks.report.blocks import plain
from kulla.leaks.report.words import Words
from kulla.leaks.trace import Trace

_SAID = {
    "episode": "best explained by one episode of reads by the account {accounts}",
    "set": "best explained by {count} episodes of reads together, by {accounts}",
    "tie": "{count} episodes explain it equally well; no account is named",
    "copy": "fits the known copy {copies}; who read that copy is not in this log",
    "none": "nothing in this log explains it",
}

_NOT = "Not from these registers."
_UNNAMED = "logged reads can explain it, but no account may be named"


def summary(trace: Trace) -> Iterator[str]:
    """The lines of a trace's summary."""
    rows = sum(one.rows for one in trace.inputs)
    names = ", ".join(used.name for used in trace.registers)
    files = f"{len(trace.inputs)} file" + "s" * (len(trace.inputs) != 1)
    yield f"Leak {trace.leak[:16]}: {rows:,} rows in {files}, compared with {names}"
    if not trace.tables:
        few = trace.few_to_say
        yield f"Too few rows to say: fewer than {few} cannot show where they are from." if few else _NOT
        return
    for table in trace.tables:
        yield f"  {table.table}: from {table.register}, linked by {table.linked_by}; {_counts(table.verdicts)}"
    for name, persons in trace.persons.items():
        yield f"  persons of {name}: {_counts(persons)}"
    for first, second in trace.joined:
        yield f"  one table joins {first} and {second}"
    for at, piece in enumerate(trace.pieces):
        yield ""
        yield from _piece(at, piece)
        found = next((each for each in trace.attributions if each["piece"] == at), None)
        if found is not None:
            yield from _found(found)
    if trace.assessment:
        yield ""
        score, level = trace.assessment["score"], trace.assessment["level"].replace("_", " ")
        yield f"Severity {score:.2f}, {level} (a proposal, ENISA 2013)"


def _piece(at: int, piece: Mapping[str, Any]) -> Iterator[str]:
    window = piece["window"]
    yield f"Piece {at + 1}: {_number(piece['rows'])} rows of {piece['register']}, {piece['kind']}"
    for first, last in window["spans"]:
        when = f"not before {_short(first)}" if last is None else f"{_short(first)} to {_short(last)}"
        yield f"  taken {when} UTC ({window['level']:.0%} coverage)"
    if window["open_end"]:
        yield "  nothing in the file bounds it upwards"
    if piece["reference"]:
        first, last = piece["reference"]
        yield f"  tells of {first}" + (f" to {last}" if last != first else "")


def _found(found: Mapping[str, Any]) -> Iterator[str]:
    named = [found["candidates"][at] for at in found["named"]]
    accounts = ", ".join(dict.fromkeys(each["account"] for each in named))
    copies = ", ".join(each["name"] for each in found["copies"])
    said = _SAID[found["outcome"]] if named or found["outcome"] in ("copy", "none") else _UNNAMED
    yield "  " + said.format(accounts=accounts, count=len(named), copies=copies or "(unnamed)")
    for reason in found["withheld"]:
        yield f"    no account is named: {plain(Words('en').said(reason))}"
    if found["covered"] < 1:
        yield f"    the read log covers {found['covered']:.0%} of the window"
    if found["considered"] is None:
        yield f"    {found['reads']:,} reads considered"
    else:
        yield f"    {found['considered']:,} episodes of {found['reads']:,} reads considered"


def _counts(counts: Mapping[str, int | None]) -> str:
    """Counts but those of 0; of those that are not told the names, last."""
    told = ", ".join(f"{word.replace('_', ' ')} {count:,}" for word, count in counts.items() if count)
    untold = ", ".join(word.replace("_", " ") for word, count in counts.items() if count is None)
    return "; ".join(filter(None, (told, untold and f"few, or none: {untold}")))


def _number(count: int | None) -> str:
    return "not told" if count is None else f"{count:,}"


def _short(time: str) -> str:
    return time[:16].replace("T", " ")
