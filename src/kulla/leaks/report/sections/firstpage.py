"""The first page: outcome, window, persons, severity, what it rests on, what it does not show, defects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kulla.leaks.report.blocks import Block, Box, Code, Heading, Items, Para, Table, Text, joined, runs
from kulla.leaks.report.ratios import alternative, figured, known, worded
from kulla.leaks.report.sections.defects import defects
from kulla.leaks.report.view import View, micros, spans

_PIECES: Final = 3
"""Pieces told on the first page, so that it stays one page; the others stand in sections 3 and 4."""
_DEFECTS: Final = 6
_NAMES: Final = 4
_MOST: Final = 50
"""Candidates that a trace lists at most: a tie of so many may be of more."""


def first_page(view: View) -> list[Block]:
    """The page that a minister reads."""
    say, trace = view.say, view.trace
    audience = say("audience.court" if view.court else "audience.public")
    subtitle = say.rich(
        "subtitle", made=say.moment(view.made), kulla=Code(trace.kulla), leak=Code(trace.leak[:16]), audience=audience
    )
    return [
        Heading(1, say.rich("title", case=Code(trace.case))),
        Para(subtitle, "quiet"),
        Box("result", say("one.outcome"), tuple(_outcomes(view))),
        *_windows(view),
        *_persons(view),
        *_severity(view),
        Heading(3, say("one.rests")),
        Items(tuple(_rests(view))),
        Heading(3, say("one.not")),
        Items((say("one.not.person"), say("one.not.intent"), say("one.not.guilt"))),
        Box("warning", say("one.defects"), _defects(view)),
    ]


def outcome(view: View, attribution: Mapping[str, Any]) -> Text:
    """The outcome of one piece as a sentence."""
    say = view.say
    found = [attribution["candidates"][at] for at in attribution["named"]]
    match attribution["outcome"]:
        case "episode" if found:
            one = found[0]
            when = say.span(micros(one["first"]) or 0, micros(one["last"]))
            return say.rich("one.episode", account=view.account(one["account"]), when=when)
        case "set" if found:
            return say.rich("one.set", count=len(found), accounts=_accounts(view, found))
        case "tie":
            key = "one.tie" if len(found) > 1 else "one.tie.1"
            count = say.number(len(found)) + ("+" if len(found) >= _MOST else "")
            return say.rich(key, count=count, accounts=_accounts(view, found))
        case "copy" if len(attribution["copies"]) > 1:
            return say.rich("one.copy.n", copies=joined(Code(copy["name"]) for copy in attribution["copies"]))
        case "copy" if attribution["copies"]:
            copy = attribution["copies"][0]
            frozen = micros(copy["frozen_at"])
            at = say("one.frozen", time=say.moment(frozen)) if frozen else ""
            return say.rich("one.copy", copy=Code(copy["name"]), frozen=at)
        case _:
            return say("one.none")


def verdict(view: View, attribution: Mapping[str, Any]) -> Iterator[Block]:
    """The outcome, how well the weakest alternative fares, and why no more is said."""
    say, withheld = view.say, view.said(attribution["withheld"])
    found = [attribution["candidates"][at] for at in attribution["named"]]
    if not found and attribution["outcome"] in ("episode", "set", "tie"):
        yield Para(say("one.unnamed"))
        yield Items(withheld)
        if attribution["copies"]:
            yield _copies(view, attribution)
        return
    yield Para(outcome(view, attribution), "lead")
    if attribution["outcome"] == "episode" and found[0]["ratios"]:
        # The alternative that the findings rule out least: what the statement is worth.
        least = min(found[0]["ratios"], key=lambda ratio: float(ratio["log10"]))
        log10, other = float(least["log10"]), alternative(view, least["alternative"])
        if known(view, log10):
            key = "one.ratio" if log10 >= 0 else "one.ratio.less"
            yield Para(say.rich(key, times=figured(say, abs(log10)), other=other, support=worded(say, log10)))
        else:
            yield Para(say.rich("one.ratio.coarse", other=other))
    if attribution["copies"] and attribution["outcome"] != "copy":
        yield _copies(view, attribution)
    if withheld:
        yield Para(say("one.because" if found else "one.why"))
        yield Items(withheld)


def _copies(view: View, attribution: Mapping[str, Any]) -> Block:
    """Known copies speak for an account that is named, too: somebody else may have read one."""
    copies = attribution["copies"]
    told = joined(Code(copy["name"]) for copy in copies[:_NAMES])
    more = (" ", view.say("more", count=len(copies) - _NAMES)) if len(copies) > _NAMES else ()
    return Para(view.say.rich("one.copies", copies=(*told, *more)))


def _outcomes(view: View) -> Iterator[Block]:
    say, trace = view.say, view.trace
    if not trace.pieces:
        found = joined(Code(name) for name in dict.fromkeys(table.register for table in trace.tables))
        few = trace.few_to_say
        nothing = say("one.few", rows=few) if few else say("one.nothing")
        yield Para(say.rich("one.undated", registers=found) if trace.tables else nothing, "lead")
        return
    by_piece = {attribution["piece"]: attribution for attribution in trace.attributions}
    for at, piece in enumerate(trace.pieces[:_PIECES]):
        what = say.rich("one.what", rows=view.count(piece["rows"]), register=Code(piece["register"]))
        yield Para((say("one.piece", piece=at + 1), ": ", *runs(what)), "quiet")
        attribution = by_piece.get(at)
        if attribution is None:
            yield Para(say("one.unattributed"))
            continue
        yield from verdict(view, attribution)
    if len(trace.pieces) > _PIECES:
        yield Para(say("more", count=len(trace.pieces) - _PIECES), "quiet")


def _windows(view: View) -> Iterator[Block]:
    say, pieces = view.say, view.trace.pieces
    if not pieces:
        return
    rows: list[tuple[Text, ...]] = []
    for at, piece in enumerate(pieces[:_PIECES]):
        rows.append((str(at + 1), _window(view, piece["window"]), reference(view, piece)))
    level = say.percent(pieces[0]["window"]["level"])
    head = (say("piece"), say("one.window", level=level), say("one.reference"))
    yield Heading(3, say("one.when"))
    yield Table(head, tuple(rows), widths=(0.5, 3, 1.6))
    if any(piece["reference"] for piece in pieces):
        yield Para(say("one.notthesame"), "quiet")


def _window(view: View, window: Mapping[str, Any]) -> str:
    """The region in words; of several spans the first and last are told together with their number."""
    say, told = view.say, spans(window)
    if not told:
        return say("unknown")
    last = None if window["open_end"] else told[-1][1]
    whole = say.span(told[0][0], last)
    return whole if len(told) == 1 else f"{whole} ({len(told)})"


def reference(view: View, piece: Mapping[str, Any]) -> Text:
    """The periods that the data tells of."""
    period = piece["reference"]
    if not period:
        return view.say("one.reference.none")
    return Code(period[0] if period[0] == period[1] else f"{period[0]} – {period[1]}")


def _persons(view: View) -> Iterator[Block]:
    say, persons = view.say, view.trace.persons
    if not persons:
        return
    rows: list[tuple[Text, ...]] = []
    for register, counts in persons.items():
        rows.append((Code(register), *(view.count(counts.get(key, 0)) for key in ("certain", "probable", "ambiguous"))))
    head = (say("register"), say("one.certain"), say("one.probable"), say("one.ambiguous"))
    yield Heading(3, say("one.persons"))
    yield Table(head, tuple(rows[:_NAMES]), widths=(2, 1, 1, 1.4), numbers=frozenset({1, 2, 3}))


def _severity(view: View) -> Iterator[Block]:
    say, found = view.say, view.trace.assessment
    if not found:
        yield Para(say("one.severity.none"))
        return
    level = say(f"level.{found['level']}")
    yield Para(say("one.severity", score=say.decimal(found["score"], 2), level=level))


def _rests(view: View) -> Iterator[Text]:
    say, trace = view.say, view.trace
    names = Code(", ".join(used.name for used in trace.registers))
    count = len(trace.pieces)
    if not count:
        yield say.rich("one.rests.compared", rows=sum(one.rows for one in trace.inputs), registers=names)
        return
    pieces = say("one.pieces.1") if count == 1 else say("one.pieces.n", count=count)
    yield say.rich("one.rests.rows", rows=sum(one.rows for one in trace.inputs), registers=names, pieces=pieces)
    for attribution in trace.attributions[:_PIECES]:
        yield say.rich(
            "one.rests.reads",
            reads=attribution["reads"],
            covered=say.percent(attribution["covered"]),
            piece=attribution["piece"] + 1,
        )
    if trace.earlier:
        yield say("one.rests.earlier", count=len(trace.earlier))
    valid = [attribution["margin"] for attribution in trace.attributions if attribution["margin"]["runs"]]
    if valid:
        yield say.rich("one.rests.margin", runs=min(margin["runs"] for margin in valid))


def _defects(view: View) -> tuple[Block, ...]:
    found = defects(view)
    if not found:
        return (Para(view.say("one.defects.none")),)
    more = (view.say("more", count=len(found) - _DEFECTS),) if len(found) > _DEFECTS else ()
    return (Items((*found[:_DEFECTS], *more)),)


def _accounts(view: View, found: list[Any]) -> Text:
    names = list(dict.fromkeys(candidate["account"] for candidate in found))
    told = joined(view.account(name) for name in names[:_NAMES])
    return (*told, " ", view.say("more", count=len(names) - _NAMES)) if len(names) > _NAMES else told
