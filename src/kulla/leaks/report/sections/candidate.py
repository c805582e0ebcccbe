"""One candidate in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kulla.leaks.report.blocks import Block, Code, Facts, Heading, Items, Para, Table, Text, runs
from kulla.leaks.report.ratios import alternative, figured, known, worded
from kulla.leaks.report.view import View, micros

_LINES: Final = 5


def told(view: View, candidate: Mapping[str, Any], number: int) -> Iterator[Block]:
    """A candidate: who, when, what it returned, how sure the log is, ratios, what speaks against it."""
    say = view.say
    yield Heading(3, say.rich("cd.details", number=number, account=view.account(candidate["account"])))
    yield Facts((*_who(view, candidate), *_what(view, candidate)))
    if candidate["ratios"] and not any(known(view, float(ratio["log10"])) for ratio in candidate["ratios"]):
        yield Para(say("cd.coarse.all"))
    elif candidate["ratios"]:
        keys = ("cd.alternative", "cd.ratio", "cd.log", "cd.words")
        rows = tuple(_ratio(view, ratio) for ratio in candidate["ratios"])
        yield Para(say("cd.if"))
        yield Table(tuple(map(say, keys)), rows, (3, 1.4, 1, 2.2), frozenset({1, 2}))
    yield Para(say("cd.against"))
    yield Items(view.said(candidate["against"]) or (say("cd.against.none"),))
    yield Para(say("cd.clear"))
    yield Items(view.said(candidate["exonerating"]) or (say("cd.clear.default"),))


def _who(view: View, candidate: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    say = view.say
    account = runs(view.account(candidate["account"]))
    pooled = (f" ({say('cd.pooled')})",) if candidate["pooled"] else ()
    yield say("cd.account"), (*account, *pooled)
    yield say("cd.episode"), Code(candidate["episode"])
    yield say("cd.kind"), say(f"cd.kind.{candidate['kind']}")
    first, last = (say.stamp(micros(candidate[key])) for key in ("first", "last"))
    yield say("cd.time"), say("time.span", first=first, last=last)
    yield say("cd.reads"), say.number(candidate["reads"])
    if not view.named(candidate["account"]):
        yield say("cd.client"), say("cd.heldback")
    else:
        yield say("cd.client"), Code(candidate["client"] or say("unknown"))
        yield say("cd.application"), Code(candidate["application"] or say("unknown"))
        yield say("cd.enduser"), _end_user(view, candidate)


def _end_user(view: View, candidate: Mapping[str, Any]) -> Text:
    say = view.say
    if not candidate["end_user"]:
        return say("none")
    grade = candidate["end_user_grade"]
    key = "cd.enduser.verified" if grade == "verified" else "cd.enduser.graded"
    return say.rich(key, user=Code(candidate["end_user"]), grade=say.known(f"grade.{grade}", grade))


def _what(view: View, candidate: Mapping[str, Any]) -> Iterator[tuple[str, Text]]:
    say = view.say
    size = view.count(candidate["size"]) if candidate["size"] is not None else say("unknown")
    yield say("cd.extent"), say(f"cd.extent.{candidate['extent']}", size=size)
    yield say("cd.sealed"), say(f"cd.sealed.{candidate['sealed']}")
    counts = {key: view.count(candidate[key]) for key in ("explained", "contradicted", "outside")}
    yield say("cd.rows"), say("cd.rows.told", **counts)
    if candidate["missing_columns"]:
        yield say("cd.missing"), view.listed(candidate["missing_columns"])
    yield say("cd.share"), view.share(candidate["weight"])
    lines = candidate["lines"]
    for at, line in enumerate(lines[:_LINES]):
        yield say("cd.lines") if not at else "", _line(view, line)
    if candidate["reads"] > min(len(lines), _LINES):
        yield "", say("more", count=candidate["reads"] - min(len(lines), _LINES))


def _line(view: View, line: Mapping[str, Any]) -> Text:
    return view.say.rich(
        "cd.line",
        file=Code(line["file_sha256"][:16]),
        first=line["line_from"],
        last=line["line_to"],
        hash=Code(line["line_hash"][:16]),
    )


def _ratio(view: View, ratio: Mapping[str, Any]) -> tuple[Text, ...]:
    say, log10 = view.say, float(ratio["log10"])
    other = alternative(view, ratio["alternative"])
    if not known(view, log10):
        return other, say("dash"), say("dash"), say("cd.coarse.ratio")
    return other, figured(say, log10), say.decimal(log10), worded(say, log10)
